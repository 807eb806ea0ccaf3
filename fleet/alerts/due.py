"""Which alerts an incident needs, and when. Pure: no I/O, no Django.

One rule covers all: while what was announced last is not what is, and nothing mutes it, an alert is due.
So a silence that ends, a dependency that comes back or a target that stops flapping needs no rule of its own. And what
somebody was on is announced again once it is down again and nobody is, though nobody was alerted of its end.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from core import time_zones

_RANK = {"": 0, "recovered": 0, "degraded": 1, "down": 2}


@dataclass(frozen=True, slots=True)
class Case:
    """An incident as far as alerts are concerned."""

    status: str  # "down" or "degraded", the worst it came to; "recovered" once it is resolved
    announced: str  # what people were alerted of last: "", "degraded", "down", "recovered", "closed"
    opened_at: datetime  # of the latest outage
    announced_at: datetime | None = None
    acknowledged: bool = False
    left: bool = False  # down again since the last alert, and the acknowledgement ended with the outage before
    escalated: bool = False
    muted: str = ""  # why nobody is to be alerted now


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which only what is down may disturb, by the clock of the time zone."""

    begins: time
    ends: time
    zone: str


@dataclass(frozen=True, slots=True)
class Rules:
    """When a team wants alerts; None: never."""

    remind_every: timedelta | None = timedelta(hours=4)
    escalate_after: timedelta | None = None
    quiet: Quiet | None = None


def due(case: Case, rules: Rules, now: datetime) -> list[str]:
    """The kinds of alerts to write now: "down", "degraded", "recovered", "reminder", "escalated"."""
    if case.muted or case.announced == "closed":
        return []
    if case.status == "recovered":
        return ["recovered"] if _RANK[case.announced] else []
    if _RANK[case.announced] < _RANK[case.status]:
        return [case.status]
    if case.acknowledged:
        return []
    wanted = [case.status] if case.left else []
    if rules.escalate_after is not None and not case.escalated and now - case.opened_at >= rules.escalate_after:
        wanted.append("escalated")
    if rules.remind_every and not case.left and case.announced_at and now - case.announced_at >= rules.remind_every:
        wanted.append("reminder")
    return wanted


def hold_until(kind: str, worst: str, quiet: Quiet | None, now: datetime) -> datetime | None:
    """When a message of this kind may go out; None: at once. `worst` is the incident's status.

    What is down disturbs at any hour, and so does its end; all else waits for the end of the quiet hours.
    """
    if quiet is None or worst == "down" or kind in ("down", "escalated"):
        return None
    return quiet_until(quiet, now)


def quiet_until(quiet: Quiet, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` (aware) lies in; None outside of them. They may go over midnight."""
    zone = time_zones.named(quiet.zone)
    local = now.astimezone(zone)
    clock = local.time()
    if quiet.begins <= quiet.ends:
        inside = quiet.begins <= clock < quiet.ends
    else:
        inside = clock >= quiet.begins or clock < quiet.ends
    if not inside:
        return None
    day = local.date() if clock < quiet.ends else local.date() + timedelta(days=1)
    return time_zones.moment(datetime.combine(day, quiet.ends), zone, now).astimezone(UTC)
