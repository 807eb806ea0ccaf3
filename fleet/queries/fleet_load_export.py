"""Load across the fleet for a review meeting: as Markdown and as JSON."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse

from core.site_url import absolute

from .fleet_load import FleetLoad, Standing
from .states import engine_label

_HEADINGS = ("Endpoint", "Team", "Engine", "Verdict", "Sure", "Since", "Callers of line", "At work", "In time")


def as_json(load: FleetLoad) -> dict[str, Any]:
    """Version 1: every endpoint that is shown, the heaviest verdict first. Shares are per cent; null is not known."""
    advice = {each.standing.pk: each.advice for each in load.first}
    return {
        "version": 1,
        "not_judged_yet": load.unjudged,
        "endpoints": [
            {**each._asdict(), "since": each.since.isoformat(), "share_of_line": each.of_line, "url": _url(each)}
            | ({"next": asdict(step)} if (step := advice.get(each.pk)) else {})
            for each in load.shown
        ],
    }


def as_markdown(load: FleetLoad) -> str:
    """Headings, the ones to act on first with what to try next, and a table of all."""
    of_one = load.team and next((_plain(each.team) for each in load.standings), load.team)
    lines = [f"# Load of {of_one or 'the fleet'}", ""]
    lines += [f"- {number} {state}" for state, number, _ in load.counts]
    lines += [f"- {load.unjudged} not judged yet"] if load.unjudged else []
    lines += ["", "## To act on first", ""]
    for each in load.first:
        found = each.standing
        lines.append(f"- [{_plain(found.endpoint)}]({_url(found)}): {found.words}, {_sure(found)}")
        if each.advice:
            setting = f" `{each.advice.setting}`" if each.advice.setting else ""
            costs = f" Costs: {each.advice.costs}" if each.advice.costs else ""
            lines.append(f"  - {each.advice.words}{setting}{costs}")
    lines += [] if load.first else ["Nothing."]
    lines += ["", "## All endpoints", "", _row(_HEADINGS), _row(["---"] * len(_HEADINGS))]
    lines += [_row(_cells(each)) for each in load.shown]
    return "\n".join(lines) + "\n"


def _cells(each: Standing) -> list[str]:
    callers = "not known" if each.callers is None else str(each.callers)
    line = f"{callers} of {each.line}" if each.line else "no line known yet"
    at_work, in_time = ("not known" if n is None else f"{n:.0f} %" for n in (each.at_work, each.in_time))
    engine = engine_label(each.engine)
    since = f"{each.since:%Y-%m-%d}"
    return [_plain(each.endpoint), _plain(each.team), engine, each.words, _sure(each), since, line, at_work, in_time]


def _sure(each: Standing) -> str:
    return f"{'confirmed, ' if each.confirmed else ''}confidence {each.confidence}"


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(name: str) -> str:
    """A name without what Markdown reads as its own."""
    return "".join(f"\\{letter}" if letter in r"\`*_[]<>|#" else letter for letter in " ".join(name.split()))


def _url(each: Standing) -> str:
    return absolute(reverse("endpoint-load", args=[each.endpoint_id]))
