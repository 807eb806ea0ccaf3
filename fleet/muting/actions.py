"""Silencing and planning maintenance: the one way for all pages."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from core import dates, fence, twice
from core.one_line import one_line
from teams import audit, quotas
from teams.models import Team

from ..engines.registry import ENGINES, label
from ..models import Endpoint, Incident, MaintenanceWindow, Silence, note_each
from . import checks, limits, marks, windows

Rule = TypeVar("Rule", Silence, MaintenanceWindow)

SILENCE_MAX = timedelta(days=30)

ALIKE = {
    Silence: ("team_id", "created_by_id", "ends_at", "reason"),
    MaintenanceWindow: (
        "team_id", "created_by_id", "name", "starts_at", "minutes", "repeats", "time_zone", "last_day",
    ),
}  # fmt: skip
"""What is the same of rules that were made for many endpoints at once."""


def silence(
    team: Team, by: User, *, ends_at: datetime, endpoint: Endpoint | None = None, engine: str = "", reason: str = ""
) -> Silence:
    """From now until `ends_at` nobody is notified about the endpoint, the team's endpoints of an engine, or all of it.

    One that is on already for the same gets this end, and the reason where one is given.
    """
    _of_team(team, endpoint)
    if engine and engine not in ENGINES:
        raise ValidationError({"target": f"“{engine}” is no engine we know."})
    return silence_all([Silence(team=team, endpoint=endpoint, engine=engine)], by, ends_at=ends_at, reason=reason)[0]


def silence_all(wanted: list[Silence], by: User, *, ends_at: datetime, reason: str = "") -> list[Silence]:
    """As `silence`, for each of these, which have their team, endpoint and engine; in a number of statements that only
    grows with the teams. Returns those that are in force, in that order."""
    now = datetime.now(UTC)
    if ends_at <= now:
        raise ValidationError({"ends_at": "That time is over already. Choose a later one."})
    if ends_at > now + SILENCE_MAX:
        raise ValidationError(
            {"ends_at": f"A silence lasts {SILENCE_MAX.days} days at most. Pause what is to be left alone for longer."}
        )
    reason = one_line(reason, 200)
    teams = {each.team for each in wanted}
    with transaction.atomic():
        quotas.hold(*teams)
        running = Silence.objects.filter(team__in=teams, ends_at__gt=now).select_related("team", "endpoint")
        on = {_target(each): each for each in running.order_by("ends_at")}
        fresh = [each for each in wanted if _target(each) not in on]
        for team, more in Counter(each.team for each in fresh).items():
            limits.demand_for_silences(team, more)
        moved = [
            each
            for each in (on[target] for target in map(_target, wanted) if target in on)
            # Else it is a form that was sent twice.
            if abs(each.ends_at - ends_at) >= twice.WITHIN or reason not in ("", each.reason)
        ]
        for each in fresh:
            each.starts_at, each.created_by = now, by
        for each in [*fresh, *moved]:
            each.ends_at, each.reason = ends_at, reason or each.reason
        Silence.objects.bulk_create(fresh)
        Silence.objects.bulk_update(moved, ["ends_at", "reason"])
        for action, rules in (("silence.started", fresh), ("silence.changed", moved)):
            _record(action, rules, lambda rule: {"until": dates.minute(ends_at), "reason": rule.reason})
        # Without the reason: it is for the team, and incidents are read by everyone with FLEET_OPEN=on.
        _follow_up([*fresh, *moved], lambda rule: f"Silenced until {dates.stamp(ends_at)}: {covers(rule)}.", by)
    return [on.get(_target(each), each) for each in wanted]


def end_silences(silences: Sequence[Silence], by: User) -> None:
    """People are notified again of what these cover, from now on. Raises ValidationError when one was over already."""
    now = datetime.now(UTC)
    with transaction.atomic():
        quotas.hold(*{each.team for each in silences})
        running = Silence.objects.filter(pk__in=[each.pk for each in silences], ends_at__gt=now)
        if running.update(ends_at=now) < len(silences):
            raise ValidationError("This silence was over already.")
        _record("silence.ended", silences)
        _follow_up(silences, lambda rule: f"The silence of {covers(rule)} was ended.", by)


def plan(team: Team, by: User, *, endpoint: Endpoint | None = None, **times: Any) -> MaintenanceWindow:
    """Plans maintenance of the endpoint, or of all of the team; `times` are the keywords of `plan_all`."""
    _of_team(team, endpoint)
    return plan_all([MaintenanceWindow(team=team, endpoint=endpoint)], by, **times)[0]


def plan_all(
    wanted: list[MaintenanceWindow],
    by: User,
    *,
    name: str,
    starts_at: datetime,
    ends_at: datetime,
    repeats: str = MaintenanceWindow.Repeats.ONCE,
    time_zone: str = "UTC",
    last_day: date | None = None,
) -> list[MaintenanceWindow]:
    """Plans the same maintenance for each of these, which have their team and endpoint; `starts_at` and `ends_at`
    (aware) are those of the first time. Returns what is planned, in that order; what was planned already is not planned
    twice.

    What is planned once ends when it says. What repeats is as long as its clock shows, also where the first time lies
    over a change of the clock.
    Nobody is notified then, and the time does not count for availability.
    Raises ValidationError with a sentence per field.
    """
    starts_at, ends_at = (at.replace(second=0, microsecond=0) for at in (starts_at, ends_at))
    seconds = ends_at.timestamp() - starts_at.timestamp()
    if repeats != MaintenanceWindow.Repeats.ONCE:
        seconds = (ends_at.replace(tzinfo=None) - starts_at.replace(tzinfo=None)).total_seconds()
    same = {
        "name": " ".join(name.split()),
        "starts_at": starts_at,
        "minutes": int(seconds // 60),
        "repeats": repeats,
        "time_zone": time_zone,
        "last_day": last_day,
    }
    if errors := checks.wrong(MaintenanceWindow(**same), ends_at):
        raise ValidationError(errors)
    teams = {each.team for each in wanted}
    with transaction.atomic():
        quotas.hold(*teams)
        planned = MaintenanceWindow.objects.filter(team__in=teams, **same).select_related("team", "endpoint")
        there = {_target(each): each for each in planned.order_by("-pk")}
        fresh = [each for each in wanted if _target(each) not in there]
        for team, more in Counter(each.team for each in fresh).items():
            limits.demand_for_windows(team, more)
        for each in fresh:
            for field, value in same.items():
                setattr(each, field, value)
            each.created_by = by
        MaintenanceWindow.objects.bulk_create(fresh)
        _record("maintenance.planned", fresh, _times)
        on = windows.current(MaintenanceWindow(**same), datetime.now(UTC))
        until = f"Maintenance until {dates.stamp(on[1])}: {same['name']}." if on else ""
        _follow_up(fresh, lambda rule: until, by)
    return [there.get(_target(each), each) for each in wanted]


def remove_windows(rules: Sequence[MaintenanceWindow], by: User) -> None:
    """Removes these windows with all their repetitions. One that is on ends now."""
    now = datetime.now(UTC)

    def was_on(window: MaintenanceWindow) -> bool:
        try:
            return windows.current(window, now) is not None
        except (ValueError, TypeError):
            return False  # it can't be read, so it was never on

    with transaction.atomic():
        _record("maintenance.removed", rules, _times)
        _follow_up(rules, lambda rule: f"The maintenance was ended: {rule.name}." if was_on(rule) else "", by)
        fence.forget(marks.WINDOWS, *(str(rule.pk) for rule in rules))
        MaintenanceWindow.objects.filter(pk__in=[rule.pk for rule in rules]).delete()


def likeness(rule: Silence | MaintenanceWindow) -> tuple[Any, ...]:
    """Equal for rules that differ by their endpoint alone; one of an engine or of a whole team is like no other."""
    return (not rule.endpoint_id and rule.pk, *(getattr(rule, name) for name in ALIKE[type(rule)]))


def all_like(rule: Rule) -> list[Rule]:
    """The rules of this likeness, this one among them, with team and endpoint."""
    if not rule.endpoint_id:
        return [rule]
    same = {name: getattr(rule, name) for name in ALIKE[type(rule)]}
    return list(type(rule).objects.filter(endpoint__isnull=False, **same).select_related("team", "endpoint"))


def covers(rule: Silence | MaintenanceWindow) -> str:
    """What it is about, in words: "gpu-1", "vLLM of Search" or "all of Search"."""
    if rule.endpoint:
        return rule.endpoint.name
    engine = getattr(rule, "engine", "")
    return f"{label(engine)} of {rule.team}" if engine else f"all of {rule.team}"


def _of_team(team: Team, endpoint: Endpoint | None) -> None:
    if endpoint and endpoint.team_id != team.pk:
        raise ValidationError({"target": f"{endpoint.name} belongs to another team."})


def _target(rule: Silence | MaintenanceWindow) -> tuple[Any, ...]:
    """What it is about."""
    return rule.team_id, rule.endpoint_id, getattr(rule, "engine", "")


def _covered(rule: Silence | MaintenanceWindow) -> list[int]:
    """The numbers of the endpoints that it is about."""
    if rule.endpoint_id:
        return [rule.endpoint_id]
    found = Endpoint.objects.filter(team=rule.team_id).order_by()
    if engine := getattr(rule, "engine", ""):
        found = found.filter(Q(state__engine=engine) | Q(state__engine="", engine=engine))
    return list(found.values_list("pk", flat=True))


def _follow_up(rules: Iterable[Rule], text: Callable[[Rule], str], by: User) -> None:
    """Marks what these rules cover, and adds the line `text` to open incidents there, unless it is empty."""
    texts = {pk: text(rule) for rule in rules for pk in _covered(rule)}
    noted = [pk for pk, line in texts.items() if line]
    if noted:
        incidents = Incident.objects.open().filter(endpoint__in=noted).values_list("pk", "endpoint_id")
        note_each({pk: texts[endpoint] for pk, endpoint in incidents}, datetime.now(UTC), by.get_username())
    marks.refresh_once_committed(texts)


def _record(
    action: str, rules: Iterable[Rule], detail: Callable[[Rule], dict[str, Any] | None] = lambda rule: None
) -> None:
    audit.record_each(action, (audit.About(rule.team, rule, detail(rule), _name(rule)) for rule in rules))


def _name(rule: Silence | MaintenanceWindow) -> str:
    return f"{rule.name}: {covers(rule)}" if isinstance(rule, MaintenanceWindow) else covers(rule)


def _times(window: MaintenanceWindow) -> dict[str, Any]:
    return {"from": dates.minute(window.starts_at), "minutes": window.minutes, "repeats": str(window.repeats)}
