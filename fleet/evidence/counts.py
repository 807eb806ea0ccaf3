"""The counts of one hour of one model: how they are named, added up, and packed into some 225 bytes.

Counts are a dict from a name to a whole number above zero; what is missing is zero, and whether anything was measured
at all is said by the number of probes, canaries or scrapes beside it. A bin of a distribution is a count as well:
"running.3" is how many probes found a number of requests within the fourth of RUNNING's bins.
"""

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate, chain, pairwise
from typing import Final

from ..engines.reading import BUCKETS

Counts = dict[str, int]

REQUESTS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512)
SHARE = (2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
MILLISECONDS = (3, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000)
BINS: Final[Mapping[str, Sequence[int]]] = {
    "running": REQUESTS,
    "queued": REQUESTS,
    "kv": SHARE,  # per cent of the KV cache
    "wait": MILLISECONDS,  # of a canary for a slot
    "prompt": MILLISECONDS,  # of a canary's prompt evaluation
}
"""Distribution -> the highest value of each bin. One more bin has all above."""

HISTOGRAMS = ("ttft", "itl", "queue", "e2e")
"""Of the engine itself, by buckets of its own: time to first token, between tokens, in the queue, end to end."""

_SUMS = (
    "probes",  # that count
    "excluded",  # in maintenance, or while the monitor was blind
    "gauges",  # that had the number of requests under way
    "at_work",  # that found at least one under way
    "waiting",  # that found at least one waiting for capacity
    "kv_full",  # of those, with 95 % or more of the KV cache in use
    "quarters",  # quarters of an hour with enough probes
    "saturated",  # of those, with 5 or more waiting in 80 % of the probes
    "used",  # probes since the last of which Ollama's expires_at moved forward
    "reloads",  # a model in memory was loaded again
    "flips",  # of these, with another context or size
    "swaps",  # a model was gone before its time and came back
    "cold_loads",  # a model was loaded that was not in memory
    "spilled",  # probes that found a part of the model outside the GPU's memory
    "canaries",  # that showed a wait, or that there was none
    "waited",  # canaries that waited for a slot
    "scheduler",  # canaries that waited for another model's load
    "slowed",  # canaries whose prompt took three times as long as when idle
    "caused_load",  # canaries that made Ollama load the model again
    "refused",  # canaries answered 503
    "unused",  # canaries not sent, since nobody had used the model: it was idle
    "scrapes",  # pairs of two readings of the engine's counters
    "seconds",  # between these
    "requests",  # finished
    "aborted",
    "preempted",
    "rejected",
    "prompt_tokens",
    "generation_tokens",
    "cached_tokens",
    "queried_tokens",
    "running_sum",  # of requests under way, over the probes
    "queued_sum",
)
_HIGHEST = ("running_max", "queued_max", "slots", "teams")  # teams: that asked a gateway within one hour
_AT_MAX = ("waiting_max", "at_max")
"""The most requests under way while others waited, and how many probes found just as many."""

_BINS = {name: len(edges) + 1 for name, edges in BINS.items()} | dict.fromkeys(HISTOGRAMS, BUCKETS + 1)
_OF = {name: [f"{name}.{n}" for n in range(number)] for name, number in _BINS.items()}
"""Distribution -> the names of its bins."""

_NAMES = (*_SUMS, *_HIGHEST, *_AT_MAX, *chain.from_iterable(_OF.values()))
"""In the order in which they are packed. New ones go to the end: stored rows are read by it."""

_WIDTHS = (("B", 2**8 - 1), ("H", 2**16 - 1), ("I", 2**32 - 1), ("Q", 2**64 - 1))
"""Of struct: its letter, and the highest number that it takes."""

_HEAD = struct.Struct("<BBH")

_PLACE = {name: place for place, name in enumerate(_NAMES)}


def add(counts: Counts, name: str, number: int = 1) -> None:
    """Adds to one count."""
    counts[name] = counts.get(name, 0) + number


def add_value(counts: Counts, name: str, value: float) -> None:
    """Adds one value to a distribution of BINS."""
    add(counts, f"{name}.{bisect_left(BINS[name], value)}")


def merged(several: Iterable[Counts]) -> Counts:
    """The counts of several hours as those of one stretch. Their order does not matter."""
    several, numbers = list(several), defaultdict[str, list[int]](list)
    for counts in several:
        for name, number in counts.items():
            numbers[name].append(number)
    found = {name: sum(each) for name, each in numbers.items()}
    found |= {name: max(numbers[name]) for name in _HIGHEST if name in found}
    if most := found.get("waiting_max"):
        most = found["waiting_max"] = max(counts.get("waiting_max", 0) for counts in several)
        found["at_max"] = sum(counts.get("at_max", 0) for counts in several if counts.get("waiting_max") == most)
    return found


def distribution(counts: Counts, name: str, bins: int | None = None) -> list[int]:
    """How many values lie in each bin of BINS or bucket of HISTOGRAMS; in the first `bins` of them, where given."""
    return [counts.get(each, 0) for each in _OF[name][:bins]]


def pack(counts: Counts) -> bytes:
    """Sparse, and in groups of numbers of equal width, which Python reads by the group. What only another version
    counts is left out. Raises TypeError for what is no number.

    A group has its width, how many numbers there are, the place of the first, the gaps to the others, and the numbers.
    """
    packed, group = b"", list[tuple[int, int]]()
    most = _WIDTHS[-1][1]
    known = ((_PLACE[name], min(number, most)) for name, number in counts.items() if number > 0 and name in _PLACE)
    found = sorted((_width(number), place, number) for place, number in known)
    for this, following in pairwise([*found, None]):
        assert this is not None
        width, place, number = this
        group.append((place, number))
        if following is None or following[0] != width or following[1] - place > 255 or len(group) == 255:
            places, numbers = zip(*group, strict=True)
            gaps = [b - a for a, b in pairwise(places)]
            packed += _HEAD.pack(width, len(group), places[0]) + bytes(gaps)
            packed += _struct(width, len(group)).pack(*numbers)
            group = []
    return packed


def unpack(packed: bytes) -> Counts:
    """The inverse of `pack`. Raises ValueError for what it can't have written."""
    counts: Counts = {}
    at, end = 0, len(packed)
    try:
        while at < end:
            width, number, first = _HEAD.unpack_from(packed, at)
            after = at + _HEAD.size + number - 1
            places = accumulate(packed[at + _HEAD.size : after], initial=first)
            numbers = _struct(width, number).unpack_from(packed, after)
            for place, value in zip(places, numbers, strict=True):
                counts[_NAMES[place]] = value
            at = after + (number << width)
    except (struct.error, IndexError) as error:
        raise ValueError(f"The counts of an hour can't be read: {error}") from None
    return counts


@cache
def _struct(width: int, number: int) -> struct.Struct:
    return struct.Struct(f"<{number}{_WIDTHS[width][0]}")


def _width(number: int) -> int:
    return next(n for n, (_, highest) in enumerate(_WIDTHS) if number <= highest)
