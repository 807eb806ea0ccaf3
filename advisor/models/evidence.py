"""What the fleet said about a decision, from one moment to another."""

from django.db import models
from django.urls import reverse

from ..evidence.values import State
from .decision import Decision


class DecisionEvidence(models.Model):
    """The evidence about a decision while it had one state. What moves with each judgement is the current row's."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="evidence")
    since = models.DateTimeField()
    judged_at = models.DateTimeField()  # moves
    until = models.DateTimeField(null=True)  # when another took its place, or the decision's time was over
    state = models.CharField(max_length=24)  # advisor.evidence.values.State
    confidence = models.CharField(max_length=8)  # moves
    findings = models.JSONField(default=list)  # moves; advisor.evidence.values.Finding
    missing = models.JSONField(default=list)  # moves; sentences about the decision as a whole
    seen = models.JSONField(default=dict)  # moves; what is no longer true -> since when, in unix seconds
    recent = models.JSONField(default=list)  # of the last day: fleet.evidence.damping; without content where it is this
    snapshot = models.JSONField(default=dict)  # all that it was judged by when it began: advisor.decisions.watching

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], condition=models.Q(until__isnull=True), name="one_current_evidence"
            )
        ]
        ordering = ["-since", "-pk"]

    def get_absolute_url(self) -> str:
        return reverse("decision-evidence", args=[self.decision_id, self.pk])

    @property
    def sentence(self) -> str:
        """What weighs most, in one line."""
        if self.state == State.HOLDS and len(self.findings) > 1:
            return f"The load of its {len(self.findings)} endpoints fits."
        for found in self.findings[:1]:
            why = found["missing"][0] if found["missing"] else found["words"]
            return f"{found['name']}: {why[0].lower()}{why[1:]}"
        return self.missing[0] if self.missing else ""
