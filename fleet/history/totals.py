"""Adding up what probes found: a minute's probes to a minute, minutes to an hour, hours to a day. Pure.

Adding up never loses anything that is added up later: an hour is the same whether it comes from its probes or from
its minutes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..verdict.status import Status

FIGURES = ("latency_ms", "running", "waiting", "kv_cache_usage", "busy", "canary_ms")
"""The figures of a probe; busy counts as 0 or 1."""

RANK = tuple(status.value for status in reversed(Status) if status is not Status.PAUSED)  # no probe finds that
"""Statuses, the most urgent last: the worst one of a span speaks for it."""

SECONDS = "seconds"
"""The figure that says how much time the probes stand for, those that do not count included. "seconds down" is the
part of those that found it down, "seconds blind" of those that are left out as such, and so on."""

LATE = 1.5
"""A probe that comes within so many intervals after the one before stands for all of the time between them."""

MINUTE, HOUR, DAY = "minute", "hour", "day"  # Rollup.Span
WIDTH = {MINUTE: 60, HOUR: 3600, DAY: 86_400}  # seconds


@dataclass(slots=True)
class Total:
    """The probes of one stretch of time, added up."""

    counts: dict[str, int] = field(default_factory=dict)  # status -> probes that count
    excluded: dict[str, int] = field(default_factory=dict)  # "maintenance" or "blind" -> probes that do not
    sums: dict[str, list[float]] = field(default_factory=dict)  # figure -> [how many, sum, lowest, highest]

    @property
    def probes(self) -> int:
        """All of them, the excluded ones too."""
        return sum(self.counts.values()) + sum(self.excluded.values())

    @property
    def seconds(self) -> float:
        """The time that the probes stand for."""
        return self.sums[SECONDS][1] if SECONDS in self.sums else 0.0

    def seconds_of(self, what: str) -> float:
        """The time of the probes that found this status, or were left out for this reason."""
        if (exact := self.sums.get(f"{SECONDS} {what}")) is not None:
            return exact[1]
        # Rows from before each status had its own time: every probe stands for the same.
        return self.seconds * (self.counts | self.excluded).get(what, 0) / max(self.probes, 1)

    @property
    def worst(self) -> str:
        """The most urgent status; "unknown" where no probe counts."""
        return max(self.counts, key=_rank, default=RANK[0])


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one endpoint's history, added up."""

    endpoint_id: int
    start: int  # unix seconds
    total: Total


def stands_for(since_last: float | None, interval: int) -> float:
    """The seconds of the history that a probe accounts for: those since the last one (None where there is none), as far
    as `interval` (seconds) explains them, else the interval.

    So the probes that confirm a failure add up to the time that passed, however they fall into minutes.
    """
    return interval if since_last is None or since_last > LATE * interval else since_last


def left_out(since_last: float, interval: int, excluded: str) -> tuple[float, float]:
    """Of the seconds since the last probe those that do not count: (in maintenance, without a probe that counts).

    `excluded` is why this probe does not count: "maintenance", "blind", or "" where it does.
    """
    stands = stands_for(since_last, interval)
    gap = since_last - stands
    if excluded == "maintenance":
        return stands, gap
    return 0.0, since_last if excluded else gap


def total_of(probes: Iterable[Sequence]) -> Total:
    """The total of the probes of one minute, each (seconds it stands for, status, excluded, *FIGURES)."""
    total = Total()
    for seconds, status, excluded, *figures in probes:
        for name in (SECONDS, f"{SECONDS} {excluded or status}"):
            _put(total.sums, name, 1, seconds, seconds, seconds)
        if excluded:
            total.excluded[excluded] = total.excluded.get(excluded, 0) + 1
            continue
        total.counts[status] = total.counts.get(status, 0) + 1
        for name, value in zip(FIGURES, figures, strict=True):
            if value is not None:
                _put(total.sums, name, 1, value, value, value)
    return _rounded(total)


def add_up(parts: Iterable[Total]) -> Total:
    total = Total()
    for part in parts:
        for status, probes in part.counts.items():
            total.counts[status] = total.counts.get(status, 0) + probes
        for why, probes in part.excluded.items():
            total.excluded[why] = total.excluded.get(why, 0) + probes
        for name, (how_many, added, low, high) in part.sums.items():
            _put(total.sums, name, how_many, added, low, high)
        for what, probes in (part.counts | part.excluded).items():
            if probes and SECONDS in part.sums and (name := f"{SECONDS} {what}") not in part.sums:
                each = part.seconds / part.probes
                _put(total.sums, name, probes, part.seconds_of(what), each, each)
    return _rounded(total)


def coarser(parts: Iterable[Part], width: int) -> list[Part]:
    """Parts, in order by endpoint and time, added up to spans of `width` seconds."""
    found = groupby(parts, key=lambda part: (part.endpoint_id, part.start // width))
    return [Part(pk, number * width, add_up(part.total for part in group)) for (pk, number), group in found]


def _put(sums: dict[str, list[float]], name: str, how_many: float, added: float, low: float, high: float) -> None:
    known = sums.get(name)
    if known is None:
        sums[name] = [how_many, added + 0, low + 0, high + 0]  # + 0: False and True become numbers
        return
    known[0] += how_many
    known[1] += added
    if low < known[2]:
        known[2] = low + 0
    if high > known[3]:
        known[3] = high + 0


def _rounded(total: Total) -> Total:
    # Sums of floats grow long tails of digits, which cost room in each row.
    for numbers in total.sums.values():
        numbers[1] = round(numbers[1], 4)
    return total


def _rank(status: str) -> int:
    return RANK.index(status) if status in RANK else 0
