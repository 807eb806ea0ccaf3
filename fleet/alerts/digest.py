"""The daily digest of a team: what changed on its servers that nobody has to get up for."""

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from core import fence, time_zones
from teams.models import Team

from ..engines.registry import label
from ..models import Alert, Change, EndpointState
from . import load_verdicts, outbox, policy

DIGESTS = "digests"
"""The sweep, as core.fence knows it."""

CERTIFICATE = timedelta(days=14)
"""How long before it expires a certificate is mentioned, once a day."""

LATE = timedelta(hours=6)
"""A digest that was missed by a stop goes out later, past midnight too, but not half a day late."""

BACK = timedelta(days=7)
"""A digest goes back to the last one, and no further than this."""


def write_due(now: datetime) -> int:
    """Writes the digests whose hour has come; returns how many. Once per team and day, however often it is called."""

    def item(team: Team) -> fence.Item:
        return fence.Item(f"{team.pk}-{now:%Y-%m-%d}", team.name, team.pk)

    return fence.each(DIGESTS, Team.objects.all(), lambda team: _write_if_due(team, now), item)


def _write_if_due(team: Team, now: datetime) -> bool:
    rules = policy.policy_of(team)
    zone = time_zones.named(rules.time_zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        begins = time_zones.moment(datetime.combine(day, rules.digest_at), zone).astimezone(UTC)
        if begins <= now < begins + LATE and _write(team, day, begins):
            return True
    return False


def _write(team: Team, day: date, until: datetime) -> bool:
    key = f"digest-{team.pk}-{day}"
    if Alert.objects.filter(kind=Alert.Kind.DIGEST, key=key).exists():
        return False
    since = _last(team, until)
    changes, expiring = _changes(team, since, until), _expiring(team, until)
    verdicts = load_verdicts.changed(team, since, until)
    if not changes and not expiring and not verdicts:
        return False
    subject = "certificates that expire soon"
    if number := len(changes) + len(verdicts):
        subject = f"{_count(number, 'change')} since yesterday"
    if changes and changes[0].at <= until - timedelta(hours=25):
        subject = f"{_count(number, 'change')} since {timezone.localtime(changes[0].at):%d %b}"
    heading = f"What changed on the servers of {team.name} since {timezone.localtime(since):%d %b %H:%M %Z}:"
    parts = [heading if changes else "", *map(_sentence, changes)]
    parts += ["What their load means by now:" if verdicts else "", *map(load_verdicts.sentence, verdicts)]
    parts += ["Certificates that expire soon:" if expiring else "", *expiring]
    outbox.write_note(
        team,
        key,
        subject=subject,
        text="\n\n".join(part for part in parts if part),
        path=f"/?team={team.slug}",
        link_text="Open the board",
        kind=Alert.Kind.DIGEST,
        until=until,
    )
    return True


def _last(team: Team, until: datetime) -> datetime:
    """Up to when the team's last digest went; BACK where none is known to have gone."""
    alert = Alert.objects.filter(team=team, kind=Alert.Kind.DIGEST).order_by("-pk").first()
    if alert is None:
        return until - BACK
    known = alert.facts.get("until")  # older ones do not have it
    return max(datetime.fromisoformat(known) if known else alert.created_at, until - BACK)


def _changes(team: Team, since: datetime, until: datetime) -> list[Change]:
    rows = Change.objects.filter(endpoint__team=team, kind__in=("engine", "version"), at__gt=since, at__lte=until)
    return list(rows.select_related("endpoint").order_by("at"))


def _sentence(change: Change) -> str:
    at = f"{timezone.localtime(change.at):%d %b %H:%M %Z}"
    if change.kind == "engine":
        return f"- {change.endpoint}: {label(change.before)} became {label(change.after)} ({at})."
    return f"- {change.endpoint}: version {change.before} became {change.after} ({at})."


def _expiring(team: Team, now: datetime) -> list[str]:
    soon = EndpointState.objects.filter(endpoint__team=team, certificate_until__lt=now + CERTIFICATE)
    rows = soon.order_by("certificate_until").values_list("endpoint__name", "certificate_until")
    return [f"- {name}: until {timezone.localtime(until):%d %b %Y %H:%M %Z}." for name, until in rows]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
