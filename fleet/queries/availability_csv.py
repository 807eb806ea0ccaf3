"""How available a team's endpoints were, as CSV."""

from core.csv_text import cell, rows
from core.dates import second

from .availability import TeamHistory

_TIMES = ("counted", "down", "maintenance", "blind", "unknown", "unwatched")
HEADINGS = ("endpoint", "period", "available (%)", *(f"{name} (s)" for name in _TIMES), "probes", "known since (UTC)")


def as_csv(history: TeamHistory) -> str:
    """A heading, rows for all endpoints together, then for each, one by period. Available is empty without data."""
    table: list[tuple[object, ...]] = [HEADINGS]
    for line in (history.total, *history.lines):
        for known in line.periods:
            share = "" if known.share is None else f"{100 * known.share:.4f}"
            since = second(known.since_at) if known.since_at else ""
            times = (round(getattr(known, name)) for name in _TIMES)
            name = cell(line.endpoint.name) if line.endpoint else "All together"
            table.append((name, known.period, share, *times, known.probes, since))
    return rows(table)
