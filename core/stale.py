"""Two tabs with one form: the second save does not undo the first one in silence."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

CHANGED = (
    "Somebody changed this since the page was opened ({fields}), so nothing is saved yet. Compare with what is stored "
    "now in another tab. Saving again puts your values in its place."
)


class OpenedForm(forms.Form):
    """A form about something that is stored already. Its template shows the hidden field `opened`.

    Another save since the form was opened is an error, once: the page that says so stands for what is stored by then.
    """

    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    changed_meanwhile: tuple[str, ...] = ()

    def stands_for(self, stored: Mapping[str, Any]) -> None:
        """To be called at the end of `__init__`, with the values that the form would put in place of others."""
        marks = {name: blake2b(repr(value).encode(), digest_size=4).hexdigest() for name, value in stored.items()}
        self.initial["opened"] = now = " ".join(f"{name}={mark}" for name, mark in sorted(marks.items()))
        before = self.data.get("opened") or now
        moved = set(now.split()) - set(before.split())
        self.changed_meanwhile = tuple(sorted(one.partition("=")[0] for one in moved))
        if moved:
            data: Any = self.data.copy()  # type: ignore[attr-defined]
            data["opened"] = now
            self.data = data

    def clean(self) -> dict[str, Any]:
        if self.changed_meanwhile:
            labels = (str(self.fields[name].label) for name in self.changed_meanwhile if name in self.fields)
            raise ValidationError(CHANGED.format(fields=", ".join(labels)))
        return self.cleaned_data
