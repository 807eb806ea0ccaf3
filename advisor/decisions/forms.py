"""The forms about decisions."""

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from core import dates
from fleet.models import Endpoint
from teams.access import preset_team, teams_of
from teams.models import Role, Team

from ..models import Decision
from ..models.decision import Choice
from .covered import engine_name, with_another_engine
from .draft import advised
from .frozen_advice import ADVISED

NO_COLUMNS = ("team", "endpoints", "other_engines")
"""Fields of the form that are no text of the decision."""

MARKDOWN = "Markdown: **bold**, lists, [links](https://example.org)."


def _text(label: str, help_text: str = "", rows: int = 4) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    too_long = {"max_length": "This is longer than 20,000 characters. Link to the long version instead."}
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=20_000, widget=widget, error_messages=too_long
    )


def _in_range(day: date) -> None:
    if trouble := dates.trouble_with(day):
        raise ValidationError(trouble)


def _day(label: str, help_text: str = "", required: bool = False) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    wrong = dict.fromkeys(("required", "invalid"), "Write a day like 2026-11-30.")
    return forms.DateField(
        label=label, help_text=help_text, required=required, widget=widget, error_messages=wrong, validators=[_in_range]
    )


class EndpointChoice(forms.ModelMultipleChoiceField):
    """Endpoints with their engines, and with their addresses, so that two of the same name can be distinguished."""

    def label_from_instance(self, endpoint: Any) -> str:
        return f"{endpoint.name}: {engine_name(endpoint)} ({endpoint.team}, {endpoint.url})"


class DecisionForm(forms.Form):
    """Everything people write about a decision. The advice itself is not in it: nobody can type another."""

    team = forms.ModelChoiceField(
        label="Team", queryset=Team.objects.none(), empty_label=None,
        help_text="Its members see the decision; its addresses get a mail when the review is due.",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose one of your teams."),
    )  # fmt: skip
    title = forms.CharField(
        label="Title", max_length=160, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="What was decided, in one line.",
        error_messages={
            "required": "Write in one line what was decided.", "max_length": "A title has at most 160 characters.",
        },
    )  # fmt: skip
    choice = forms.ChoiceField(
        label="We choose", choices=[("", "choose"), *Choice.choices],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose what the team has decided for."),
    )  # fmt: skip
    follows_advice = forms.ChoiceField(
        label="And the advice?", widget=forms.RadioSelect, initial="yes",
        choices=[("yes", "We follow the advice"), ("no", "We decide otherwise")],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose whether you follow the advice."),
    )  # fmt: skip
    why_not = _text("We decide otherwise, because", "Needed only then.", rows=3)
    context = _text("Context", f"What made the question come up. {MARKDOWN}")
    rationale = _text("Why", MARKDOWN, rows=6)
    consequences = _text("Consequences", f"What becomes easier, what becomes harder. {MARKDOWN}")
    confirmation = _text("Confirmation", f"How you will see that it holds. {MARKDOWN}", rows=3)
    endpoints = EndpointChoice(
        label="Endpoints it covers", required=False, queryset=Endpoint.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose endpoints of your own teams; one of these is gone or another's."},
    )  # fmt: skip
    other_engines = forms.BooleanField(label="Cover endpoints with another engine all the same", required=False)
    deciders = forms.CharField(label="Decided by", required=False, max_length=400)
    decided_on = _day("Decided on", required=True)
    review_by = _day("Review by", "The team gets a mail on that day.")
    revisit_when = _text("Review earlier when", rows=3)

    def __init__(self, *args: Any, user: User, outcome: str, decision: Decision | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome, self.decision = outcome, decision
        self.unlike: list[Endpoint] = []  # that are ticked though another engine answers there
        teams = teams_of(user, Role.OPERATOR)
        self._choices("endpoints").queryset = Endpoint.objects.filter(team__in=teams).select_related("team", "state")
        if decision:
            del self.fields["team"]
        else:
            self._choices("team").queryset = teams
            preset = self.initial.get("team") or preset_team(user)
            self.initial["team"] = preset
            self._choices("team").empty_label = None if preset else "Choose a team"

    def _choices(self, name: str) -> Any:
        return self.fields[name]

    def clean_follows_advice(self) -> bool:
        return self.cleaned_data["follows_advice"] == "yes"

    def clean(self) -> dict[str, Any]:
        """What only makes sense together."""
        values = self.cleaned_data
        follows, choice, expected = values.get("follows_advice"), values.get("choice"), ADVISED[self.outcome]
        if follows is False and not values.get("why_not", "").strip():
            self.add_error("why_not", "Give the reason why you decide otherwise: whoever reads this later will ask.")
        if follows and choice and expected and choice not in expected:
            wanted = advised(self.outcome)
            self.add_error(
                "follows_advice", f"The advice was: {wanted}. Choose that, or give the reason why you decide otherwise."
            )
        if follows and values.get("why_not", "").strip():
            self.add_error("follows_advice", "You wrote why you decide otherwise. Choose that, or empty the box below.")
        decided, review = values.get("decided_on"), values.get("review_by")
        if isinstance(decided, date) and isinstance(review, date) and review <= decided:
            self.add_error("review_by", "The review comes after the decision. Choose a later day, or none.")
        team = self.decision.team if self.decision else values.get("team")
        others = [endpoint.name for endpoint in values.get("endpoints") or () if team and endpoint.team_id != team.pk]
        if others:
            self.add_error("endpoints", f"These belong to another team than {team}: {', '.join(others)}.")
        self.unlike = with_another_engine(values.get("endpoints") or (), choice or "")
        if choice and self.unlike and not values.get("other_engines"):
            named = ", ".join(f"{each.name} ({engine_name(each)})" for each in self.unlike)
            self.add_error(
                "endpoints",
                f"The choice is {Choice(choice).label}, and another engine answers at {named}. Untick what the "
                f"decision is not about, or tick “{self.fields['other_engines'].label}”.",
            )
        return values

    def body(self) -> dict[str, Any]:
        """The columns of a Decision that people write."""
        return {name: value for name, value in self.cleaned_data.items() if name not in NO_COLUMNS}


def initial_of(decision: Decision) -> dict[str, Any]:
    """The form's values for a decision that is there."""
    values = {name: getattr(decision, name) for name in DecisionForm.base_fields if name not in NO_COLUMNS}
    values["follows_advice"] = "yes" if decision.follows_advice else "no"
    return values | {"endpoints": list(decision.endpoints.values_list("pk", flat=True))}


class ReviewForm(forms.Form):
    """The decision still holds, and when it is to be reviewed next."""

    next_on = _day("Next review by", required=True)
    note = forms.CharField(
        label="What you reviewed", required=False, max_length=400,
        error_messages={"max_length": "A note has at most 400 characters."},
    )  # fmt: skip
