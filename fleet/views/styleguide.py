"""The parts that pages are made of, on one page, for whoever changes how they look."""

import math
import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from teams.access import anyone

from ..display.time_charts import Chart, Series, Value, chart, status_band
from ..display.time_span import HOUR, Span, up_to
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
    shown |= {"band": status_band(["up"] * 100 + ["down"] * 20 + ["up"] * 120)}
    return render(request, "fleet/styleguide.html", shown)


def _charts(span: Span) -> list[Chart]:
    """Invented: four lines, and a figure that is only known to lie between two bounds."""
    waves = [[Value(h := n + math.sin(i / 20), h, h) for i in range(span.buckets)] for n in range(1, 5)]
    lines = [Series(tone, wave, tone) for tone, wave in zip(TONES, waves, strict=True)]
    boxes = [Value(None, n := i // 60, n + 1) for i in range(span.buckets)]
    return [chart("Lines", "", lines, span), chart("Ranges", "s", [Series("median", boxes)], span, note="of each hour")]
