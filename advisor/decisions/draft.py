"""What the form for a new decision starts with: a first draft from the advice, or the text of the one it replaces."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from ..models import Decision
from ..models.decision import Choice
from ..next_steps import review_on
from ..result.result import Result
from .frozen_advice import ADVISED

TITLES = {
    "ollama": "Serve our models with Ollama",
    "vllm": "Serve our models with vLLM",
    "both": "Ollama on our own machines, vLLM for what is shared",
    "lm_studio": "Settle Ollama against LM Studio first",
}


OTHERWISE = {"follows_advice": "no", "title": "", "choice": "", "rationale": "", "consequences": "", "revisit_when": ""}
"""What a decision against the advice starts with: nothing of what speaks for the other choice."""


def from_advice(result: Result, deciders: str) -> dict[str, Any]:
    """The form's first values, as of the result's day. All of them are there to be edited."""
    choice = next(iter(ADVISED[result.recommendation.outcome]), "")
    return {
        "title": TITLES.get(choice, ""),
        "choice": choice,
        "follows_advice": "yes",
        "rationale": _bullets(f"{reason.text} ({reason.id})" for reason in result.reasons),
        "consequences": _bullets(result.summary.notes),
        "confirmation": "Our servers stay up, and their load stays within what we planned for.",
        "revisit_when": _bullets(result.triggers),
        "deciders": deciders,
        "decided_on": result.on,
        "review_by": result.review_on,
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


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
