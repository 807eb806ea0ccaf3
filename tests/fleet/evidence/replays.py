"""Weeks made of what real engines showed for a minute: bench.load_proof recorded it, a fast clock plays it.

Each hour repeats the recorded minute as an endpoint's probes would have met it: a probe every 15 s, a canary and the
engine's counters every five minutes, the counters at the recorded rate. Nothing is stretched, so a wait is as it was.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from fleet.engines.errors import Cause
from fleet.engines.reading import Canary, Counted, Facts, Failure, Model, Reading
from fleet.engines.reading_json import load_from_json, model_from_json
from fleet.evidence.collect import Collecting, Hour, collect
from fleet.evidence.window import Row

from .weeks import MONDAY, WEEK

SAMPLES = Path(__file__).parent / "recordings"
PROBES, SELDOM, HOUR = 15, 300, 3600
"""Seconds between two probes, and between two canaries and two readings of the counters."""

TURNS = 5
"""Hours of each recording."""


@dataclass(frozen=True)
class Recording:
    """What bench.load_proof wrote."""

    head: dict[str, Any]
    readings: tuple[Reading, ...]

    @classmethod
    def named(cls, name: str) -> "Recording":
        """That of a file without its ending."""
        with gzip.open(SAMPLES / f"{name}.jsonl.gz", "rt") as file:
            head, *lines = map(json.loads, file)
        return cls(head, tuple(map(_reading, lines)))

    def at(self, moment: float) -> Reading:
        """The newest reading of that moment of the repeated minute, as if it were made now."""
        first, last = self.readings[0].at, self.readings[-1].at
        phase = first + (moment - first) % (last - first)
        found = max((each for each in self.readings if each.at <= phase), key=lambda each: each.at)
        models = (replace(each, expires_at=_later(each, moment - found.at)) for each in found.facts.models)
        return replace(found, at=moment, facts=Facts(models=tuple(models)), canary=None, counted=())

    def canaries(self) -> list[Canary]:
        """All that were asked."""
        return [each.canary for each in self.readings if each.canary]

    def gained(self) -> list[tuple[Counted, Counted]]:
        """The counters at the recording's beginning and at its end."""
        return list(zip(self.readings[0].counted, self.readings[-1].counted, strict=True))


def _reading(line: dict[str, Any]) -> Reading:
    canary, models = line.get("canary"), tuple(map(model_from_json, line["models"]))
    if canary and canary["failure"]:
        failure = canary["failure"]
        canary = {**canary, "failure": Failure(Cause(failure["cause"]), failure["step"], failure["detail"])}
    return Reading(
        line["at"],
        facts=Facts(models=models),
        load=load_from_json(line["load"]),
        canary=Canary(**{**canary, "measures": True}) if canary else None,
        counted=tuple(Counted.from_json(each["model"], each) for each in line.get("counted", ())),
    )


def _later(model: Model, seconds: float) -> str | None:
    return datetime.fromtimestamp(model.expiry + seconds, UTC).isoformat() if model.expiry else model.expires_at


class Player:
    """One endpoint whose probes meet one recording after the other."""

    def __init__(self) -> None:
        self.so_far, self.before, self.asked = Collecting(), Facts(), 0
        self.counted: dict[str, Counted] = {}

    def hour(self, recording: Recording, start: int) -> list[Hour]:
        """An hour of it; the hours that are over by then."""
        over = []
        for moment in range(start, start + HOUR, PROBES):
            reading, canaries = recording.at(moment), recording.canaries()
            if moment % SELDOM == 0:
                reading = replace(reading, counted=tuple(self._count(recording)))
                if canaries:
                    reading = replace(reading, canary=canaries[self.asked % len(canaries)])
                    self.asked += 1
            over += collect(self.so_far, self.before, reading, excluded=False)
            self.before = reading.facts
        return over

    def _count(self, recording: Recording) -> Iterator[Counted]:
        share = SELDOM / (recording.readings[-1].at - recording.readings[0].at)
        for first, last in recording.gained():
            old = self.counted.get(last.model, last)
            counts = {
                name: old.counts[name] + share * (value - first.counts[name]) for name, value in last.counts.items()
            }
            histograms = {
                name: {
                    le: old.histograms[name][le] + share * (n - first.histograms[name][le]) for le, n in each.items()
                }
                for name, each in last.histograms.items()
            }
            self.counted[last.model] = replace(last, counts=counts, histograms=histograms)
            yield self.counted[last.model]


def played(name: Callable[[int], str], began: int = MONDAY) -> list[Row]:
    """Seven days from Monday on; `name` says which recording an hour (its start) is made of.

    TURNS hours of each are played, which take all of its canaries, and repeated as often as the week needs.
    """
    starts = range(began, began + WEEK, HOUR)
    names = list(dict.fromkeys(map(name, starts)))
    plan, player = [each for each in names for _ in range(TURNS)], Player()
    over = [hour for n, each in enumerate([*plan, plan[0]]) for hour in player.hour(Recording.named(each), n * HOUR)]
    turns = {each: cycle(range(n * TURNS, (n + 1) * TURNS)) for n, each in enumerate(names)}
    return [row for start in starts for row in _rows(over, next(turns[name(start)]) * HOUR, start)]


def _rows(over: Iterable[Hour], played: int, start: int) -> Iterator[Row]:
    for hour in over:
        if hour.start == played:
            yield Row(start, hour.model, hour.counts, {name: tuple(each) for name, each in hour.edges.items()})
