"""The form for a list of addresses."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from teams.access import preset_team, teams_of
from teams.models import Role, Team

from .pasted import Pasted, read


class ListForm(forms.Form):
    """A pasted list, and the team of what names none."""

    text = forms.CharField(
        label="Addresses",
        strip=False,
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autofocus": True, "class": "textarea mono"}),
        error_messages={"required": "Paste at least one address, such as http://gpu-1:11434."},
    )
    team = forms.ModelChoiceField(
        label="Team",
        queryset=Team.objects.none(),
        help_text="For all that name no team of their own.",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose one of your teams."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.queryset, preset = teams_of(user, Role.OPERATOR), preset_team(user, self.initial.get("team", ""))
        self.initial["team"], team.empty_label = preset, None if preset else "Choose a team"

    def clean_text(self) -> list[Pasted]:
        try:
            return read(self.cleaned_data["text"])
        except ValueError as error:
            raise ValidationError(str(error)) from None
