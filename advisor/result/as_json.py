"""A result as JSON. Ids are the interface; the few sentences are for people who read it raw."""

from typing import Any

from ..recommendation.answers import as_plain
from ..recommendation.facts_used import fact_as_json
from ..recommendation.values import Change, ListItem
from .result import Result


def as_json(result: Result) -> dict[str, Any]:
    """The whole result as plain values."""
    r, summary = result.recommendation, result.summary
    return {
        "outcome": r.outcome,
        "headline": summary.headline,
        "meaning": summary.meaning,
        "strength": r.strength,
        "strength_meaning": summary.strength,
        "lists": {"ollama": _list(r.ollama), "vllm": _list(r.vllm)},
        "limits": list(r.limits),
        "unknown_limits": list(r.unknown_limits),
        "notes": list(r.notes),
        "reasons": list(r.reasons),
        "leads": r.leads,
        "asked": r.asked,
        "unanswered": list(r.unanswered),
        "matter": list(r.matter),
        "decisive": list(r.decisive),
        "next_question": r.next_question,
        "changes": [_change(change) for change in r.changes],
        "ways_out": list(r.ways_out),
        "weights": list(r.weights),
        "action": r.action,
        "triggers": list(r.triggers),
        "contradictions": list(r.contradictions),
        "facts": [fact_as_json(fact) for fact in result.facts],
        "answers": as_plain(result.answers),
        "method": r.method,
        "catalogue_version": r.catalogue_version,
        "on": result.on.isoformat(),
    }


def _list(items: tuple[ListItem, ...]) -> dict[str, bool | None]:
    return {item.id: item.holds for item in items}


def _change(change: Change) -> dict[str, Any]:
    return {
        "answers": as_plain(dict(change.answers)),
        "outcome": change.verdict.outcome,
        "strength": change.verdict.strength,
        "hard": change.hard,
        "limit": change.limit,
    }
