"""What the advisor stores about people, for export. Their deletion leaves rows without a person, by the database."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from .models import Decision, DecisionEvent, Requirement


def contribution(user: User) -> dict[str, Any]:
    """What the person wrote and decided, as far as it carries their name."""
    saved = Requirement.objects.filter(Q(created_by=user) | Q(updated_by=user))
    recorded = Decision.objects.filter(created_by=user)
    return {
        "requirements": list(saved.values("team__name", "name", "answers", "created_at", "updated_at")),
        "decisions": list(
            recorded.values(
                "team__name", "title", "status", "choice", "context", "rationale", "consequences", "confirmation",
                "deciders", "decided_on", "revisit_when", "why_not",
            )
        ),
        "decision_events": list(DecisionEvent.objects.filter(by=user).values("decision__title", "at", "text")),
    }  # fmt: skip
