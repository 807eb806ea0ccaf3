"""A service target, and how many requests met it."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from .window import Stretch, bins


@dataclass(frozen=True, slots=True)
class Target:
    """What a team promises its callers. None: nothing is promised there."""

    first_token: float | None = None  # seconds
    between_tokens: float | None = None  # seconds
    whole: float | None = None  # seconds
    share: float = 95  # per cent of the requests that must meet it

    @property
    def any(self) -> bool:
        """Whether anything is promised at all."""
        return any((self.first_token, self.between_tokens, self.whole))

    @property
    def words(self) -> str:
        """What is promised: "first token 2.5 s, between tokens 0.1 s". Empty where nothing is."""
        parts = (
            ("first token", self.first_token),
            ("between tokens", self.between_tokens),
            ("whole answer", self.whole),
        )
        return ", ".join(f"{part} {seconds:g} s" for part, seconds in parts if seconds)


PRESETS = {
    "chat": Target(first_token=2.5, between_tokens=0.1),
    "RAG": Target(first_token=5.0, between_tokens=0.1),
    "agents": Target(first_token=2.5, whole=30.0),
    "batch": Target(whole=300.0),
}
"""Where a team may begin. By what people write of such services; every number can be changed."""


@dataclass(frozen=True, slots=True)
class Met:
    """How many requests met one part of a target."""

    part: str  # "first token", "between tokens", "whole answer"
    least: float  # per cent that met it for certain
    most: float  # per cent that may have met it: the bucket in which the target lies counts in full
    samples: int


def met(found: Stretch, target: Target, canaries: bool) -> list[Met]:
    """The parts of a target that can be judged. `canaries`: by their waits for a slot, as Ollama measures nothing."""
    if canaries:
        waits = bins(found.total, "wait")
        waits[0] = (waits[0][0], waits[0][1] + found.total.get("unused", 0))
        waits[-1] = (waits[-1][0], waits[-1][1] + found.total.get("refused", 0))
        return _met("first token", waits, target.first_token, 1000)
    promised = (
        ("first token", "ttft", target.first_token),
        ("between tokens", "itl", target.between_tokens),
        ("whole answer", "e2e", target.whole),
    )
    return [met for part, name, limit in promised if limit for met in _met(part, found.histogram(name), limit)]


def _met(part: str, buckets: list[tuple[str, int]], limit: float | None, unit: int = 1) -> list[Met]:
    """None where nothing is promised or counted. The buckets' edges have so many `unit`s a second."""
    numbers = [number for _, number in buckets]
    if not limit or not any(numbers):
        return []
    edges, total = [float(edge) / unit for edge, _ in buckets], sum(numbers)
    least, most = sum(numbers[: bisect_right(edges, limit)]), sum(numbers[: bisect_left(edges, limit) + 1])
    return [Met(part, 100 * least / total, 100 * most / total, total)]
