"""The forms of silences and maintenance. What is allowed is decided by fleet.muting.actions."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from core import time_zones
from core.form_fields import LongSelect, Suggested
from core.natural_order import Natural
from teams.access import teams_of
from teams.models import Role, Team

from ..engines.registry import label
from ..models import Endpoint, MaintenanceWindow
from ..verdict.status import TROUBLE

OWN, NEXT_MORNING, TOMORROW = "own", "morning", "tomorrow"
MORNINGS = ((NEXT_MORNING, "until the next 9:00"), (TOMORROW, "until tomorrow, 9:00"))
"""Choices of `morning`. Between midnight and 9:00 they differ; the page's script names the first by the day it is."""
_LENGTHS = (("30", "30 minutes"), ("60", "1 hour"), ("240", "4 hours"), ("1440", "1 day"), ("10080", "7 days"))


class WallTime(forms.Field):
    """Date and time on a clock whose zone another field names; a naive datetime in Python."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: str | None) -> datetime | None:
        if not value:
            return None
        try:
            found = parse_datetime(value)
        except ValueError:
            found = None
        if found is None or found.tzinfo:
            raise ValidationError("Write date and time like 2026-11-22 14:30.")
        return found


class ZoneMixin(forms.Form):
    """Times in the reader's zone: the page's script fills it in, and without one it is the installation's."""

    zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput(attrs={"data-zone": ""}))

    def clean_zone(self) -> str:
        return zone_name(self.cleaned_data["zone"] or settings.TIME_ZONE)

    def own_time(self, field: str) -> datetime | None:
        wall, zone = self.cleaned_data.get(field), self.cleaned_data.get("zone")
        if wall is None and field not in self.errors:
            self.add_error(field, "Choose the day and the time.")
        return time_zones.moment(wall, time_zones.named(zone), datetime.now(UTC)) if wall and zone else None


class EndMixin(ZoneMixin):
    """Asks until when, as a length or as a time of its own; `until` of a form that is valid is that moment."""

    lasts = forms.ChoiceField(label="How long", choices=(*_LENGTHS, (OWN, "until ...")), initial="60")
    ends_at = WallTime(label="Own end", required=False)

    def clean(self) -> dict[str, Any]:
        lasts, now = self.cleaned_data.get("lasts"), datetime.now(UTC)
        if lasts == OWN:
            self.cleaned_data["until"] = self.own_time("ends_at")
        elif lasts in (NEXT_MORNING, TOMORROW):
            self.cleaned_data["until"] = morning(lasts, self.cleaned_data.get("zone", ""))
        elif lasts:
            self.cleaned_data["until"] = now + timedelta(minutes=int(lasts))
        return self.cleaned_data


def morning(choice: str, zone_name: str) -> datetime:
    """The 9:00 that one of MORNINGS means by the clock of the zone, aware. An unknown zone counts as UTC."""
    zone = time_zones.named(zone_name)
    now = datetime.now(zone)
    today = choice == NEXT_MORNING and now.hour < 9
    return time_zones.moment(datetime.combine(now.date() + timedelta(days=not today), time(9)), zone)


def zone_name(name: str) -> str:
    """The name of the time zone that is meant; raises ValidationError where none is."""
    if not (found := time_zones.meant(name)):
        raise ValidationError(time_zones.unknown(name))
    return found


def note_field(label: str, longest: int, rows: int = 2) -> forms.CharField:
    """A text of at most `longest` characters that may be left empty."""
    too_long = {"max_length": f"At most {longest} characters."}
    widget = forms.Textarea(attrs={"class": "textarea", "rows": rows})
    return forms.CharField(label=label, required=False, max_length=longest, widget=widget, error_messages=too_long)


@dataclass(frozen=True, slots=True)
class Target:
    """What a silence or maintenance is about: an endpoint, an engine of the team, or all of it."""

    team: Team
    endpoint: Endpoint | None = None
    engine: str = ""

    @property
    def value(self) -> str:
        """As the form sends it."""
        if self.endpoint:
            return f"endpoint-{self.endpoint.pk}"
        return f"engine-{self.team.pk}-{self.engine}" if self.engine else f"team-{self.team.pk}"

    @property
    def label(self) -> str:
        if self.endpoint:
            return self.endpoint.name
        return f"all {label(self.engine)} of {self.team}" if self.engine else f"all of {self.team}"


def targets(user: Any, engines: bool) -> dict[str, Target]:
    """All that the person may silence or work on, by the value that the form sends."""
    by_team: dict[int, list[Target]] = defaultdict(list)
    teams = {team.pk: team for team in teams_of(user, Role.OPERATOR)}
    seen: dict[int, set[str]] = defaultdict(set)
    columns = ("team", "name", "engine", "state__engine")
    for endpoint in (
        Endpoint.objects.filter(team__in=teams).select_related("state").only(*columns).order_by(Natural("name"))
    ):
        by_team[endpoint.team_id].append(Target(teams[endpoint.team_id], endpoint))
        seen[endpoint.team_id].add(endpoint.state.engine or endpoint.engine)
    found = []
    for pk, team in teams.items():
        named = sorted(seen[pk] - {""}) if engines else []
        found += [Target(team), *(Target(team, None, engine) for engine in named), *by_team[pk]]
    return {target.value: target for target in found}


class TargetMixin(forms.Form):
    """Asks what it is about, among what the person's teams own."""

    engines = False
    columns: dict[str, str] = {}  # what the actions call a field -> its name here where that is another

    target = forms.ChoiceField(
        label="Endpoints",
        widget=LongSelect,
        error_messages={"invalid_choice": "Choose one of the list.", "required": "Choose what it is about."},
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.targets = targets(user, self.engines)
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for value, target in self.targets.items():
            groups[target.team.name].append((value, target.label))
        # Nothing is chosen at first: a whole team is not to be silenced by oversight.
        self.fields["target"].choices = [("", "Choose ..."), *groups.items()]  # type: ignore[attr-defined]

    def chosen(self) -> Target:
        """The target of a form that is valid."""
        return self.targets[self.cleaned_data["target"]]

    def take(self, error: ValidationError) -> None:
        """Puts what actions.silence or actions.plan refused at the fields that it is about."""
        mistakes = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for column, messages in mistakes.items():
            field = self.columns.get(column, column)
            self.add_error(field if field in self.fields else None, messages)


class SilenceForm(TargetMixin, EndMixin):
    engines = True
    field_order = ("target", "lasts", "ends_at", "reason")

    reason = forms.CharField(
        label="Why", required=False, max_length=200,
        error_messages={"max_length": "At most 200 characters."},
    )  # fmt: skip


class WindowForm(forms.Form):
    """Asks when there is maintenance, and how often."""

    name = forms.CharField(
        label="Title", max_length=80, help_text="Required.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Driver update"}),
        error_messages={"required": "Name what is done, like “Driver update”.", "max_length": "At most 80 characters."},
    )  # fmt: skip
    starts = WallTime(label="From", error_messages={"required": "Choose when it starts."})
    ends = WallTime(label="To", error_messages={"required": "Choose when it ends."})
    repeats = forms.ChoiceField(label="Repeats", choices=MaintenanceWindow.Repeats.choices)
    time_zone = forms.CharField(label="Time zone", max_length=64, widget=Suggested("zones"))
    last_day = forms.DateField(
        label="Last day", required=False, help_text="Of repetitions. Left empty, they go on.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the day like 2026-11-22."},
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["time_zone"]
        zone.widget.values = time_zones.places(settings.TIME_ZONE)
        if not self.is_bound:
            zone.initial = settings.TIME_ZONE
            zone.widget.attrs["data-zone"] = ""
            self.suggest("starts", 1)
            self.suggest("ends", 2)

    def suggest(self, name: str, ahead: int) -> None:
        """The field begins so many full hours ahead, or with the present minute for 0."""
        wall = timezone.localtime().replace(second=0, microsecond=0, tzinfo=None)
        self.fields[name].initial = wall.replace(minute=0) + timedelta(hours=ahead) if ahead else wall
        self.fields[name].widget.attrs["data-hours-ahead"] = ahead  # by the clock of the reader

    def clean_time_zone(self) -> str:
        return zone_name(self.cleaned_data["time_zone"])

    def values(self) -> dict[str, Any]:
        """The arguments of actions.plan but for the endpoint, of a form that is valid."""
        data = self.cleaned_data
        zone = time_zones.named(data["time_zone"])
        starts = time_zones.moment(data["starts"], zone)
        last_day: date | None = data["last_day"]
        return {
            "name": data["name"],
            "starts_at": starts,
            "ends_at": time_zones.moment(data["ends"], zone, starts),
            "repeats": data["repeats"],
            "time_zone": data["time_zone"],
            "last_day": last_day,
        }


class MaintenanceForm(TargetMixin, WindowForm):
    columns = {"starts_at": "starts", "ends_at": "ends"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        target = self.targets.get(self.initial.get("target", ""))
        if not self.is_bound and target and target.endpoint and target.endpoint.state.status in TROUBLE:
            self.suggest("starts", 0)  # it is about what is broken now
