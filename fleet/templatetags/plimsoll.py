"""Times, sizes and statuses as the pages show them.

Times are written relative by the server and kept fresh, in the reader's zone, by static/js/plimsoll.js.
"""

import re
from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core.dates import whole_second

from ..display import formats

register = template.Library()

register.filter("span", formats.span)
register.filter("duration", formats.duration)
register.filter("bytes", formats.size)
register.filter("count", formats.count)
register.filter("percent", formats.percent)
register.filter("ms", formats.milliseconds)

_SHAPES = {
    "down": '<rect x="1" y="1" width="10" height="10" rx="1.5" fill="currentColor"/>',
    "degraded": '<path d="M6 .6 11.8 11H.2z" fill="currentColor"/>',
    "busy": '<circle cx="6" cy="6" r="4.9" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M6 1.1a4.9 4.9 0 0 0 0 9.8z" fill="currentColor"/>',
    "loading": '<path d="M8.6 1.8A4.9 4.9 0 1 1 2.2 3" fill="none" stroke="currentColor" stroke-width="1.8"/>',
    "asleep": '<path d="M8.2.8a5.6 5.6 0 1 0 0 10.4 6.4 6.4 0 0 1 0-10.4z" fill="currentColor"/>',
    "up": '<circle cx="6" cy="6" r="5.4" fill="currentColor"/>',
    "unknown": '<circle cx="6" cy="6" r="4.9" fill="none" stroke="currentColor" stroke-width="1.6"'
    ' stroke-dasharray="2.4 1.45"/>',
    "paused": '<path d="M2 1h3v10H2zM7 1h3v10H7z" fill="currentColor"/>',
}


@register.simple_tag
def shape(status: str) -> SafeString:
    """The status's shape alone, for where the word stands beside it anyway."""
    drawn = _SHAPES.get(status, _SHAPES["unknown"])
    return mark_safe(f'<svg class="shape" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{drawn}</svg>')


@register.simple_tag
def status_mark(status: str, since: datetime | None = None) -> SafeString:
    """Shape and word of a status, with how long it has lasted where `since` is given: in live parts."""
    lasted = format_html(" {}", since_tag(since)) if since else ""
    return format_html(
        '<span class="status s-{}">{}<span class="word">{}{}</span></span>',
        status,
        shape(status),
        status,
        lasted,
    )


@register.filter(expects_localtime=True)
def zoned(at: datetime, form: str) -> str:
    """A time in Django's `form`, with the name of its zone: `date:"T"` leaves it out just where an hour comes twice."""
    return f"{formatted(at, form)} {at.tzname()}"


@register.simple_tag
def ago(at: datetime | None) -> SafeString:
    """A point in time as "4 min ago". It goes on counting, so what may come again is shown so in live parts only."""
    return _time(at, "ago", f"{formats.span(timezone.now() - at)} ago") if at else SafeString("never")


@register.simple_tag(name="since")
def since_tag(at: datetime | None) -> SafeString:
    """How long something has lasted: "4 min". It goes on counting, so only live parts have it."""
    return _time(at, "since", formats.span(timezone.now() - at)) if at else SafeString("")


@register.simple_tag
def clock(at: datetime | None, form: str = "clock") -> SafeString:
    """A point in time as date and time of day: "22 Nov, 14:31" (without the day for today, with the year for another).

    With the form "exact" it has seconds, for lines that follow each other closely; with "dated" always the day.
    """
    if not at:
        return SafeString("never")
    at, today = at.astimezone(UTC), timezone.now().astimezone(UTC).date()
    time = f"{at:%H:%M:%S} UTC" if form == "exact" else f"{at:%H:%M} UTC"
    if at.date() == today and form != "dated":
        return _time(at, form, time)
    return _time(at, form, f"{at.day} {at:%b}{'' if at.year == today.year else f' {at.year}'}, {time}")


_STAMP = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\dZ)")


@register.filter
def with_times(text: str) -> SafeString:
    """A sentence with the moments in it (core.dates.stamp) in the reader's time zone, like all others on the page."""
    parts = _STAMP.split(str(text))
    return format_html_join("", "{}", ((_stamped(part) if place % 2 else part,) for place, part in enumerate(parts)))


def _stamped(part: str) -> str:
    try:
        return clock(datetime.fromisoformat(part))
    except ValueError:  # a person wrote it, and it is no date
        return part


def _time(at: datetime, form: str, text: str) -> SafeString:
    at = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-form="{}">{}</time>',
        at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        f"{at:%Y-%m-%d %H:%M:%S}",
        form,
        text,
    )


@register.filter
def seconds_between(start: datetime, end: datetime | None) -> timedelta:
    """How long from `start` to `end`, or to now while there is no end, by the whole seconds that are shown."""
    return whole_second(end or timezone.now()) - whole_second(start)
