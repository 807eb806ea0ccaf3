"""The outbox: alerts are written in the transaction of their incident. What they say is frozen there.

Notes are alerts without an incident: their text is ready when they are written.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from core import broker
from teams.models import Team

from ..models import Alert, AlertPolicy, Channel, EndpointState, Incident, Message
from ..verdict import flapping
from ..verdict.status import Status
from . import items, order, policy, recipients
from .due import Case, Quiet, Rules, hold_until
from .due import due as kinds_due

Kind = Alert.Kind

TURNS = (Kind.DOWN, Kind.DEGRADED, Kind.RECOVERED)
"""The kinds about a change of the endpoint, which flapping can put off."""

COMES_BACK_AFTER = timedelta(seconds=90)
"""What another incident caused gets this long to recover after that one did, before people are alerted."""


def write_alerts(incident: Incident, state: EndpointState) -> list[str]:
    """Writes the alerts that the incident needs now, if any; returns their kinds.

    Safe to call at any time and from several processes: a kind is written once per incident, round and recipient.
    """
    now = datetime.now(UTC)
    endpoint = state.endpoint
    wanted = policy.policy_of(endpoint.team)
    rules = rules_of(wanted)
    kinds = _kinds_due(incident, state, rules, now)
    for kind in map(Kind, kinds):
        if kind in (Kind.DOWN, Kind.DEGRADED) and incident.announced in (Incident.Announced.RECOVERED, kind):
            incident.round += 1
        held = hold_until(kind, incident.status, rules.quiet, now)
        trouble = incident.trouble(state)
        if kind in TURNS and trouble.status != incident.status:  # it is announced as the worst it came to
            trouble = incident.worst
        if kind in TURNS:  # what quiet hours hold of it goes along, so that it never comes after this
            incident.alerts.filter(message=None, dropped="", hold_until__isnull=False).update(hold_until=held)
        ways = recipients.who_gets(incident, kind, endpoint.team, wanted)
        nobody = not ways and kind in (Kind.DOWN, Kind.DEGRADED)
        about = {
            "incident": incident,
            "team": endpoint.team,
            "kind": kind,
            "round": incident.reminders if kind is Kind.REMINDER else incident.round,
            "facts": items.facts_of(incident, trouble, endpoint),
            "hold_until": held,
        }
        why_not = recipients.why_nobody(endpoint.team) if nobody else ""
        _store([recipients.NOBODY] if nobody else ways, **about, dropped=why_not)
        if kind is Kind.RECOVERED:  # the incident shows who learns nothing of its end, whenever they left
            _store(recipients.who_left(incident, ways), **about, dropped=recipients.UNWANTED)
        if kind is Kind.REMINDER:
            incident.reminders += 1
        elif kind is Kind.ESCALATED:
            incident.escalated_at = now
        else:
            incident.announced = kind
        if kind is not Kind.ESCALATED:
            incident.announced_at = now
        incident.save(update_fields=["announced", "announced_at", "round", "reminders", "escalated_at"])
    return kinds


def write_for_child(incident: Incident) -> None:
    """Writes an announced incident to those who are limited to the tags of another one, which it turned out to cause.

    Who got it already keeps what they got.
    """
    team = incident.endpoint.team
    if recipients.tags_chosen(team, policy.policy_of(team)):
        write_announced(incident)


def write_announced(incident: Incident) -> int:
    """Writes what was announced of an incident to those who get it now and have no alert of it. Returns how many."""
    if incident.announced not in (Kind.DOWN, Kind.DEGRADED) or incident.resolved_at or incident.is_acknowledged:
        return 0
    endpoint, wanted = incident.endpoint, policy.policy_of(incident.endpoint.team)
    kind = Kind(incident.announced)
    had = set(incident.alerts.filter(kind=kind, round=incident.round).values_list("channel", "recipient"))
    ways = [way for way in recipients.who_gets(incident, kind, endpoint.team, wanted) if way not in had]
    _store(
        ways,
        incident=incident,
        team=endpoint.team,
        kind=kind,
        round=incident.round,
        facts=items.facts_of(incident, incident.worst, endpoint),
        hold_until=hold_until(kind, incident.status, rules_of(wanted).quiet, datetime.now(UTC)),
    )
    return len(ways)


def due(incident: Incident, state: EndpointState) -> list[str]:
    """The kinds of alerts that people are to get about the incident now. Only reads."""
    return _kinds_due(incident, state, rules_of(policy.policy_of(state.endpoint.team)), datetime.now(UTC))


def _kinds_due(incident: Incident, state: EndpointState, rules: Rules, now: datetime) -> list[str]:
    case = Case(
        status="recovered" if incident.resolved_at else incident.status,
        announced=incident.announced,
        opened_at=incident.again_at or incident.opened_at,
        announced_at=incident.announced_at,
        acknowledged=incident.is_acknowledged,
        left=_left(incident),
        escalated=incident.escalated_at is not None,
        muted=muted(incident, state, now),
    )
    kinds = kinds_due(case, rules, now)
    if not kinds or kinds[0] not in TURNS:
        return kinds
    since = now - timedelta(seconds=flapping.WITHIN)
    about = Alert.objects.filter(incident__endpoint=state.endpoint_id, kind__in=TURNS, dropped="", created_at__gt=since)
    count = about.order_by().values("incident", "kind", "round").distinct().count()
    waits = flapping.waits(state.turns, count, now.timestamp(), settings.FLAPPING_ALERT_AFTER)
    return [kind for kind in kinds if kind not in TURNS] if waits else kinds


def _left(incident: Incident) -> bool:
    ended, again, last = incident.acknowledged_until, incident.again_at, incident.announced_at
    return bool(ended and again and last and last < ended <= again) and not incident.is_acknowledged


def muted(incident: Incident, state: EndpointState, now: datetime) -> str:
    """Why nobody is to be alerted of the incident now; "" where somebody is."""
    for mark in ("maintenance", "silenced", "blind"):
        if state.marks.get(mark):
            return mark
    if incident.resolved_at and state.status in (Status.UNKNOWN, Status.PAUSED):
        return "no good probe since"
    parent = incident.parent
    patience = max(COMES_BACK_AFTER, timedelta(seconds=2 * state.endpoint.interval))
    if parent and (parent.resolved_at is None or now - parent.resolved_at < patience):
        return f"{incident.relation} {parent.endpoint}"
    return ""


def rules_of(policy: AlertPolicy) -> Rules:
    """When the team wants alerts, as `due` reads it. Quiet hours need both ends."""
    quiet = None
    if policy.quiet_from is not None and policy.quiet_to is not None:
        quiet = Quiet(policy.quiet_from, policy.quiet_to, policy.time_zone)
    return Rules(
        remind_every=timedelta(hours=policy.remind_every) if policy.remind_every else None,
        escalate_after=timedelta(minutes=policy.escalate_after) if policy.escalate_to else None,
        quiet=quiet,
    )


def write_unwatched(incident: Incident, why: str, *, removed: bool = False, team_goes: bool = False) -> None:
    """Writes to those who got a message about the incident that it is not followed to its end; `why` is a sentence.

    What has not left yet is taken back. The words are those of the last alert, since the endpoint may have another name
    or URL already. With `removed` the incident is about to be deleted: there is no page to open. With `team_goes` its
    team, and with it its channels, is, too: only mails are written, and they belong to no team.
    """
    order.take_back(incident, why)
    taken = incident.alerts.filter(message__isnull=False)
    if team_goes:
        taken = taken.filter(channel=Channel.MAIL, message__state=Message.State.SENT)
    else:  # what still waits is being sent right now
        taken = taken.exclude(message__state__in=(Message.State.DROPPED, Message.State.GIVEN_UP))
    last = taken.order_by("created_at", "pk").last()
    if last is None:
        return
    now, team = datetime.now(UTC), incident.endpoint.team
    ended = (incident.resolved_at or now).isoformat()
    facts = last.facts if items.can_be_worded(last) else items.facts_of(incident, incident.worst, incident.endpoint)
    recovered = incident.resolved_at is not None
    facts = facts | {
        "resolved_at": ended,
        "why": why,
        "recovered": recovered,
        "removed": removed,
        "team_goes": team_goes,
    }
    _store(
        recipients.who_got(taken, team),
        incident=incident,
        team=None if team_goes else team,
        kind=Kind.UNWATCHED,
        round=incident.round,
        facts=facts,
        hold_until=hold_until(Kind.UNWATCHED, incident.status, rules_of(policy.policy_of(team)).quiet, now),
    )


def drop(incident: Incident, why: str) -> int:
    """What was not yet put into a message is not sent any more. Returns how many alerts that were."""
    return incident.alerts.filter(message=None, dropped="").update(dropped=why[:80])


def last_kind(incident: Incident) -> str:
    """The kind of the last change of the incident that is in a message; "" when none is."""
    rows = incident.alerts.filter(message__isnull=False, kind__in=TURNS).order_by("created_at", "pk")
    return rows.values_list("kind", flat=True).last() or Incident.Announced.NOTHING


def has_message(incident: Incident) -> bool:
    """Whether a message about it is on its way or was sent."""
    return incident.alerts.filter(message__isnull=False).exists()


def write_note(
    team: Team,
    key: str,
    *,
    subject: str,
    text: str,
    path: str,
    link_text: str,
    kind: Alert.Kind = Kind.REVIEW,
    until: datetime | None = None,
) -> None:
    """Writes one note per recipient of the team. One with the same key is not written to the same recipient again.

    `text` is plain, its paragraphs apart by empty lines; `path` is the page on this site that the link leads to;
    `until` (aware) is where the time that a digest covers ends.
    """
    facts = {"subject": subject, "text": text, "path": path, "link_text": link_text, "name": subject}
    facts |= {"team": team.name, "team_slug": team.slug}
    facts |= {"until": until.isoformat()} if until else {}
    wanted = policy.policy_of(team)
    held = hold_until(kind, "", rules_of(wanted).quiet, datetime.now(UTC))
    _store(recipients.everyone(team, wanted), team=team, kind=kind, key=key, facts=facts, hold_until=held)


def write_monitor_note(key: str, subject: str, text: str) -> None:
    """The monitor's own alarm, to the administrators. Written once per key, as `write_note` does."""
    facts = {"subject": subject, "text": text, "path": "/", "link_text": "Open the board", "name": subject}
    facts |= {"team": "the administrators of this installation", "team_slug": "plimsoll"}
    admins = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    to = [(Channel.MAIL.value, address) for address in admins.values_list("email", flat=True)]
    _store(to, kind=Kind.MONITOR, key=key, facts=facts)


def _store(to: list[tuple[str, str]], **values: Any) -> None:
    """One alert per recipient into the outbox; the delivery worker is woken once they are committed."""
    now = datetime.now(UTC)
    alerts = [
        Alert(channel=channel, recipient=recipient, created_at=now, **values)
        for channel, recipient in dict.fromkeys(to)
    ]
    Alert.objects.bulk_create(alerts, ignore_conflicts=True)
    transaction.on_commit(partial(_call_delivery, items.window(alerts)), robust=True)


def _call_delivery(window: float) -> None:
    """Wakes the delivery worker once a lone alert is ready. What it misses, its sweep finds within seconds."""
    wake = partial(current_app.send_task, "fleet.tasks.deliver", countdown=window + 0.1, expires=60)
    broker.attempt(wake, "new alerts wait for the next sweep.")
