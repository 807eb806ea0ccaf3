"""What a team chose and why, with the advice as it was on that day."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.signals import m2m_changed
from django.dispatch import receiver
from django.urls import reverse

from fleet.models import Endpoint
from teams.models import Team


class Status(models.TextChoices):
    DRAFT = "draft"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    DEPRECATED = "deprecated"


class Choice(models.TextChoices):
    OLLAMA = "ollama", "Ollama"
    VLLM = "vllm", "vLLM"
    BOTH = "both", "Ollama and vLLM"
    LM_STUDIO = "lm_studio", "LM Studio"
    OTHER = "other", "Something else"


OPEN = (Status.DRAFT, Status.PROPOSED)
"""The statuses in which the body may still be changed."""

MOVES: dict[str, tuple[Status, ...]] = {
    Status.DRAFT: (Status.PROPOSED, Status.ACCEPTED, Status.REJECTED),
    Status.PROPOSED: (Status.DRAFT, Status.ACCEPTED, Status.REJECTED),
    Status.ACCEPTED: (Status.DEPRECATED, Status.SUPERSEDED),
    Status.DEPRECATED: (Status.SUPERSEDED,),
    Status.REJECTED: (),
    Status.SUPERSEDED: (),
}
"""Status -> where it may go. Only the acceptance of a successor leads to superseded."""

BODY = (
    "team_id", "title", "choice", "context", "rationale", "consequences", "confirmation", "deciders",
    "decided_on", "recorded_at", "review_by", "revisit_when", "follows_advice", "why_not", "catalogue_version",
    "answers", "recommendation", "supersedes_id",
)  # fmt: skip
"""The columns that never change again once the decision is accepted or rejected."""


class FrozenBody(Exception):
    """Someone tried to change a decision that has been taken."""

    def __init__(self, changed: str) -> None:
        super().__init__(f"This decision has been taken, so its text stays as it is ({changed}). Supersede it instead.")


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Keeps mass updates from going round `Decision.save`."""

    def update(self, **values: Any) -> int:
        touched = [name for name in values if name in BODY or f"{name}_id" in BODY]
        if touched and self.exclude(status__in=OPEN).exists():
            raise FrozenBody(", ".join(touched))
        return super().update(**values)


class Decision(models.Model):
    """One decision of a team. Open, it can be edited; taken, only its status moves."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="decisions")
    title = models.CharField(max_length=160)
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT, db_index=True)
    choice = models.CharField(max_length=12, choices=Choice)
    context = models.TextField(blank=True)  # this and the next three are Markdown
    rationale = models.TextField(blank=True)
    consequences = models.TextField(blank=True)
    confirmation = models.TextField(blank=True)  # how we will see that it holds
    deciders = models.CharField(max_length=400, blank=True)
    decided_on = models.DateField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    review_by = models.DateField(null=True, blank=True)
    revisit_when = models.TextField(blank=True)
    follows_advice = models.BooleanField(default=True)
    why_not = models.TextField(blank=True)  # why the team decided otherwise
    catalogue_version = models.CharField(max_length=20)
    answers = models.JSONField(default=dict)  # question id -> option id or a list of them
    recommendation = models.JSONField(default=dict)  # advisor.decisions.frozen_advice: the advice in words, as it was
    endpoints = models.ManyToManyField(Endpoint, related_name="decisions", blank=True)
    supersedes = models.ForeignKey("self", null=True, blank=True, on_delete=models.RESTRICT, related_name="successors")

    superseded_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.RESTRICT, related_name="+")
    due_on = models.DateField(null=True, blank=True, db_index=True)  # next review: review_by, or later once reviewed
    version = models.PositiveIntegerField(default=1)  # moves with every change: a form knows when it is stale
    key = models.UUIDField(unique=True, default=uuid.uuid4)  # of the form that made it: posted twice, made once
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_on", "-pk"]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Stores it; raises FrozenBody for a taken decision with another body."""
        stored = type(self).objects.filter(pk=self.pk).values("status", *BODY).first() if self.pk else None
        if stored and stored["status"] not in OPEN:
            changed = [name for name in BODY if getattr(self, name) != stored[name]]
            if changed:
                raise FrozenBody(", ".join(changed))
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("decision", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether the body may still be changed."""
        return self.status in OPEN


@receiver(m2m_changed, sender=Decision.endpoints.through)
def _keep_endpoints_frozen(instance: Any, action: str, pk_set: set[int] | None, reverse: bool, **_: object) -> None:
    """The endpoints are part of the body, but a row of another table, so `save` does not see them."""
    if not action.startswith("pre_"):
        return
    touched = [instance] if not reverse else Decision.objects.filter(
        pk__in=pk_set if pk_set is not None else instance.decisions.values("pk")
    )  # fmt: skip
    if any(not decision.is_open for decision in touched):
        raise FrozenBody("endpoints")


class DecisionEvent(models.Model):
    """One dated line of a decision's history: who moved it, who reviewed it, what the fleet said."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.CharField(max_length=600)
    status = models.CharField(max_length=12, choices=Status, blank=True)  # that it has from then on; empty: as before

    class Meta:
        ordering = ["at", "pk"]
