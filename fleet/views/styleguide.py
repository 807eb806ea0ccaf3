"""The parts that pages are made of, on one page, for whoever changes how they look."""

import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString

from teams.access import anyone

from ..display.time_charts import Chart, Series, Value, chart, status_band
from ..display.time_span import HOUR, Span, up_to
from ..engines.errors import Cause
from ..engines.reading import Facts, Load, Model
from ..history import day_strip
from ..queries.layout import Layout
from ..queries.rows import html_of
from ..queries.states import StateRow
from ..verdict.status import Status

STANDS = ("draft", "proposed", "accepted", "rejected", "superseded", "deprecated")
"""Of the advisor's decisions, which this app may not import."""

TONES = ("main", "second", "other", "other-second")
"""The strokes of a chart's lines."""

MARKS = ("acknowledged", "maintenance", "silenced", "flapping", "paused", "unverified", "unreadable", "blind")


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component of static/css/components.css by its real classes. Raises Http404 unless DEBUG is on."""
    anyone(request)
    if not settings.DEBUG:
        raise Http404("The style guide is shown only while DEBUG is on.")
    span = up_to(HOUR, time.time())
    shown = {"statuses": list(Status), "marks": MARKS, "stands": STANDS, "span": span, "charts": _charts(span)}
    shown |= {"columns": Layout().columns, "boards": [("", _rows(1)), ("dense", _rows(11))]}
    shown |= {"band": status_band(["up"] * 100 + ["down"] * 20 + ["up"] * 120)}
    return render(request, "fleet/styleguide.html", shown)


def _charts(span: Span) -> list[Chart]:
    """Invented: four lines, and a figure that is only known to lie between two bounds."""
    waves = [[Value(h := n + math.sin(i / 20), h, h) for i in range(span.buckets)] for n in range(1, 5)]
    lines = [Series(tone, wave, tone) for tone, wave in zip(TONES, waves, strict=True)]
    boxes = [Value(None, n := i // 60, n + 1) for i in range(span.buckets)]
    return [chart("Lines", "", lines, span), chart("Ranges", "s", [Series("median", boxes)], span, note="of each hour")]


def _rows(first_id: int) -> list[SafeString]:
    """Invented rows of a board."""
    on_it = {"acknowledged": {"by": "bob", "until": None}}
    return [
        _row(first_id, "whale-7", "down", Cause.CONNECTION_REFUSED, tags=["prod", "chat"]),
        _row(first_id + 1, "whale-8", "down", Cause.TIMED_OUT, marks=on_it),
        _row(first_id + 2, "whale-9", "busy", Cause.SATURATED, load=Load(running=16, waiting=11), line=14),
        _row(first_id + 3, "whale-10", "up", "", load=Load(running=5, waiting=0), line=14, tags=["prod"]),
    ]


def _row(pk: int, name: str, status: str, cause: str, **other: Any) -> SafeString:
    now = time.time()
    at, minute, cell = datetime.fromtimestamp(now, UTC), int(now // 60), int(now // day_strip.CELL)
    since = at - timedelta(minutes=21)
    bad = {str(cell): {status: 600}}
    strip = {
        "times": {str(cell - n): {"up": 1800} for n in range(1, day_strip.CELLS)} | bad,
        "hour": {str(minute - n): [2, 40 + 8 * math.sin(n / 4), 0, 0] for n in range(60) if status != "down"},
    }
    facts = Facts(version="0.33.0", models=(Model("qwen3-32b", loaded=True), Model("bge-m3", loaded=True)))
    known: dict[str, Any] = {"load": Load(), "marks": {}, "tags": [], "line": None} | other
    state = StateRow(
        endpoint_id=pk, name=name, url=f"http://{name}:8000", pinned_engine="", verify_tls=True, fail_after=3,
        recover_after=2, paused_by=None, paused_until=None, team="Harbour", team_slug="harbour", status=status,
        cause=cause, step="", detail="", since=since, failures=0, successes=0, probed_at=at,
        seen_at=since if status == "down" else at, latency_ms=None if status == "down" else 41.0, engine="vllm",
        facts=facts, due_at=None, waiting_since=None, not_probed_since=None, strip=strip, **known,
    )  # fmt: skip
    return html_of(now, state)
