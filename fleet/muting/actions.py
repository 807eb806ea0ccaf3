"""Silencing and planning maintenance: the one way for all pages."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from core import dates, fence, twice
from core.one_line import one_line
from teams import audit, quotas
from teams.models import Team

from ..engines.registry import ENGINES, label
from ..models import Endpoint, Incident, MaintenanceWindow, Silence
from . import checks, limits, marks, windows

SILENCE_MAX = timedelta(days=30)


def silence(
    team: Team, by: User, *, ends_at: datetime, endpoint: Endpoint | None = None, engine: str = "", reason: str = ""
) -> Silence:
    """From now until `ends_at` nobody is notified about the endpoint, the team's endpoints of an engine, or all of it.

    One that is on already for the same gets this end, and the reason where one is given.
    """
    now = datetime.now(UTC)
    if ends_at <= now:
        raise ValidationError({"ends_at": "That time is over already. Choose a later one."})
    if ends_at > now + SILENCE_MAX:
        raise ValidationError(
            {"ends_at": f"A silence lasts {SILENCE_MAX.days} days at most. Pause what is to be left alone for longer."}
        )
    if engine and engine not in ENGINES:
        raise ValidationError({"target": f"“{engine}” is no engine we know."})
    _of_team(team, endpoint)
    reason = one_line(reason, 200)
    covered = {"team": team, "endpoint": endpoint, "engine": engine}
    with transaction.atomic():
        quotas.hold(team)
        made = Silence.objects.filter(**covered, ends_at__gt=now).order_by("ends_at").last()
        if made is None:
            limits.demand_for_silence(team)
            made = Silence(**covered, starts_at=now, created_by=by)
        elif abs(made.ends_at - ends_at) < twice.WITHIN and reason in ("", made.reason):
            return made  # a form that was sent twice
        action = "silence.changed" if made.pk else "silence.started"
        made.ends_at, made.reason = ends_at, reason or made.reason
        made.save()
        _record_rule(action, made, {"until": dates.minute(ends_at), "reason": made.reason})
        # Without the reason: it is for the team, and incidents are read by everyone with FLEET_OPEN=on.
        _note_on_open(_covered(made), f"Silenced until {dates.stamp(ends_at)}: {covers(made)}.", by.get_username())
        marks.refresh_once_committed(_ids(_covered(made)))
    return made


def end_silence(silence: Silence, by: User) -> None:
    """People are notified again, from now on."""
    now = datetime.now(UTC)
    with transaction.atomic():
        if not Silence.objects.filter(pk=silence.pk, ends_at__gt=now).update(ends_at=now):
            raise ValidationError("This silence was over already.")
        _record_rule("silence.ended", silence)
        _note_on_open(_covered(silence), f"The silence of {covers(silence)} was ended.", by.get_username())
        marks.refresh_once_committed(_ids(_covered(silence)))


def plan(
    team: Team,
    by: User,
    *,
    name: str,
    starts_at: datetime,
    ends_at: datetime,
    endpoint: Endpoint | None = None,
    repeats: str = MaintenanceWindow.Repeats.ONCE,
    time_zone: str = "UTC",
    last_day: date | None = None,
) -> MaintenanceWindow:
    """Plans maintenance; `starts_at` and `ends_at` (aware) are those of the first time.

    What is planned once ends when it says. What repeats is as long as its clock shows, also where the first time lies
    over a change of the clock.
    Nobody is notified then, and the time does not count for availability. What is planned already is not planned twice.
    Raises ValidationError with a sentence per field.
    """
    _of_team(team, endpoint)
    starts_at, ends_at = (at.replace(second=0, microsecond=0) for at in (starts_at, ends_at))
    seconds = ends_at.timestamp() - starts_at.timestamp()
    if repeats != MaintenanceWindow.Repeats.ONCE:
        seconds = (ends_at.replace(tzinfo=None) - starts_at.replace(tzinfo=None)).total_seconds()
    window = MaintenanceWindow(
        team=team,
        endpoint=endpoint,
        name=" ".join(name.split()),
        starts_at=starts_at,
        minutes=int(seconds // 60),
        repeats=repeats,
        time_zone=time_zone,
        last_day=last_day,
        created_by=by,
    )
    if errors := checks.wrong(window, ends_at):
        raise ValidationError(errors)
    on = windows.current(window, datetime.now(UTC))
    fields = ("endpoint", "name", "starts_at", "minutes", "repeats", "time_zone", "last_day")
    with transaction.atomic():
        quotas.hold(team)
        same = {name: getattr(window, name) for name in fields}
        if first := MaintenanceWindow.objects.filter(team=team, **same).first():
            return first
        limits.demand_for_window(team)
        window.save()
        _record_rule("maintenance.planned", window, _times(window))
        if on:
            _note_on_open(
                _covered(window), f"Maintenance until {dates.stamp(on[1])}: {window.name}.", by.get_username()
            )
        marks.refresh_once_committed(_ids(_covered(window)))
    return window


def remove_maintenance(window: MaintenanceWindow, by: User) -> None:
    """Removes the window with all its repetitions. One that is on ends now."""
    try:
        on = windows.current(window, datetime.now(UTC))
    except (ValueError, TypeError):
        on = None  # it can't be read, so it was never on
    with transaction.atomic():
        if on:
            _note_on_open(_covered(window), f"The maintenance was ended: {window.name}.", by.get_username())
        ids = _ids(_covered(window))
        _record_rule("maintenance.removed", window, _times(window))
        fence.forget(marks.WINDOWS, str(window.pk))
        window.delete()
        marks.refresh_once_committed(ids)


def covers(rule: Silence | MaintenanceWindow) -> str:
    """What it is about, in words: "gpu-1", "vLLM of Search" or "all of Search"."""
    if rule.endpoint:
        return rule.endpoint.name
    engine = getattr(rule, "engine", "")
    return f"{label(engine)} of {rule.team}" if engine else f"all of {rule.team}"


def _of_team(team: Team, endpoint: Endpoint | None) -> None:
    if endpoint and endpoint.team_id != team.pk:
        raise ValidationError({"target": f"{endpoint.name} belongs to another team."})


def _covered(rule: Silence | MaintenanceWindow) -> QuerySet[Endpoint]:
    if rule.endpoint_id:
        return Endpoint.objects.filter(pk=rule.endpoint_id)
    found = Endpoint.objects.filter(team=rule.team_id)
    engine = getattr(rule, "engine", "")
    return found.filter(Q(state__engine=engine) | Q(state__engine="", engine=engine)) if engine else found


def _ids(endpoints: QuerySet[Endpoint]) -> list[int]:
    return list(endpoints.order_by().values_list("pk", flat=True))


def _note_on_open(endpoints: QuerySet[Endpoint], text: str, author: str) -> None:
    for incident in Incident.objects.open().filter(endpoint__in=endpoints.order_by()):
        incident.note(datetime.now(UTC), text, author)


def _record_rule(action: str, rule: Silence | MaintenanceWindow, detail: dict[str, Any] | None = None) -> None:
    name = f"{rule.name}: {covers(rule)}" if isinstance(rule, MaintenanceWindow) else covers(rule)
    audit.record(action, team=rule.team, what=rule, name=name, detail=detail)


def _times(window: MaintenanceWindow) -> dict[str, Any]:
    return {"from": dates.minute(window.starts_at), "minutes": window.minutes, "repeats": str(window.repeats)}
