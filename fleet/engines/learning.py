"""The facts of one probe in the making: what is known from earlier ones, with new answers put over it."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from .http.answer import Answer
from .lenient import mapping, texts
from .reading import Backend, Counted, Facts, Load, Model
from .visit import Visit, check

OFF = (400, 404, 405, 501)
"""What a route answers that is switched off, or that needs more than a probe can give: llama.cpp's router a model."""

OFF_FOR = 3600.0
"""Seconds until such a route is asked again."""


class Learned:
    """Starts from `visit.known`, unless that was learned from another engine at the same address.

    How hard the server works (`load`) and what is behind a gateway (`behind`) are learned afresh in every probe.
    """

    def __init__(self, visit: Visit, engine: str, questions: Collection[str]) -> None:
        """`questions`: what the engine is asked besides its health. What is known about others is dropped."""
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
        self.metrics: str | None = None  # the page of metrics, where this probe read one
        self.counted: tuple[Counted, ...] = ()
        self.running: list[dict[str, Any]] | None = None  # Ollama's loaded models, as it lists them
        self._asked = dict(known.asked)
        kept = {"health", *questions}
        warnings, unanswered = (mapping(self.memory.pop(name, None)) for name in ("warnings", "unanswered"))
        self._warnings: dict[str, list[str]] = {about: each for about, each in warnings.items() if about in kept}
        self._unanswered: dict[str, Any] = {about: each for about, each in unanswered.items() if about in kept}

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

    def optional(self, path: str, **options: Any) -> Answer | None:
        """What GET `path` answers, a route that may be switched off; None where it is, which is asked once an hour.

        Raises what Visit.get() raises, and what check() does of any other refusal.
        """
        off = set(texts(self.memory.get("off")))
        if path in off and not self.due(path, OFF_FOR):
            return None
        answer = self._visit.get(path, **options)
        self.answered(path, OFF_FOR)
        is_off = answer.status in OFF
        self.memory["off"] = sorted(off | {path} if is_off else off - {path})
        if is_off:
            return None
        check(answer, f"GET {path}")
        return answer

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
