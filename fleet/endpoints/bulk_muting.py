"""The actions of `bulk` that keep people from being notified, and what undoes them. `kept` is as `bulk.Kept`."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from ..incidents import actions as incident_actions
from ..models import Endpoint, Incident, MaintenanceWindow, Silence
from ..muting import actions as muting

Row = TypeVar("Row")


def acknowledge(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> dict[int, Any]:
    """Acknowledges the open incidents of the endpoints."""
    wanted = Incident.objects.open().filter(endpoint__in=endpoints)
    taken = incident_actions.acknowledge_all(wanted, user.get_username(), values["note"], values["until"])
    return {each.endpoint_id: each.pk for each in taken}


def unacknowledge(endpoints: list[Endpoint], user: User, kept: dict[int, Any]) -> None:
    """Releases the incidents, where the person is still the one who acknowledged them."""
    rows = Incident.objects.open().filter(pk__in=[kept[each.pk] for each in endpoints])
    own = rows.acknowledged(datetime.now(UTC)).filter(acknowledged_by=user.get_username())
    if len(incident_actions.unacknowledge_all(own, user.get_username())) < len(endpoints):
        raise ValidationError("It is resolved, or not acknowledged by you any more.")


def not_to_acknowledge(endpoint: Endpoint) -> str:
    """Why its open incident is not acknowledged with others, or ""."""
    found = next((each for each in endpoint.incidents.all() if each.resolved_at is None), None)
    if found is None:
        return "It has no open incident."
    return f"It is acknowledged by {found.acknowledged_by} already." if found.is_acknowledged else ""


def silence(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> dict[int, Any]:
    """Silences each of them as muting does."""
    running = Silence.objects.filter(endpoint__in=endpoints, ends_at__gt=datetime.now(UTC)).order_by("ends_at")
    until = {pk: end.isoformat() for pk, end in running.values_list("endpoint_id", "ends_at")}
    wanted = [Silence(team=each.team, endpoint=each) for each in endpoints]
    made = muting.silence_all(wanted, user, ends_at=values["until"], reason=values["reason"])
    pairs = zip(endpoints, made, strict=True)
    return {each.pk: {"silence": silence.pk, "until": until.get(each.pk)} for each, silence in pairs}


def end_silence(endpoints: list[Endpoint], user: User, kept: dict[int, Any]) -> None:
    """Ends the silences, or gives those that ran before their end back."""
    before = {kept[each.pk]["silence"]: kept[each.pk]["until"] for each in endpoints}
    there = Silence.objects.select_related("team", "endpoint").filter(pk__in=before, endpoint__in=endpoints)
    for ended, silences in alike(there, lambda one: before[one.pk]).items():
        until = parse_datetime(ended) if ended else None
        if until and until > datetime.now(UTC):
            muting.silence_all(
                [Silence(team=each.team, endpoint=each.endpoint) for each in silences], user, ends_at=until
            )
        else:
            muting.end_silences(silences, user)


def plan(endpoints: list[Endpoint], user: User, values: dict[str, Any]) -> dict[int, Any]:
    """Plans maintenance for each of them; what was planned already is kept when it is undone."""
    there = set(MaintenanceWindow.objects.filter(endpoint__in=endpoints).values_list("pk", flat=True))
    made = muting.plan_all([MaintenanceWindow(team=each.team, endpoint=each) for each in endpoints], user, **values)
    pairs = zip(endpoints, made, strict=True)
    return {each.pk: None if window.pk in there else window.pk for each, window in pairs}


def unplan(endpoints: list[Endpoint], user: User, kept: dict[int, Any]) -> None:
    """Removes the maintenance that was planned."""
    pks = [kept[each.pk] for each in endpoints]
    rows = MaintenanceWindow.objects.select_related("team", "endpoint").filter(pk__in=pks, endpoint__in=endpoints)
    muting.remove_windows(list(rows), user)


def alike(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """The rows by what is the same of them."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
