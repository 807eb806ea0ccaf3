"""Stored hours of load: written with the probe that ends them, read for verdicts, made into days, pruned.

The hour under way is in the endpoint's state, so that collecting needs no statement of its own.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice

from core import fence
from core.database import writing

from ..evidence import counts
from ..evidence.collect import Collecting, Hour
from ..evidence.window import DAY, Row
from ..models import BucketEdges, Endpoint, EndpointState, LoadHour

KEEP_HOURS, KEEP_DAYS = 14 * DAY, 366 * DAY
"""Seconds."""

DAYS = "days of load"
"""The sweep, as core.fence knows it."""

AT_ONCE = 500
"""Rows of one transaction."""


Packed = tuple[LoadHour, str]
"""An hour that is ready to be stored, and the edges of its buckets as JSON; "" for none."""


def packed(endpoint_id: int, hour: Hour) -> Packed:
    """Raises TypeError or ValueError for counts that can't be packed."""
    row = LoadHour(
        endpoint_id=endpoint_id, start=int(hour.start), model=hour.model[:300], counts=counts.pack(hour.counts)
    )
    return row, json.dumps(hour.edges) if hour.edges else ""


def store(hours: Iterable[Packed]) -> None:
    """Stores hours that are over."""
    hours = list(hours)
    edges = {_digest(each): each for _, each in hours if each}
    known = _edges_ids(edges)
    if missing := edges.keys() - known.keys():
        new = (BucketEdges(digest=digest, edges=json.loads(edges[digest])) for digest in sorted(missing))
        BucketEdges.objects.bulk_create(new, ignore_conflicts=True)  # another worker may be first
        known = _edges_ids(edges)
    for row, each in hours:
        row.edges_id = known[_digest(each)] if each else None
    LoadHour.objects.bulk_create(row for row, _ in hours)


def _digest(edges: str) -> str:
    return hashlib.sha256(edges.encode()).hexdigest()[:40]


def _edges_ids(digests: Iterable[str]) -> dict[str, int]:
    found = BucketEdges.objects.filter(digest__in=list(digests)) if digests else BucketEdges.objects.none()
    return dict(found.values_list("digest", "pk"))


def rows(
    endpoint_ids: Iterable[int], since: int, models: Collection[str] = (), until: int | None = None
) -> dict[int, list[Row]]:
    """The hours and days from `since` on and before `until` (unix seconds) by endpoint, with the hour under way, oldest
    first. `models`: the stored ones of these alone.

    A row that can't be read is left out: what is missing makes a verdict less sure, and no other one wrong.
    """
    ids = list(endpoint_ids)
    found: dict[int, list[Row]] = defaultdict(list)
    stored = LoadHour.objects.filter(endpoint_id__in=ids, start__gte=since).order_by("endpoint_id", "start")  # by index
    if models:
        stored = stored.filter(model__in=models)
    if until is not None:
        stored = stored.filter(start__lt=until)
    edges: dict[int | None, Mapping[str, tuple[str, ...]]] = {None: {}}
    for endpoint_id, start, seconds, model, packed, edges_id in stored.values_list(
        "endpoint_id", "start", "seconds", "model", "counts", "edges_id"
    ).iterator():
        if edges_id not in edges:
            known = BucketEdges.objects.get(pk=edges_id).edges
            edges[edges_id] = {name: tuple(each) for name, each in known.items()}
        try:
            found[endpoint_id].append(Row(start, model, counts.unpack(bytes(packed)), edges[edges_id], seconds))
        except ValueError:
            continue
    for endpoint_id, collected in EndpointState.objects.filter(pk__in=ids).values_list("pk", "collected"):
        try:
            now = Collecting.from_json(collected)
            if now.hour >= since and (until is None or now.hour < until):
                for model, some in now.counts.items():
                    buckets = {name: tuple(each) for name, each in now.edges.get(model, {}).items()}
                    found[endpoint_id].append(Row(now.hour, model, some, buckets))
        except (AttributeError, TypeError):
            continue
    return found


def upkeep(now: int) -> None:
    """Makes days (UTC) of hours past their time, and drops days past theirs; `now` in unix seconds."""
    until = (now - KEEP_HOURS) // DAY * DAY
    old = LoadHour.objects.filter(seconds=3600, start__lt=until).order_by().values("endpoint_id").distinct()
    endpoints = Endpoint.objects.filter(pk__in=old).values_list("pk", "name", "team_id")
    fence.each(
        DAYS, endpoints, lambda row: _make_days(row[0], until), lambda row: fence.Item(str(row[0]), row[1], row[2])
    )
    gone = LoadHour.objects.filter(start__lt=now - KEEP_DAYS).values_list("pk", flat=True)
    while some := list(gone[:AT_ONCE]):
        LoadHour.objects.filter(pk__in=some)._raw_delete("default")


def _make_days(endpoint_id: int, until: int) -> None:
    """All hours of a day at once, so that one that was made is complete."""
    hours = LoadHour.objects.filter(endpoint_id=endpoint_id, seconds=3600, start__lt=until).order_by("start")
    while first := hours.first():
        day = first.start // DAY * DAY
        of_day = list(hours.filter(start__lt=day + DAY))
        groups: dict[tuple[str, int | None], list[counts.Counts]] = defaultdict(list)
        for hour in of_day:
            with suppress(ValueError):  # as in `rows`
                groups[hour.model, hour.edges_id].append(counts.unpack(bytes(hour.counts)))
        days = (
            LoadHour(endpoint_id=endpoint_id, start=day, seconds=DAY, model=model, edges_id=edges,
                     counts=counts.pack(counts.merged(some)))
            for (model, edges), some in groups.items()
        )  # fmt: skip
        with writing():
            LoadHour.objects.bulk_create(days)
            LoadHour.objects.filter(pk__in=[hour.pk for hour in of_day])._raw_delete("default")


def portions(ids: Iterable[int], size: int = 50) -> Iterator[list[int]]:
    """The ids in portions: hours of two weeks of so many endpoints are read at once."""
    rest = iter(ids)
    while some := list(islice(rest, size)):
        yield some
