"""What people do about trouble: acknowledge, note, silence, plan maintenance. The one way for pages and links."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from core import dates, fence, twice
from teams import audit, quotas
from teams.models import Team

from ..engines.registry import ENGINES, label
from ..models import Endpoint, Incident, MaintenanceWindow, Silence
from . import checks, marks, room, windows

NOTE_MAX = 500
"""Characters of a note."""

SILENCE_MAX = timedelta(days=30)
RESOLVED = "It is resolved already: there is nothing left to acknowledge."


def acknowledge(incident: Incident, by: str, text: str = "", until: datetime | None = None) -> None:
    """Says that `by` (a user name or a mail address) is on it, until then or until it is resolved.

    No more reminders go out meanwhile. Raises ValidationError with a sentence for what can't be.
    """
    if not acknowledge_all([incident], by, text, until):
        raise ValidationError(RESOLVED)


def acknowledge_all(
    incidents: Iterable[Incident],
    by: str,
    text: str = "",
    until: datetime | None = None,
    trail: dict[str, Any] | None = None,
) -> int:
    """Acknowledges those of the incidents that are open, and returns how many they were.

    `trail` is what else the audit trail is told, where nobody is signed in.
    """
    text = _tidy(text)
    now = datetime.now(UTC)
    if until is not None and until <= now:
        raise ValidationError({"own": "That time is over already. Choose a later one."})
    if until is not None and (trouble := dates.trouble_with(until)):
        raise ValidationError({"own": trouble})
    taken = {"acknowledged_by": by, "acknowledged_at": now, "acknowledged_until": until, "acknowledged_note": text}
    lasts = f"until {told(until)}" if until else "until it is resolved"
    with transaction.atomic():
        still_open = [incident for incident in incidents if _change_open(incident, **taken)]
        for incident in still_open:
            incident.note(now, f"Acknowledged {lasts}. {text}".strip(), by)
            ends = {"until": _minute(until)} if until else {}
            _record("incident.acknowledged", incident, ends | (trail or {}))
        _refresh(incident.endpoint_id for incident in still_open)
    return len(still_open)


def unacknowledge(incident: Incident, by: str) -> None:
    """Gives it back: reminders go out again."""
    with transaction.atomic():
        gone = {"acknowledged_at": None, "acknowledged_until": None, "acknowledged_note": "", "acknowledged_by": ""}
        if not _change_open(incident, **gone):
            raise ValidationError(RESOLVED)
        incident.note(datetime.now(UTC), "No longer acknowledged.", by)
        _record("incident.unacknowledged", incident)
        _refresh([incident.endpoint_id])


def add_note(incident: Incident, by: str, text: str) -> None:
    """Adds a line of a person's to the timeline, of a resolved incident too."""
    text = _tidy(text)
    if not text:
        raise ValidationError("Write what you found or did.")
    with transaction.atomic():
        incident.note(datetime.now(UTC), text, by)
        _record("incident.noted", incident)


def silence(
    team: Team, by: User, *, ends_at: datetime, endpoint: Endpoint | None = None, engine: str = "", reason: str = ""
) -> Silence:
    """From now until `ends_at` nobody is told about the endpoint, the team's endpoints of an engine, or all of it.

    The same one again a moment later is a form that was sent twice: it is the first one then.
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
    made = Silence(team=team, endpoint=endpoint, engine=engine, starts_at=now, ends_at=ends_at, created_by=by)
    made.reason = _tidy(reason, 200)
    same: dict[str, Any] = {
        "team": team,
        "endpoint": endpoint,
        "engine": engine,
        "created_by": by,
        "reason": made.reason,
    }
    same |= {"starts_at__gt": now - twice.WITHIN, "ends_at__range": (ends_at - twice.WITHIN, ends_at + twice.WITHIN)}
    with transaction.atomic():
        quotas.hold(team)
        if first := Silence.objects.filter(**same).first():
            return first
        room.demand_for_silence(team)
        made.save()
        _record_rule("silence.started", made, {"until": _minute(ends_at), "reason": made.reason})
        # Without the reason: it is for the team, and incidents are read by everyone with FLEET_OPEN=on.
        _note_on_open(_covered(made), f"Silenced until {told(ends_at)}: {covers(made)}.", by.get_username())
        _refresh(_ids(_covered(made)))
    return made


def end_silence(silence: Silence, by: User) -> None:
    """People are told again, from now on."""
    now = datetime.now(UTC)
    with transaction.atomic():
        if not Silence.objects.filter(pk=silence.pk, ends_at__gt=now).update(ends_at=now):
            raise ValidationError("This silence was over already.")
        _record_rule("silence.ended", silence)
        _note_on_open(_covered(silence), f"The silence of {covers(silence)} was ended.", by.get_username())
        _refresh(_ids(_covered(silence)))


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
    Nobody is told then, and the time does not count for availability. One that is planned already is not planned again.
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
        room.demand_for_window(team)
        window.save()
        _record_rule("maintenance.planned", window, _times(window))
        if on:
            _note_on_open(_covered(window), f"Maintenance until {told(on[1])}: {window.name}.", by.get_username())
        _refresh(_ids(_covered(window)))
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
        _refresh(ids)


def covers(rule: Silence | MaintenanceWindow) -> str:
    """What it is about, in words: "gpu-1", "vLLM of Search" or "all of Search"."""
    if rule.endpoint:
        return rule.endpoint.name
    engine = getattr(rule, "engine", "")
    return f"{label(engine)} of {rule.team}" if engine else f"all of {rule.team}"


def told(at: datetime) -> str:
    """A moment in a sentence, in the installation's time zone: "22 Nov, 14:30 UTC"."""
    local = timezone.localtime(at)
    return f"{local.day} {local:%b, %H:%M} {local.tzname()}"


def _tidy(text: str, longest: int = NOTE_MAX) -> str:
    text = " ".join(text.split())
    if len(text) > longest:
        raise ValidationError(f"A note has at most {longest} characters; this one has {len(text)}.")
    return text


def _of_team(team: Team, endpoint: Endpoint | None) -> None:
    if endpoint and endpoint.team_id != team.pk:
        raise ValidationError({"target": f"{endpoint.name} belongs to another team."})


def _change_open(incident: Incident, **columns: object) -> int:
    """Changes the incident if it is still open at this moment."""
    return Incident.objects.filter(pk=incident.pk, resolved_at=None).update(**columns)


def _covered(rule: Silence | MaintenanceWindow) -> QuerySet[Endpoint]:
    if rule.endpoint_id:
        return Endpoint.objects.filter(pk=rule.endpoint_id)
    found = Endpoint.objects.filter(team=rule.team_id)
    engine = getattr(rule, "engine", "")
    return found.filter(Q(state__engine=engine) | Q(state__engine="", engine=engine)) if engine else found


def _ids(endpoints: QuerySet[Endpoint]) -> list[int]:
    return list(endpoints.order_by().values_list("pk", flat=True))


def _note_on_open(endpoints: QuerySet[Endpoint], text: str, author: str) -> None:
    for incident in Incident.objects.filter(resolved_at=None, endpoint__in=endpoints.order_by()):
        incident.note(datetime.now(UTC), text, author)


def _record(action: str, incident: Incident, detail: dict[str, Any] | None = None) -> None:
    """What was written in a note stays in the incident's timeline, where it can be removed with it."""
    endpoint = incident.endpoint
    audit.record(action, team=endpoint.team, what=incident, name=f"{endpoint} ({incident.pk})", detail=detail)


def _record_rule(action: str, rule: Silence | MaintenanceWindow, detail: dict[str, Any] | None = None) -> None:
    name = f"{rule.name}: {covers(rule)}" if isinstance(rule, MaintenanceWindow) else covers(rule)
    audit.record(action, team=rule.team, what=rule, name=name, detail=detail)


def _times(window: MaintenanceWindow) -> dict[str, Any]:
    return {"from": _minute(window.starts_at), "minutes": window.minutes, "repeats": str(window.repeats)}


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _refresh(endpoint_ids: Iterable[int]) -> None:
    """Once it is committed, since refresh reads what is stored."""
    ids = list(endpoint_ids)
    transaction.on_commit(lambda: marks.refresh(ids))
