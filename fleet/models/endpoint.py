"""An endpoint as its team describes it."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from core.encryption import EncryptedTextField
from core.natural_order import Natural
from teams.models import Team

from ..engines.timeout import DEFAULT_TIMEOUT
from ..verdict.monitor_blind import host_of


class Endpoint(models.Model):
    """One base URL that a team watches."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="endpoints")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    engine = models.CharField(max_length=40, blank=True)  # pinned by the team; empty means: find out
    username = models.CharField(max_length=200, blank=True, default="")  # of basic auth; api_key is its password then
    api_key = EncryptedTextField(blank=True, default="")
    verify_tls = models.BooleanField(default=True)  # False: any certificate will do
    interval = models.PositiveIntegerField(
        default=30, validators=[MinValueValidator(5), MaxValueValidator(3600)]
    )  # seconds
    timeout = models.FloatField(
        default=DEFAULT_TIMEOUT, validators=[MinValueValidator(0.5), MaxValueValidator(60)]
    )  # seconds
    fail_after = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1), MaxValueValidator(20)])
    recover_after = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    fail_of = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(20)]
    )  # down after fail_after failures among so many probes; 0: in a row
    fail_for = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(3600)]
    )  # seconds that trouble must have lasted besides
    slow_after = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(60_000)]
    )  # milliseconds; a slower answer is degraded
    start_within = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(3600)]
    )  # seconds that a start may take; null: learned from earlier ones
    expected_models = models.JSONField(default=list, blank=True)
    depends_on = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="dependents"
    )  # while that one is down, it is the cause of trouble here
    canary_models = models.JSONField(default=list, blank=True)  # may be asked for a token now and then; empty: none
    canary_every = models.PositiveIntegerField(
        default=600, validators=[MinValueValidator(300), MaxValueValidator(86_400)]
    )  # seconds
    tags = models.JSONField(default=list, blank=True)  # core.tags; the board groups by the first
    paused = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    paused_until = models.DateTimeField(null=True, blank=True)  # null: until somebody resumes it
    before_pause = models.JSONField(default=dict, blank=True)  # status, cause, step and detail, for resuming
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = [Natural("team__name"), Natural("name")]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="one_name_per_team"),
            models.UniqueConstraint(fields=["team", "url"], name="one_url_per_team"),
        ]
        indexes = [
            models.Index(
                fields=["paused_until"], condition=models.Q(paused_until__isnull=False), name="endpoint_paused_until"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("endpoint", args=[self.pk])

    @property
    def host(self) -> str:
        """The host that serves it, as verdict.monitor_blind.host_of reads it from the URL."""
        return host_of(self.url)

    @property
    def unverified(self) -> bool:
        """Whether it has a certificate that is not verified."""
        return unverified(self.url, self.verify_tls)

    @property
    def measures_waits(self) -> bool:
        """Whether its canaries are sent under load, too. One more query, unless `load_settings` was selected."""
        return bool(getattr(getattr(self, "load_settings", None), "measures_waits", False))

    @property
    def access(self) -> dict[str, Any]:
        """How its server is called, as keywords of engines.probe.probe and engines.canary.ask."""
        return {"api_key": self.api_key or None, "username": self.username or None, "verify": self.verify_tls}


def unverified(url: str, verify_tls: bool) -> bool:
    """Whether an endpoint of these values has a certificate that is not verified. Plain http has none."""
    return not verify_tls and url.startswith("https:")


def limits(field: str) -> tuple[Any, Any]:
    """The least and the greatest number that a field of an Endpoint takes, by its validators."""
    validators: Any = Endpoint._meta.get_field(field).validators  # type: ignore[union-attr]
    found = {v.code: v.limit_value for v in validators if v.code in ("min_value", "max_value")}
    return found.get("min_value", 0), found["max_value"]
