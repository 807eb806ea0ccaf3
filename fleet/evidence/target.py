"""A service target, and how many requests met it."""

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
        waits = [(_seconds(edge, 1000), number) for edge, number in bins(found.total, "wait")]
        waits[0] = (waits[0][0], waits[0][1] + found.total.get("unused", 0))
        waits[-1] = (waits[-1][0], waits[-1][1] + found.total.get("refused", 0))
        return (
            [_met("first token", waits, target.first_token)] if target.first_token and any(n for _, n in waits) else []
        )
    parts = (
        ("first token", "ttft", target.first_token),
        ("between tokens", "itl", target.between_tokens),
        ("whole answer", "e2e", target.whole),
    )
    judged = []
    for words, name, limit in parts:
        buckets = [(_seconds(edge, 1), number) for edge, number in found.histogram(name)]
        if limit and any(number for _, number in buckets):
            judged.append(_met(words, buckets, limit))
    return judged


def _met(part: str, buckets: list[tuple[float, int]], limit: float) -> Met:
    total, lower, least, most = sum(number for _, number in buckets), 0.0, 0, 0
    for edge, number in buckets:
        least += number if edge <= limit else 0
        most += number if lower < limit else 0
        lower = edge
    return Met(part, 100 * least / total, 100 * most / total, total)


def _seconds(edge: str, divisor: float) -> float:
    return float(edge) / divisor
