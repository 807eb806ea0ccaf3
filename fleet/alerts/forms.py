"""The form for a team's notifications. The URLs in it are written only: they never go back to the page."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from core import time_zones
from core.form_fields import LongSelect, number
from core.stale import OpenedForm
from core.tags import TagsField
from teams.forms import AddressesField

from ..models import AlertPolicy
from .channels import apprise, webhook

KEPT = (
    "remind_every", "escalate_to", "escalate_after", "quiet_from", "quiet_to", "time_zone", "digest_at", "apprise_tags",
    "webhook_tags",
)  # fmt: skip
"""The fields that are stored as they are, and shown."""


def _time(label: str, help_text: str = "", required: bool = False) -> forms.TimeField:
    messages = dict.fromkeys(("required", "invalid"), "Enter a time of the day, such as 08:00.")
    return forms.TimeField(
        label=label, required=required, help_text=help_text, error_messages=messages,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )  # fmt: skip


def _secret(label: str, help_text: str, placeholder: str) -> forms.CharField:
    attrs = {"autocomplete": "off", "spellcheck": "false", "placeholder": placeholder}
    return forms.CharField(
        label=label, required=False, max_length=2000, help_text=help_text, widget=_NeverSentBack(attrs=attrs)
    )


class _NeverSentBack(forms.TextInput):
    """What was typed can be read while typing, but the page never holds it."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


def _tags(label: str) -> TagsField:
    return TagsField(
        label=label, required=False, help_text="Tags with commas between them. Empty: all endpoints.",
        widget=forms.TextInput(attrs={"list": "tags-in-use", "autocomplete": "off", "autocapitalize": "none"}),
    )  # fmt: skip


class AlertingForm(OpenedForm):
    """When and by which channels a team is notified."""

    remind_every = number("Remind every (hours)", 0, 168, "While it lasts and nobody acknowledged it. 0: never.")
    escalate_to = AddressesField()
    escalate_after = number("After (minutes)", 1, 1440, "Counted from the beginning of the incident.")
    quiet_from = _time("Quiet from")
    quiet_to = _time("Quiet to")
    digest_at = _time("Daily digest at", "Non-urgent changes.", required=True)
    time_zone = forms.ChoiceField(
        label="Time zone", choices=lambda: [(name, name) for name in sorted(time_zones.known())],
        widget=LongSelect, help_text="Of the times here and in mails, and of office hours.",
        error_messages={"invalid_choice": "Choose a time zone of the list.", "required": "Choose a time zone."},
    )  # fmt: skip
    apprise_url = _secret(
        "Apprise URL", "One URL for chat and push services. Stored encrypted and never shown again.",
        "ntfys://ntfy.example.org/topic",
    )  # fmt: skip
    apprise_tags = _tags("Apprise only for endpoints tagged")
    forget_apprise = forms.BooleanField(label="Forget the stored Apprise URL", required=False)
    webhook_url = _secret(
        "Webhook URL", "Gets signed JSON by POST. Stored encrypted and never shown again.",
        "https://hooks.example.org/plimsoll",
    )  # fmt: skip
    webhook_tags = _tags("Webhook only for endpoints tagged")
    forget_webhook = forms.BooleanField(label="Forget the stored webhook", required=False)
    new_secret = forms.BooleanField(label="Make a new secret for the webhook", required=False)

    def __init__(self, data: Any = None, *, policy: AlertPolicy) -> None:
        super().__init__(data, initial={name: getattr(policy, name) for name in KEPT})
        self.policy = policy
        self.fields["escalate_to"].label = "If nobody acknowledges, also notify"
        self.fields["escalate_to"].there = len(policy.escalate_to)  # type: ignore[attr-defined]
        self.fields["digest_at"].initial = policy.digest_at
        self.initial["digest_at"] = policy.digest_at
        if lost := time_zones.lost(policy.time_zone):
            self.initial["time_zone"], self.fields["time_zone"].help_text = "UTC", f"{lost} Choose another one."
        self._about_stored("apprise_url", policy.apprise_url, ["forget_apprise"])
        self._about_stored("webhook_url", policy.webhook_url, ["forget_webhook", "new_secret"])
        self.stands_for({name: getattr(policy, name) for name in KEPT})

    def _about_stored(self, field: str, url: str, boxes: list[str]) -> None:
        if url:
            self.fields[field].help_text = f"Stored: {_shown(url)}. Leave this empty to keep it."
            return
        for box in boxes:
            del self.fields[box]

    def clean_apprise_url(self) -> str:
        return _usable(self.cleaned_data["apprise_url"], apprise.trouble_with)

    def clean_webhook_url(self) -> str:
        return _usable(self.cleaned_data["webhook_url"], webhook.trouble_with)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "quiet_from" in data and "quiet_to" in data:
            begins, ends = data["quiet_from"], data["quiet_to"]
            if (begins is None) != (ends is None):
                missing = "quiet_from" if begins is None else "quiet_to"
                self.add_error(missing, "Quiet hours need a beginning and an end. Fill in both, or none.")
            elif begins is not None and begins == ends:
                self.add_error("quiet_to", "Quiet hours must end at another time than they begin.")
        return super().clean()

    def changed_policy(self) -> AlertPolicy:
        """The policy with what the form says; not stored yet."""
        policy, data = self.policy, self.cleaned_data
        for name in KEPT:
            setattr(policy, name, data[name])
        policy.apprise_url = data["apprise_url"] or ("" if data.get("forget_apprise") else policy.apprise_url)
        policy.webhook_url = data["webhook_url"] or ("" if data.get("forget_webhook") else policy.webhook_url)
        if data.get("new_secret"):
            policy.webhook_secret = ""
        return policy


def _usable(url: str, trouble_with: Any) -> str:
    why = trouble_with(url) if url else ""
    if why:
        raise ValidationError(why)
    return url


def _shown(url: str) -> str:
    """Enough to recognise it by; paths, users and queries may hold secrets, and so may an Apprise host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" if parts.scheme in ("http", "https") else f"{parts.scheme}://…"
