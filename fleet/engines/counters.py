"""What an engine counts itself, off the page of metrics that a probe has read: every five minutes, for each model.

Names come and go over the releases, so each figure has a list of aliases. What a page does not have is left out, and so
is a figure with a value that can be no count.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from .learning import Learned
from .lenient import text
from .prometheus import Page, Sample
from .questions import Question
from .reading import BUCKETS, Counted
from .visit import Visit

EVERY = 300.0
"""Seconds: an hour needs two readings, and the histograms are most of a page."""

MOST_MODELS = 50

Part = tuple[Sequence[str], str, str]
"""Aliases of a counter, and the label that one part of it has, with its value."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Where one engine has the figures of fleet.evidence.counts."""

    counts: Mapping[str, Sequence[str]]
    parts: Mapping[str, Part] = field(default_factory=dict)
    histograms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    copies: tuple[str, ...] = ()  # labels of processes that show the same requests
    processes: tuple[str, ...] = ()  # labels of processes with requests of their own, which are added up
    model: str = "model_name"  # the label that names the model; a page without it is about the whole server


def question(figures: Figures) -> Question:
    """Reads the counters off the page that the question before it has fetched: it asks the server for nothing."""

    def learn(visit: Visit, learned: Learned) -> None:
        learned.counted = read(learned.metrics or "", figures)

    return Question("counters", learn, (), step="load", every=EVERY, when=lambda learned: learned.metrics is not None)


def read(page: str, figures: Figures) -> tuple[Counted, ...]:
    """One for each model, by name. Raises BadAnswer for a page that would take seconds to read."""
    buckets = {name: [f"{alias}_bucket" for alias in names] for name, names in figures.histograms.items()}
    parts = (names for names, _, _ in figures.parts.values())
    samples = Page(page, chain(*figures.counts.values(), *parts, *buckets.values()))
    counts: dict[str, dict[str, float]] = defaultdict(dict)
    histograms: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    processes: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for name, names in figures.counts.items():
        for model, some in _by_model(samples.samples(names), figures):
            processes[model] |= {tuple(each.labels.get(label, "") for label in figures.processes) for each in some}
            if (total := _total(some, figures.copies)) is not None:
                counts[model][name] = total
    for name, (names, label, value) in figures.parts.items():
        for model, some in _by_model(samples.samples(names), figures):
            total = _total([each for each in some if each.labels.get(label) == value], figures.copies)
            if total is not None:
                counts[model][name] = total
    for name, names in buckets.items():
        for model, some in _by_model(samples.samples(names), figures):
            if found := histogram(some, figures.copies):
                histograms[model][name] = found
    models = sorted(counts.keys() | histograms.keys())[:MOST_MODELS]
    return tuple(Counted(model, _series(processes[model]), counts[model], histograms[model]) for model in models)


def histogram(samples: Sequence[Sample], copies: Sequence[str] = ()) -> dict[str, float]:
    """Upper edge as the engine writes it -> values up to it, of all sets of labels. Empty where sets have different
    edges, for more than BUCKETS of them, and where a value is no number."""
    by_edge: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_edge[sample.labels.get("le", "")].append(sample)
    sums = {edge: _total(some, copies) for edge, some in by_edge.items()}
    known = {edge: value for edge, value in sums.items() if value is not None and _edge(edge) is not None}
    alike = len({len(some) for some in by_edge.values()}) == 1
    if not alike or len(known) < len(sums) or len(known) > BUCKETS:
        return {}
    return {edge: known[edge] for edge in sorted(known, key=float)}


def _by_model(samples: Sequence[Sample], figures: Figures) -> Iterator[tuple[str, list[Sample]]]:
    models: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        models[(text(sample.labels.get(figures.model)) or "").replace("\0", "")].append(sample)  # no database keeps NUL
    yield from models.items()


def _total(samples: Sequence[Sample], copies: Sequence[str]) -> float | None:
    """Whole numbers as such: they are stored until the next reading."""
    values = [sample.value for sample in samples if sample.value is not None]
    if len(values) < len(samples):
        return None
    if copies:
        highest: dict[frozenset[tuple[str, str]], float] = {}
        for sample, value in zip(samples, values, strict=True):
            own = frozenset(label for label in sample.labels.items() if label[0] not in copies)
            highest[own] = max(value, highest.get(own, value))
        values = list(highest.values())
    total = math.fsum(values)
    if not 0 <= total < 2**53:
        return None
    return int(total) if total.is_integer() else total


def _edge(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _series(processes: set[tuple[str, ...]]) -> str:
    """Of the processes alone: a set of labels for another reason to finish comes with the first such request, and
    counts from zero."""
    return hashlib.sha256(repr(sorted(processes)).encode()).hexdigest()[:8]
