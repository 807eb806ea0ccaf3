"""The forms of what people do about an incident. What is allowed is decided by fleet.incidents.actions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from ..muting.forms import MORNINGS, NEXT_MORNING, OWN, TOMORROW, WallTime, ZoneMixin, morning, note_field
from .actions import NOTE_MAX

_ACKNOWLEDGE = (("", "until it is resolved"), ("60", "for 1 hour"), ("240", "for 4 hours"))


class AcknowledgeForm(ZoneMixin):
    """Who is on it is known; for how long, and a note."""

    lasts = forms.ChoiceField(label="How long", required=False, choices=(*_ACKNOWLEDGE, *MORNINGS, (OWN, "until ...")))
    ends_at = WallTime(label="Own end", required=False)
    note = note_field("Note", NOTE_MAX)

    def clean(self) -> dict[str, Any]:
        lasts = self.cleaned_data.get("lasts") or ""
        self.cleaned_data["until"] = self._until(lasts, self.cleaned_data.get("zone") or "UTC")
        return self.cleaned_data

    def _until(self, lasts: str, zone: str) -> datetime | None:
        if lasts == OWN:
            return self.own_time("ends_at")
        if lasts in (NEXT_MORNING, TOMORROW):
            return morning(lasts, zone)
        return datetime.now(UTC) + timedelta(minutes=int(lasts)) if lasts else None


class NoteForm(forms.Form):
    """A line for the timeline."""

    text = note_field("Add a note", NOTE_MAX)
