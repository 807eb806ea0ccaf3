"""What the form for a new decision starts with: a first draft from the advice, or the text of the one it replaces."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from .. import words
from ..catalogue.values import Catalogue
from ..models import Decision
from ..models.decision import Choice
from ..next_steps import review_on
from ..recommendation.values import Recommendation
from .frozen_advice import ADVISED

TITLES = {
    "ollama": "Serve our models with Ollama",
    "vllm": "Serve our models with vLLM",
    "both": "Ollama on our own machines, vLLM for what is shared",
    "lm_studio": "Settle Ollama against LM Studio first",
}


OTHERWISE = {"follows_advice": "no", "title": "", "choice": "", "rationale": "", "consequences": "", "revisit_when": ""}
"""What a decision against the advice starts with: nothing of what speaks for the other choice."""


def from_advice(advice: Recommendation, catalogue: Catalogue, deciders: str, today: date) -> dict[str, Any]:
    """The form's first values. All of them are there to be edited."""
    choice = next(iter(ADVISED[advice.outcome]), "")
    return {
        "title": TITLES.get(choice, ""),
        "choice": choice,
        "follows_advice": "yes",
        "rationale": _bullets(_reasons(advice, catalogue)),
        "consequences": _bullets(words.note(id) for id in advice.notes),
        "confirmation": "The endpoints below stay up, and their load stays within what we planned for.",
        "revisit_when": _bullets(words.trigger(id) for id in advice.triggers),
        "deciders": deciders,
        "decided_on": today,
        "review_by": review_on(today),
    }


def from_old(old: Decision, deciders: str, today: date) -> dict[str, Any]:
    """The values for the decision that supersedes `old`: its text, today's dates."""
    kept = ("title", "choice", "context", "rationale", "consequences", "confirmation", "revisit_when")
    return {
        **{name: getattr(old, name) for name in kept},
        "team": old.team_id,
        "follows_advice": "yes" if old.follows_advice else "no",
        "why_not": old.why_not,
        "endpoints": list(old.endpoints.values_list("pk", flat=True)),
        "deciders": old.deciders or deciders,
        "decided_on": today,
        "review_by": review_on(today),
    }


def advised(outcome: str) -> str:
    """The advised choice in words; empty for a conflict."""
    return " or ".join(Choice(choice).label for choice in ADVISED[outcome])


def _reasons(advice: Recommendation, catalogue: Catalogue) -> list[str]:
    told = {item.id: item.when_true for item in catalogue.items}
    told |= {limit.id: limit.when_applies for limit in catalogue.limits}
    return [f"{told[id]} ({id})" for id in advice.reasons if id in told]


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
