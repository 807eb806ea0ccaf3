"""A recommendation as JSON. Ids are the interface; the few sentences are for people who read it raw."""

from datetime import date
from typing import Any

from advisor import words
from advisor.catalogue.values import Catalogue
from advisor.recommendation.facts_used import fact_as_json, relied_on
from advisor.recommendation.values import Answers, Change, ListItem, Recommendation


def as_json(recommendation: Recommendation, answers: Answers, catalogue: Catalogue, on: date) -> dict[str, Any]:
    """The whole result as plain values, as of a day."""
    return {
        "outcome": recommendation.outcome,
        "headline": words.headline(recommendation),
        "meaning": words.meaning(recommendation),
        "strength": recommendation.strength,
        "strength_meaning": words.strength(recommendation),
        "lists": {"ollama": _list(recommendation.ollama), "vllm": _list(recommendation.vllm)},
        "limits": list(recommendation.limits),
        "unknown_limits": list(recommendation.unknown_limits),
        "notes": list(recommendation.notes),
        "reasons": list(recommendation.reasons),
        "leads": recommendation.leads,
        "asked": recommendation.asked,
        "unanswered": list(recommendation.unanswered),
        "matter": list(recommendation.matter),
        "decisive": list(recommendation.decisive),
        "next_question": recommendation.next_question,
        "changes": [_change(change) for change in recommendation.changes],
        "ways_out": list(recommendation.ways_out),
        "weights": list(recommendation.weights),
        "action": recommendation.action,
        "triggers": list(recommendation.triggers),
        "contradictions": list(recommendation.contradictions),
        "facts": [fact_as_json(fact) for fact in relied_on(answers, recommendation, catalogue)],
        "answers": _plain(answers),
        "method": recommendation.method,
        "catalogue_version": recommendation.catalogue_version,
        "on": on.isoformat(),
    }


def _list(items: tuple[ListItem, ...]) -> dict[str, bool | None]:
    return {item.id: item.holds for item in items}


def _change(change: Change) -> dict[str, Any]:
    return {
        "answers": _plain(dict(change.answers)),
        "outcome": change.verdict.outcome,
        "strength": change.verdict.strength,
        "hard": change.hard,
        "limit": change.limit,
    }


def _plain(answers: Answers) -> dict[str, Any]:
    return {key: value if isinstance(value, str) else list(value) for key, value in answers.items()}
