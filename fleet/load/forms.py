"""The forms of load: what a team promises and judges by, and what it states of one endpoint."""

from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from django import forms

from core import time_zones
from core.form_fields import LinesField, LongSelect, number
from core.stale import OpenedForm

from ..evidence.target import PRESETS, Target
from ..evidence.thresholds import RULES, Rule, Thresholds
from ..models import EndpointLoad, TeamLoad
from ..models.load import TargetFields
from ..verdict.canary_due import MEASURING_COSTS
from . import settings

TARGET = ("first_token", "between_tokens", "whole", "share")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST_WINDOW = 14
"""Days: older hours are kept as days, which have no office hours."""

PAIRS = (
    ("least_days", "window_days", "A window of {1} days never has {0} of them."),
    ("waited_fine", "waited_much", "What is fine must be less than what is too many, which is {1} %."),
    ("wait_fine", "wait_long", "What is fine must be less than what is too long, which is {1} s."),
    ("idle_hours", "spare_hours", "It must be less than what leaves room to spare, which is {1} %."),
)
"""Thresholds of which the first must be less than the second, or be equal to it."""

REASONS = "LoRA adapters, tool parsers, tensor parallelism, FP8 or AWQ weights, structured output, growth to come"


def _seconds(label: str, help_text: str) -> Any:
    return number(label, 0.001, 3600, help_text, forms.FloatField, required=False)


class TargetForm(OpenedForm):
    """A service target. A preset fills it in and saves nothing, so all that was typed stays."""

    first_token = _seconds("First token (s)", "Empty: nothing is promised.")
    between_tokens = _seconds("Between tokens (s)", "Empty: nothing is promised.")
    whole = _seconds("Whole answer (s)", "Empty: nothing is promised.")
    share = number("Share to meet (%)", 50, 100, "Of the requests. Empty: 95.", forms.FloatField, required=False)

    def __init__(self, data: Any, row: TargetFields, **initial: Any) -> None:
        self.preset = PRESETS.get(data.get("preset", "")) if data else None
        if self.preset:
            data = data.copy()
            data.update({name: _plain(getattr(self.preset, name)) for name in TARGET})
        super().__init__(data, initial={name: getattr(row, name) for name in TARGET} | initial)
        self.row = row

    @property
    def presets(self) -> dict[str, Target]:
        """Name -> target, for the buttons."""
        return PRESETS

    def is_valid(self) -> bool:
        """Never where a preset was asked for: the form is shown again with its numbers."""
        return super().is_valid() and not self.preset

    def changed_row(self) -> Any:
        """The row with what the form says; not stored yet."""
        for name in TARGET:
            setattr(self.row, name, self.cleaned_data[name])
        return self.row


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


class TeamLoadForm(TargetForm):
    """A team's target, office hours, thresholds, and how it gets verdicts."""

    row: TeamLoad

    zone = forms.ChoiceField(
        label="Time zone", choices=lambda: [(name, name) for name in sorted(time_zones.known())], widget=LongSelect,
        error_messages={"invalid_choice": "Choose a time zone of the list.", "required": "Choose a time zone."},
    )  # fmt: skip
    first_hour = number("Office hours from", 0, 23, "")
    last_hour = number("Until", 1, 24, "The first hour that is none any more.")
    days = forms.TypedMultipleChoiceField(
        label="Days", choices=list(enumerate(DAYS)), coerce=int, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )  # fmt: skip
    at_once = forms.BooleanField(label="Mail firm verdicts at once", required=False)

    def __init__(self, data: Any, team: TeamLoad) -> None:
        limits = asdict(team.limits())
        days = list(team.office().days)
        plain = {name: getattr(team, name) for name in ("zone", "first_hour", "last_hour", "at_once")}
        super().__init__(data, team, days=days, **plain, **limits)
        for name, rule in RULES.items():
            self.fields[name] = _threshold(name, rule)
        if lost := time_zones.lost(team.zone):
            self.initial["zone"], self.fields["zone"].help_text = "UTC", f"{lost} Choose another one."
        stored = settings.values(team) | {"days": days} | limits
        self.stands_for({name: stored[name] for name in self.fields if name in stored})

    @property
    def thresholds(self) -> list[tuple[forms.BoundField, Rule, str]]:
        """Each threshold's field, with what it is about and its default with its unit."""
        default = asdict(Thresholds())
        return [(self[name], rule, f"{default[name]:g} {rule.unit}".strip()) for name, rule in RULES.items()]

    @property
    def thresholds_open(self) -> bool:
        """Whether their folded part needs attention: one is wrong, or not the default."""
        return bool(self.row.thresholds) or any(name in self.errors for name in RULES)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "first_hour" in data and "last_hour" in data and data["first_hour"] >= data["last_hour"]:
            self.add_error("last_hour", "Office hours must end after they begin.")
        for low, high, sentence in PAIRS:
            if low in data and high in data and data[low] > data[high]:
                self.add_error(low, sentence.format(f"{data[low]:g}", f"{data[high]:g}"))
        return super().clean()

    def changed_row(self) -> TeamLoad:
        row: TeamLoad = super().changed_row()
        default, data = asdict(Thresholds()), self.cleaned_data
        for name in ("zone", "first_hour", "last_hour", "days", "at_once"):
            setattr(row, name, data[name])
        row.thresholds = {name: data[name] for name in RULES if data[name] != default[name]}
        return row


def _threshold(name: str, rule: Rule) -> forms.Field:
    whole = next(each.type is int for each in fields(Thresholds) if each.name == name)
    high = LONGEST_WINDOW if rule.unit == "days" else 100 if rule.unit == "%" else 3600 if rule.unit == "s" else 100_000
    kind = forms.IntegerField if whole else forms.FloatField
    return number(f"{rule.words[0].upper()}{rule.words[1:]}", int(whole), high, "", kind)


class EndpointLoadForm(TargetForm):
    """What a team states of one endpoint, since no probe can see it."""

    slots = number(
        "Slots (OLLAMA_NUM_PARALLEL)", 1, 1000, "As the server was started with it. Empty: not known.", required=False
    )
    slots_since = forms.DateTimeField(
        label="Set to this since (UTC)", required=False,
        help_text="Figures before and after it are compared. Empty: now, when the slots change.",
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Enter a date and a time of the day, such as 2026-11-18 14:30."},
    )  # fmt: skip
    can_move = forms.TypedChoiceField(
        label="A machine for vLLM is there", required=False, empty_value=None,
        choices=[("", "not known"), ("yes", "yes"), ("no", "no")], coerce=lambda text: text == "yes",
        help_text="Decides between “outgrown” and “cannot move”.",
        error_messages={"invalid_choice": "Choose yes, no or not known."},
    )  # fmt: skip
    reasons = LinesField(
        label="Reasons that justify vLLM though it is idle", required=False,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=f"One per line, such as: {REASONS}.",
    )  # fmt: skip
    measures_waits = forms.BooleanField(label="Measure waits", required=False, help_text=MEASURING_COSTS)

    def __init__(self, data: Any, own: EndpointLoad) -> None:
        names = ("slots", "slots_since", "reasons", "measures_waits")
        moved = "" if own.can_move is None else "yes" if own.can_move else "no"
        super().__init__(data, own, can_move=moved, **{name: getattr(own, name) for name in names})
        self.fields["share"].help_text = "Of the requests. Empty: as the team has it."
        for name in ("first_token", "between_tokens", "whole"):
            self.fields[name].help_text = "All empty: the team's target."
        self.stands_for(settings.values(own))

    def clean_reasons(self) -> list[str]:
        reasons: list[str] = self.cleaned_data["reasons"]
        if len(reasons) > 20 or any(len(reason) > 200 for reason in reasons):
            raise forms.ValidationError("Name at most 20 reasons, each with at most 200 characters.")
        return reasons

    def clean_slots_since(self) -> datetime | None:
        since: datetime | None = self.cleaned_data["slots_since"]
        if since and since > datetime.now(UTC):
            raise forms.ValidationError("This is in the future. Enter when the server was started with these slots.")
        return since

    def changed_row(self) -> EndpointLoad:
        row: EndpointLoad = super().changed_row()
        data, before = self.cleaned_data, row.slots
        for name in ("slots", "slots_since", "can_move", "reasons", "measures_waits"):
            setattr(row, name, data[name])
        if row.slots != before and ("slots_since" not in self.changed_data or not row.slots_since):
            row.slots_since = datetime.now(UTC)
        if row.slots is None:
            row.slots_since = None
        return row
