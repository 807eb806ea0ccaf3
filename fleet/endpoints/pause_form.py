"""The form that asks how long an endpoint is paused."""

from django import forms
from django.core.exceptions import ValidationError

from ..muting.forms import MORNINGS, OWN, EndMixin

_LENGTHS = (
    ("", "until somebody resumes it"),
    ("60", "1 hour"),
    ("240", "4 hours"),
    *MORNINGS,
    (OWN, "until ..."),
)


class PauseForm(EndMixin):
    """`until` is None for a pause that somebody ends."""

    lasts = forms.ChoiceField(label="How long", required=False, initial="", choices=_LENGTHS)

    def take(self, error: ValidationError) -> None:
        """Puts what endpoints.pause refused at the field that it is about."""
        self.add_error("ends_at", error.message_dict["ends_at"])
