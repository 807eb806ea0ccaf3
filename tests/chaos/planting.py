"""Rows that make code raise, put into the product's database past every form. Runs in the console's process."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection

from fleet import endpoints
from fleet.alerts import outbox
from fleet.models import (
    AlertPolicy,
    Endpoint,
    EndpointState,
    Incident,
    MaintenanceWindow,
    Observation,
    Silence,
)
from teams.models import Team

FIRST = datetime(1, 1, 1, 0, 30, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)


def windows(team: Team) -> None:
    """Maintenance windows of the years 1 and 9999, which calendars can't compute with, and of no time zone."""
    for starts, repeats, zone in (
        (FIRST, "monthly", "UTC"),
        (LAST, "once", "America/Los_Angeles"),
        (datetime.now(UTC), "daily", "No/Zone"),
    ):
        same = {"starts_at": starts, "minutes": 30, "repeats": repeats, "time_zone": zone}
        for number in range(20):
            MaintenanceWindow.objects.create(team=team, name=f"{repeats}-{number}", **same)


def address(team: Team) -> None:
    """Addresses that no mail can be built for."""
    bad = [f"a@{'ü' * 60}.de", "a\r\nBcc: x@example.org", "@", f"b@{'x' * 300}.org"]
    Team.objects.filter(pk=team.pk).update(mail_to=bad)


def zone(team: Team) -> None:
    """A time zone that there is none of, for quiet hours and digests."""
    AlertPolicy.objects.create(team=team, time_zone="No/Zone", quiet_from="00:00", quiet_to="23:59")


def json(team: Team) -> None:
    """State rows whose JSON has another shape than the code gave it."""
    odd = {"facts": [7], "load": "x", "ladder": 3, "strip": [1], "marks": ["x"], "turns": "x", "starting": [2]}
    for endpoint, (name, value) in zip(Endpoint.objects.filter(team=team), odd.items(), strict=False):
        EndpointState.objects.filter(pk=endpoint.pk).update(**{name: value})


def key(team: Team) -> None:
    """API keys that none of FIELD_KEYS reads."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fleet_endpoint SET api_key = %s WHERE team_id = %s", ["gAAAA-of-another-key", team.pk])


def channel(team: Team) -> None:
    """A webhook and an Apprise URL that raise in their libraries."""
    AlertPolicy.objects.create(team=team, webhook_url="http://[::1", apprise_url="json://[x]:port/%zz")


def history(team: Team) -> None:
    """Readings and incidents that no reading or probe would store."""
    now = datetime.now(UTC)
    for endpoint in Endpoint.objects.filter(team=team):
        Observation.objects.create(
            endpoint=endpoint, at=now - timedelta(minutes=3), status="no-status", latency_ms=1e308, running=2**31 - 1
        )
        Incident.objects.filter(endpoint=endpoint).delete()
        Incident.objects.create(
            endpoint=endpoint, status="no-status", cause="no-cause", began_at=now, opened_at=now, last_seen=["x"]
        )
    Silence.objects.create(
        team=team, starts_at=datetime.min.replace(tzinfo=UTC), ends_at=datetime.max.replace(tzinfo=UTC)
    )


KINDS: dict[str, Callable[[Team], None]] = {
    each.__name__: each for each in (windows, address, zone, json, key, channel, history)
}


def plant(port: int) -> list[str]:
    """A team for each kind, with endpoints at this port, where nobody listens; returns the names of the kinds."""
    for name, spoil in KINDS.items():
        team = Team.objects.create(name=f"Poison {name}", slug=f"poison-{name}", mail_to=[f"{name}@example.org"])
        for number in range(7):
            url = f"http://127.30.{list(KINDS).index(name)}.{number + 1}:{port}"
            endpoints.add(team, name=f"{name}-{number}", url=url, interval=5, fail_after=2)
        spoil(team)
    return list(KINDS)


def notes(team: str, webhook_url: str, apprise_url: str, count: int) -> int:
    """So many messages of this team to its webhook, and to its Apprise service where it has one."""
    owner = Team.objects.get(slug=team)
    defaults = {"webhook_url": webhook_url, "webhook_secret": "secret", "apprise_url": apprise_url}
    AlertPolicy.objects.update_or_create(team=owner, defaults=defaults)
    for number in range(count):
        outbox.write_note(
            owner, f"{team}-{number}", subject=f"Note {number}", text="A note.", path="/", link_text="Open the board"
        )
    return count
