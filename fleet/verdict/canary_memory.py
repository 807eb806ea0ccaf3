"""What is remembered of an endpoint's canaries, and how EndpointState.canary stores it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

DAY = 86_400


@dataclass(frozen=True, slots=True)
class CanaryMemory:
    """The last canary asked, the last one skipped, what they cost, and what limits the next ones.

    The names are those of the stored JSON, except that `ended` and `ended_for` are one object there.
    """

    at: float = 0  # unix seconds of the last one asked; 0: none yet
    model: str = ""
    ms: float | None = None  # milliseconds that it took
    note: str = ""  # why the server refused the question, which says nothing about the engine
    ok: bool | None = None  # None: it says nothing about the engine
    cause: str = ""  # an engines.errors.Cause where it gave no token
    detail: str = ""
    skipped_at: float = 0  # unix seconds of the last one that was not asked; 0: none yet
    why: str = ""  # it was not

    day: int = 0  # days since 1970 (UTC); what they came to on it:
    asked: int = 0
    skipped: int = 0
    tokens: int = 0
    ms_total: float = 0

    paths: dict[str, str] = field(default_factory=dict)  # by model, the route that took its last one
    ended: str = ""  # the model that Ollama loaded again for a canary
    ended_for: tuple[str | None, ...] = ()  # the version and the canary models that this was with
    left: dict[str, str] = field(default_factory=dict)  # by model, Ollama's expires_at as its last one left it; see
    # canary_due. "" until a probe has seen it
    sleeps: bool = False  # llama.cpp was seen asleep: it unloads idle models then

    @property
    def doubted(self) -> bool:
        """Whether the last one failed, so that the next probe confirms it."""
        return self.ok is False

    @property
    def done_at(self) -> float:
        """Unix seconds of the last one, asked or skipped; 0 before the first."""
        return max(self.at, self.skipped_at)

    def has_ended(self, version: str | None, models: Sequence[str]) -> str:
        """The model that was loaded again for a canary, until the version or the canary models change; else ""."""
        return self.ended if self.ended_for == (version, *models) else ""

    def on(self, day: int) -> Self:
        """The same with the sums of that day (days since 1970, UTC): they begin at zero when it is a new one."""
        return self if day == self.day else replace(self, day=day, asked=0, skipped=0, tokens=0, ms_total=0)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """From what this or an earlier version stored: what is missing or null is unknown, other keys are left out."""
        ended = stored.get("ended") or {}
        known = stored | {"ended": ended.get("model"), "ended_for": tuple(ended.get("for", ()))}
        return cls(**{name: known[name] for name in cls.__slots__ if known.get(name) is not None})

    def to_json(self) -> dict[str, Any]:
        """The inverse of `from_json`, without what is unknown."""
        values = ((name, getattr(self, name)) for name in self.__slots__)
        kept = {name: value for name, value in values if value != getattr(NOTHING, name)}
        if self.ended:
            kept["ended"] = {"model": self.ended, "for": list(kept.pop("ended_for", ()))}
        return kept


NOTHING = CanaryMemory()
"""Of an endpoint without canaries."""
