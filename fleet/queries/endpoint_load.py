"""What the page of an endpoint's load shows: its verdicts, the hours behind them, and what changes did."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.urls import reverse

from ..display.time_charts import Chart, Series, Value, chart
from ..display.time_span import HOUR, Span, up_to
from ..evidence import counts, ollama
from ..evidence.compare import Comparison, compare
from ..evidence.counts import Counts
from ..evidence.judge import Case
from ..evidence.target import Target
from ..evidence.verdict import Signal, Verdict
from ..evidence.window import DAY
from ..load import stored
from ..load.judging import Read, rows_of_two_windows
from ..models import Change, Endpoint, EndpointLoad, LoadHour, LoadVerdict
from .load_hour import HourTable, hour_table

HISTORY_SHOWN = 20
CHANGES_COMPARED = 5

_CHANGED = {"version": "Version {before} became {after}", "engine": "{before} became {after}"}
_SETTINGS = "Settings changed: {after}"


@dataclass(frozen=True, slots=True)
class Brief:
    """The block on the endpoint's own page."""

    current: LoadVerdict | None  # None: not judged yet
    signals: tuple[Signal, ...]  # that speak for it, two at most


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of the server, and the figures on both sides of it; none while there is too little on one."""

    at: datetime
    words: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class LoadPage:
    """The whole page."""

    engine: str
    current: LoadVerdict | None
    worst: Verdict | None
    others: tuple[Verdict, ...]  # of the other models
    target: Target
    office: str
    days: int  # of the window
    collected_since: datetime | None
    span: Span  # of the chart: the window
    chart: Chart
    hour: HourTable | None  # the one that was asked for
    changes: list[Changed]
    history: Sequence[LoadVerdict]


def brief(endpoint: Endpoint) -> Brief:
    """The current verdict, in one query."""
    current = endpoint.load_verdicts.filter(until=None).first()
    verdicts = _verdicts(current)
    return Brief(current, tuple(each for each in verdicts[0].signals if each.crossed)[:2] if verdicts else ())


def page(endpoint: Endpoint, hour: str, now: float | None = None) -> LoadPage:
    """Everything, at `now` (unix seconds). `hour` is the first second of an hour of which the counts are wanted."""
    at = int(time.time() if now is None else now)
    case = Read([endpoint], at).case(endpoint)
    case = replace(case, rows=rows_of_two_windows(endpoint, case))
    current = endpoint.load_verdicts.filter(until=None).first()
    verdicts = _verdicts(current)
    first = LoadHour.objects.filter(endpoint=endpoint).order_by("start").values_list("start", flat=True).first()
    since = min([start for start in (first, *(row.start for row in case.rows[:1])) if start], default=None)
    span = up_to(case.limits.window_days * DAY, case.until, width=HOUR)
    return LoadPage(
        engine=case.engine,
        current=current,
        worst=verdicts[0] if verdicts else None,
        others=verdicts[1:],
        target=case.stated.target,
        office=f"{case.office.first}:00 to {case.office.last}:00, {case.office.zone}",
        days=case.limits.window_days,
        collected_since=_moment(since) if since else None,
        span=span,
        chart=_chart(endpoint, case, span),
        hour=hour_table(case.rows, int(hour)) if hour.isdecimal() and len(hour) < 12 else None,
        changes=_changes(endpoint, case),
        history=list(endpoint.load_verdicts.defer("verdicts")[:HISTORY_SHOWN]),
    )


def _verdicts(current: LoadVerdict | None) -> tuple[Verdict, ...]:
    """The stored verdicts of all models, the worst first; none where they can't be read."""
    try:
        return tuple(stored.from_json(each) for each in current.verdicts) if current else ()
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def _chart(endpoint: Endpoint, case: Case, span: Span) -> Chart:
    by_hour: dict[int, list[Counts]] = defaultdict(list)
    for row in case.rows:
        by_hour[row.start // HOUR - span.first].append(row.counts)
    hours = [counts.merged(by_hour[n]) if n in by_hour else {} for n in range(span.buckets)]
    if case.engine == "ollama":
        waited = [_share(hour.get("waited", 0) + hour.get("refused", 0), ollama.samples(hour)) for hour in hours]
        title, series = "Canaries that waited for a slot", [Series("waited", waited)]
    else:
        title = "Probes that found it at work, and requests waiting"
        series = [
            Series("at work", [_share(hour.get("at_work", 0), hour.get("gauges", 0)) for hour in hours]),
            Series("waiting", [_share(hour.get("waiting", 0), hour.get("gauges", 0)) for hour in hours], "second"),
        ]
    link = f"{reverse('endpoint-load', args=[endpoint.pk])}?hour="
    return chart(title, "%", series, span, top=100, link=link)


def _share(part: int, whole: int) -> Value | None:
    share = 100 * part / whole if whole > 0 else 0.0
    return Value(share, share, share) if whole > 0 else None


def _changes(endpoint: Endpoint, case: Case) -> list[Changed]:
    """What changed in the two windows that are read, newest first."""
    since = _moment(case.until - 2 * DAY * case.limits.window_days)
    rows = Change.objects.filter(endpoint=endpoint, kind__in=("engine", "version", "settings"), at__gt=since)
    found = [
        (each.at, _CHANGED.get(each.kind, _SETTINGS).format(before=each.before, after=each.after))
        for each in rows[:CHANGES_COMPARED]
    ]
    own = EndpointLoad.objects.filter(endpoint=endpoint, slots_since__gt=since, slots__isnull=False).first()
    if own and own.slots_since:
        found.append((own.slots_since, f"OLLAMA_NUM_PARALLEL={own.slots}, as stated by the team"))
    found.sort(reverse=True)
    return [Changed(at, words, compare(case, int(at.timestamp()))) for at, words in found[:CHANGES_COMPARED]]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
