"""Prometheus text, read for a few metric names only.

`prometheus_client.parser` takes 13 ms for the 50 kB that vLLM sends; a page of 100 kB must take less than 2 ms,
since every probe reads one. Format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from .errors import BadAnswer, Cause
from .visit import Visit, check

METRICS_BYTES = 16 * 1024 * 1024
"""Bytes read of a page: vLLM sends 54 kB for each of its engines (data-parallel ranks), and there may be hundreds."""

MOST_LINES = 400_000
MOST_SAMPLES = 20_000
"""On one page, all of them and those read. 64 vLLM engines have 42,000 lines, of which 1,200 are read."""

# A name begins where no name goes on: trying every character of a long one as a beginning would take minutes.
_LABEL = re.compile(r'(?<![a-zA-Z0-9_])([a-zA-Z_][a-zA-Z0-9_]*)="([^"\\]*(?:\\.[^"\\]*)*)"')
_ESCAPE = re.compile(r"\\(.)")


class Sample(NamedTuple):
    """One line: the value of a metric for one set of labels; None when it is no finite number."""

    labels: dict[str, str]
    value: float | None


class Page:
    """The samples of `names` on one page. A name that is not there is unknown, not zero.

    Raises BadAnswer (TOO_LARGE) for a page that would take seconds to read.
    """

    def __init__(self, page: str, names: Iterable[str]) -> None:
        self._samples: dict[str, list[Sample]] = {name: [] for name in names}
        fits = len(page) <= MOST_LINES or page.count("\n") <= MOST_LINES
        wanted = _lines_of(tuple(self._samples)).findall("\n" + page) if fits else []
        if not fits or len(wanted) > MOST_SAMPLES:
            limits = f"{MOST_LINES:,} lines, or {MOST_SAMPLES:,} of the metrics that are read"
            raise BadAnswer(Cause.TOO_LARGE, f"The page of metrics has more than {limits}.")
        for name, labels, after in wanted:
            self._samples[name].append(Sample(_labels(labels), _number(after)))

    def samples(self, aliases: Sequence[str]) -> list[Sample]:
        """The samples of the first of these names that the page has: one figure, renamed over the releases."""
        return next((self._samples[name] for name in aliases if self._samples[name]), [])

    def total(self, aliases: Sequence[str], copies: Collection[str] = ()) -> float | None:
        """The sum over all sets of labels; None when there is none, or one of them is no number.

        Sets that differ in the labels `copies` only are one figure that several processes give: the highest counts.
        """
        samples = self.samples(aliases)
        if len(samples) == 1:  # as most figures have
            return samples[0].value
        highest: dict[frozenset[tuple[str, str]], float] = {}
        for sample in samples:
            if sample.value is None:
                return None
            own = frozenset(label for label in sample.labels.items() if label[0] not in copies)
            highest[own] = max(sample.value, highest.get(own, sample.value))
        return math.fsum(highest.values()) if highest else None

    def count(self, aliases: Sequence[str], copies: Collection[str] = ()) -> int | None:
        """`total` as a whole number; None also when it is negative or beyond what a database keeps."""
        return _whole(self.total(aliases, copies))

    def counts(self, aliases: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The `count` of each figure, by the fields of a Load."""
        return {field: self.count(names) for field, names in aliases.items()}

    def counts_by(self, label: str, aliases: Sequence[str]) -> dict[str, int]:
        """The sums for each value of `label`; those that are no number are left out."""
        parts: dict[str, list[float | None]] = {}
        for sample in self.samples(aliases):
            parts.setdefault(sample.labels.get(label, ""), []).append(sample.value)
        sums = {key: None if None in some else _whole(math.fsum(v or 0 for v in some)) for key, some in parts.items()}
        return {key: number for key, number in sums.items() if key and number is not None}

    def highest(self, aliases: Sequence[str]) -> float | None:
        """The largest value of any set of labels; None when there is none, or one of them is no number."""
        values = [sample.value for sample in self.samples(aliases)]
        return max((v for v in values if v is not None), default=None) if None not in values else None


def metrics(visit: Visit, *aliases: Sequence[str]) -> Page:
    """The page at /metrics, read for these names. Raises what get(), check() and Page raise."""
    answer = visit.get("/metrics", max_bytes=METRICS_BYTES)
    check(answer, "GET /metrics")
    return Page(answer.text, chain(*aliases))


@cache
def _lines_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """Finds (name, labels, what follows them) of the lines with these names, each after a line feed.

    Nine in ten lines are others, such as those of histograms.
    """
    return re.compile(rf"\n({_one_of(names)})(?![a-zA-Z0-9_:])[ \t]*(?:{{([^\n]*)}})?[ \t]*([^\n]*)")


def _one_of(names: Collection[str]) -> str:
    """An expression for these names that tries each character once; a list of them would be tried name by name."""
    rests: dict[str, list[str]] = {}
    for name in filter(None, names):
        rests.setdefault(name[0], []).append(name[1:])
    branches = "|".join(re.escape(first) + _one_of(rest) for first, rest in rests.items())
    return f"(?:{branches}){'?' if '' in names else ''}"


def _labels(inside: str) -> dict[str, str]:
    found = dict(_LABEL.findall(inside))
    return {name: _ESCAPE.sub(r"\1", value) for name, value in found.items()} if "\\" in inside else found


def _number(after: str) -> float | None:
    """The value; a timestamp may follow it."""
    try:
        value = float(after.partition(" ")[0])
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(value: float | None) -> int | None:
    return int(value) if value is not None and 0 <= value < 2**63 else None
