"""The daily digest of a team: what changed on its servers that nobody has to get up for."""

from datetime import UTC, date, datetime, timedelta

from core import fence
from teams.models import Team

from .. import zones
from ..engines.registry import label
from ..models import Alert, Change, EndpointState
from . import outbox, policy

DIGESTS = "digests"
"""The sweep, as core.fence knows it."""

CERTIFICATE = timedelta(days=14)
"""How long before it expires a certificate is mentioned, once a day."""

LATE = timedelta(hours=6)
"""A digest that was missed by a stop goes out later the same day, but not half a day late."""


def write_due(now: datetime) -> int:
    """Writes the digests whose hour has come; returns how many. Once per team and day, however often it is called."""

    def item(team: Team) -> fence.Item:
        return fence.Item(f"{team.pk}-{now:%Y-%m-%d}", team.name, team.pk)

    return fence.each(DIGESTS, Team.objects.all(), lambda team: _write_if_due(team, now), item)


def _write_if_due(team: Team, now: datetime) -> bool:
    rules = policy.policy_of(team)
    local = now.astimezone(zones.named(rules.time_zone))
    begins = datetime.combine(local.date(), rules.digest_at, local.tzinfo)
    return begins <= now < begins + LATE and _write(team, local.date(), begins)


def _write(team: Team, day: date, until: datetime) -> bool:
    key = f"digest-{team.pk}-{day}"
    if Alert.objects.filter(kind=Alert.Kind.DIGEST, key=key).exists():
        return False
    changes, expiring = _changes(team, until), _expiring(team, until)
    if not changes and not expiring:
        return False
    subject = f"{_count(len(changes), 'change')} since yesterday" if changes else "certificates that expire soon"
    parts = [f"What changed on the servers of {team.name} in the last 24 hours:" if changes else "", *changes]
    parts += ["Certificates that expire soon:" if expiring else "", *expiring]
    outbox.write_note(
        team,
        key,
        subject=subject,
        text="\n\n".join(part for part in parts if part),
        path=f"/?team={team.slug}",
        link_text="Open the board",
        kind=Alert.Kind.DIGEST,
    )
    return True


def _changes(team: Team, until: datetime) -> list[str]:
    rows = Change.objects.filter(
        endpoint__team=team, kind__in=("engine", "version"), at__gt=until - timedelta(days=1), at__lte=until
    )
    return [_sentence(row) for row in rows.select_related("endpoint").order_by("at")]


def _sentence(change: Change) -> str:
    at = change.at.astimezone(UTC)
    if change.kind == "engine":
        return f"- {change.endpoint}: {label(change.before)} became {label(change.after)} ({at:%d %b %H:%M} UTC)."
    return f"- {change.endpoint}: version {change.before} became {change.after} ({at:%d %b %H:%M} UTC)."


def _expiring(team: Team, now: datetime) -> list[str]:
    soon = EndpointState.objects.filter(endpoint__team=team, certificate_until__lt=now + CERTIFICATE)
    rows = soon.order_by("certificate_until").values_list("endpoint__name", "certificate_until")
    return [f"- {name}: until {until:%d %b %Y %H:%M} UTC." for name, until in rows]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
