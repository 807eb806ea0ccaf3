"""The facts of one probe in the making: what is known from earlier ones, with new answers put over it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .lenient import mapping
from .reading import Backend, Facts, Load, Model
from .visit import Visit


class Learned:
    """Starts from `visit.known`, unless that was learned from another engine at the same address.

    How hard the server works (`load`) and what is behind a gateway (`behind`) are learned afresh in every probe.
    """

    def __init__(self, visit: Visit, engine: str) -> None:
        self.now = visit.now
        self._visit = visit
        self._new = visit.known.memory.get("engine") != engine
        known = Facts() if self._new else visit.known
        self.version: str | None = known.version
        self.product: str | None = known.product
        self.models: tuple[Model, ...] = known.models
        self.api: dict[str, str] = dict(known.api)
        self.memory: dict[str, Any] = {**known.memory, "engine": engine}
        self.load = Load()
        self.behind: tuple[Backend, ...] = ()
        self.running: list[dict[str, Any]] | None = None  # Ollama's loaded models, as it lists them
        self._asked = dict(known.asked)
        self._warnings: dict[str, list[str]] = dict(mapping(self.memory.pop("warnings", None)))
        self._unanswered: dict[str, Any] = dict(mapping(self.memory.pop("unanswered", None)))

    def due(self, question: str, every: float) -> bool:
        """Like Visit.due, with `every` in seconds; everything is due at an engine we see for the first time."""
        return self._new or self._visit.due(question, every)

    def waits(self, question: str, seconds: float) -> bool:
        """Whether `question` got no answer within the last so many seconds."""
        tried = mapping(self._unanswered.get(question)).get("at")
        return isinstance(tried, int | float) and 0 <= self.now - tried < seconds

    def answered(self, question: str, every: float = 0) -> None:
        """Notes that `question` was answered now, and when, if it is asked only `every` so many seconds."""
        if every:
            self._asked[question] = self.now
        self._unanswered.pop(question, None)

    def unanswered(self, question: str, why: str, step: str) -> bool:
        """Notes that `question` was asked now and got no good answer; True when it is the first time in a row."""
        first = question not in self._unanswered
        since = self.now if first else mapping(self._unanswered[question]).get("since", self.now)
        self._unanswered[question] = {"since": since, "at": self.now, "why": why, "step": step}
        return first

    def warn(self, about: str, warnings: Sequence[str]) -> None:
        """Sentences for the operator; they replace the earlier ones `about` the same thing."""
        self._warnings[about] = list(warnings)

    def facts(self) -> Facts:
        """What is known after this probe."""
        warnings = {about: sentences for about, sentences in self._warnings.items() if sentences}
        missing = [self._missing(question) for question in self._unanswered]
        kept = {"warnings": warnings, "unanswered": self._unanswered}
        return Facts(
            version=self.version,
            product=self.product,
            models=self.models,
            behind=self.behind,
            api=self.api,
            warnings=(*(sentence for sentences in warnings.values() for sentence in sentences), *missing),
            asked=self._asked,
            memory=self.memory | {name: value for name, value in kept.items() if value},
        )

    def _missing(self, question: str) -> str:
        found = mapping(self._unanswered[question])
        since = datetime.fromtimestamp(found["since"], UTC)
        return f"No answer about {question} since {since:%d %b %H:%M} UTC. {found['why']}"
