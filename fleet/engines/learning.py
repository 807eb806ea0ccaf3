"""The facts of one probe in the making: what is known from earlier ones, with new answers put over it."""

from collections.abc import Sequence
from typing import Any

from .reading import Facts, Model
from .visit import Visit


class Learned:
    """Starts from `visit.known`, unless that was learned from another engine at the same address."""

    def __init__(self, visit: Visit, engine: str) -> None:
        self._now = visit.now
        self._visit = visit
        self._anew = visit.known.memory.get("engine") != engine
        known = Facts() if self._anew else visit.known
        self.version: str | None = known.version
        self.models: tuple[Model, ...] = known.models
        self.api: dict[str, str] = dict(known.api)
        self.memory: dict[str, Any] = {**known.memory, "engine": engine}
        self._asked = dict(known.asked)
        self._warnings: dict[str, list[str]] = dict(known.memory.get("warnings", {}))

    def due(self, question: str, every: float) -> bool:
        """Like Visit.due, with `every` in seconds; everything is due at an engine we see for the first time."""
        return self._anew or self._visit.due(question, every)

    def answered(self, question: str, warnings: Sequence[str] = ()) -> None:
        """Notes that `question` was answered now; `warnings` replace those of its last answer."""
        self._asked[question] = self._now
        self._warnings[question] = list(warnings)

    def facts(self) -> Facts:
        """What is known after this probe."""
        told = {question: sentences for question, sentences in self._warnings.items() if sentences}
        memory = {key: value for key, value in self.memory.items() if key != "warnings"}
        return Facts(
            version=self.version,
            models=self.models,
            api=self.api,
            warnings=tuple(sentence for sentences in told.values() for sentence in sentences),
            asked=self._asked,
            memory={**memory, "warnings": told} if told else memory,
        )
