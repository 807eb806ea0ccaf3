"""The thresholds of load verdicts, each with what it rests on. A team may set others."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self, cast


class Support(StrEnum):
    """What a threshold rests on."""

    PROVEN = "proven"  # measured on a real Ollama 0.9.3 or vLLM 0.32 on CPU, November 2026
    DOCUMENTED = "documented"  # by the engine's makers or another vendor
    PUBLISHED = "published"  # by people who run such servers
    SOURCE = "source"  # read from the engine's source
    OURS = "ours"  # and not yet tried on a real week


@dataclass(frozen=True, slots=True)
class Rule:
    """What one threshold is about."""

    words: str
    unit: str
    support: Support


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers; RULES says what each is."""

    window_days: int = 7
    least_days: int = 3
    least_samples: int = 200
    waited_fine: float = 5
    wait_fine: float = 0.5
    waited_much: float = 20
    wait_long: float = 2.0
    days_of_waiting: int = 3
    reloads: int = 3
    swaps: int = 3
    refused: int = 3
    slowed: float = 20
    saturated_quarters: int = 4
    queue_long: float = 1.0
    kv_waiting: float = 50
    preempted: float = 10
    at_cap: float = 80
    idle_running: int = 2
    idle_kv: float = 10
    idle_flow: float = 0.5
    idle_hours: float = 5
    spare_hours: float = 30
    burst: int = 8
    prefix_share: float = 50

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """The defaults with a team's own numbers; names that are not known here are left out."""
        known = {each.name for each in fields(cls)}
        return replace(cls(), **{name: value for name, value in stored.items() if name in known})


P, D, F, O = Support.PROVEN, Support.DOCUMENTED, Support.PUBLISHED, Support.OURS  # noqa: E741

RULES = {
    "window_days": Rule("length of the window that is judged", "days", O),
    "least_days": Rule("days with probes, at least", "days", O),
    "least_samples": Rule("samples, at least: the 95th percentile of 200 lies between the 92nd and the 98th", "", P),
    "waited_fine": Rule("requests that waited for a slot, at most, where all is fine", "%", O),
    "wait_fine": Rule("95th percentile of their wait, at most, where all is fine", "s", O),
    "waited_much": Rule("requests that waited for a slot, from which on it is too many", "%", O),
    "wait_long": Rule("95th percentile of their wait, above which it is too long", "s", O),
    "days_of_waiting": Rule("days on which so many waited for so long", "days", O),
    "reloads": Rule("times in one hour that a model in memory is loaded again: probes see about half of them", "", P),
    "swaps": Rule("times in one hour that a model leaves the memory before its time and comes back", "", F),
    "refused": Rule("refusals (HTTP 503) in one hour", "", P),
    "slowed": Rule("canaries whose prompt took three times its idle time", "%", P),
    "saturated_quarters": Rule("quarters of an hour in which 5 or more waited in 80 % of the probes", "", D),
    "queue_long": Rule("95th percentile of the time in the queue, above which it is too long", "s", D),
    "kv_waiting": Rule("probes with requests waiting that found the KV cache full", "%", P),
    "preempted": Rule("preemptions in 1,000 requests", "", P),
    "at_cap": Rule("probes with requests waiting that found the same highest number running", "%", P),
    "idle_running": Rule("99th percentile of requests under way, at most, where vLLM is more than needed", "", F),
    "idle_kv": Rule("95th percentile of the KV cache in use, below it", "%", F),
    "idle_flow": Rule("mean of requests in flight by Little's law, below it", "", O),
    "idle_hours": Rule(
        "hours with work, below it. The average of 23,000 clusters is near 5 %, a usual target is 30 %", "%", F
    ),
    "spare_hours": Rule("hours with work, up to which there is room to spare", "%", F),
    "burst": Rule("requests at once that justify vLLM though it is idle mostly", "", D),
    "prefix_share": Rule("prompt tokens taken from the prefix cache that justify it", "%", D),
}
"""Name -> what it is about."""


def rule(name: str) -> tuple[Rule, float]:
    """One threshold's rule and its default."""
    return RULES[name], cast(float, getattr(Thresholds(), name))
