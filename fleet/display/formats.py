"""Values as people read them. Pure text; what is unknown (None) stays "not known"."""

from datetime import timedelta

UNKNOWN = "not known"
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_BYTES = ("B", "kB", "MB", "GB", "TB", "PB")


def span(seconds: float | timedelta | None) -> str:
    """A stretch of time in its largest unit: "5 s", "4 min", "2 h", "3 d". Never negative."""
    whole = _whole(seconds)
    if whole is None:
        return UNKNOWN
    size, unit = next(((size, unit) for size, unit in _UNITS if whole >= size), (1, "s"))
    return f"{whole // size} {unit}"


def duration(seconds: float | timedelta | None) -> str:
    """A stretch of time in its two largest units: "4 min 10 s", "2 h 5 min"."""
    whole = _whole(seconds)
    if whole is None:
        return UNKNOWN
    parts = []
    for size, unit in _UNITS:
        if whole >= size:
            parts.append(f"{whole // size} {unit}")
            whole %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def lasted(
    outages: int,
    downtime: float | timedelta,
    span: float | timedelta,
    in_maintenance: float | timedelta = 0,
    unwatched: float | timedelta = 0,
) -> str:
    """How long an incident lasted: "2 min 5 s", or "twice, 3 min 42 s of 12 min 52 s" when it came back in between.

    What `downtime` leaves out follows: "4 min 13 s (3 min of maintenance not counted)".
    """
    times = "twice" if outages == 2 else f"{outages} times"
    said = duration(downtime) if outages < 2 else f"{times}, {duration(downtime)} of {duration(span)}"
    out = [f"{duration(in_maintenance)} of maintenance"] if _whole(in_maintenance) else []
    out += [f"{duration(unwatched)} without probes"] if _whole(unwatched) else []
    return f"{said} ({' and '.join(out)} not counted)" if out else said


def size(count: float | None) -> str:
    """A number of bytes in decimal units, as model sizes are usually given: "4.7 GB"."""
    if count is None:
        return UNKNOWN
    for unit in _BYTES[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_BYTES[-1]}"


def count(number: float | None) -> str:
    """A whole number with thin spaces between thousands: "131 072"."""
    return UNKNOWN if number is None else f"{round(number):,}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """A share (0..1) as per cent. Never rounded up to 100 %: "99.9 %" says that something was missed."""
    if share is None:
        return UNKNOWN
    tenths = int(share * 1000 + 1e-9) / 10
    return f"{tenths:.0f} %" if tenths == int(tenths) else f"{tenths:.1f} %"


def milliseconds(ms: float | None) -> str:
    """A latency: "0.8 ms", "31 ms", "4.1 s"."""
    if ms is None:
        return UNKNOWN
    if ms >= 1000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.1f} ms" if ms < 1 else f"{ms:.0f} ms"


def _whole(seconds: float | timedelta | None) -> int | None:
    if seconds is None:
        return None
    return max(0, int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds))
