"""The history of some endpoints in as few rows as there are: days, then hours, then minutes, then what is raw yet."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from ..history.spans import Edges, chunks, edges, observed, rolled
from ..history.totals import DAY, HOUR, MINUTE, Part


def parts(
    since: Mapping[int, datetime], now: datetime, coarsest: str, all_edges: Mapping[int, Edges] | None = None
) -> Iterator[Part]:
    """All of the history up to `now`, nothing twice. `since`: for each endpoint the start of a span of `coarsest`.

    `all_edges`: of all these endpoints, where they were read already.
    """
    for chunk in chunks(since):
        known = edges(now, chunk) if all_edges is None else {pk: all_edges[pk] for pk in chunk}
        done = {pk: since[pk] for pk in known}
        spans = (DAY, HOUR, MINUTE)
        for span in spans[spans.index(coarsest) :]:
            ends = {pk: end for pk, edge in known.items() if (end := edge.of(span)) and end > done[pk]}
            for start, group in _by_start(done, ends).items():
                yield from whole(rolled(group, span, start, now))
            done |= ends
        soon = now + timedelta(seconds=1)  # what was found in this very moment belongs to it
        fresh = [pk for pk, edge in known.items() if edge.has_since(done[pk])]
        for start, group in _by_start(done, fresh).items():
            yield from observed({pk: known[pk].interval for pk in group}, start, soon)


def whole(parts: Iterable[Part]) -> Iterator[Part]:
    """Without what is stored in another shape: it can't be added up."""
    return (p for p in parts if all(type(each) is dict for each in (p.total.counts, p.total.excluded, p.total.sums)))


def _by_start(done: dict[int, datetime], endpoint_ids: Iterable[int]) -> dict[datetime, list[int]]:
    groups: dict[datetime, list[int]] = {}
    for pk in endpoint_ids:
        groups.setdefault(done[pk], []).append(pk)
    return groups
