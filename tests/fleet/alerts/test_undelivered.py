"""Who gets to know, in the banner, that messages do not arrive: the people of their team, and administrators."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from core import health
from fleet.alerts import delivery
from fleet.models import Message
from fleet.queries import undelivered
from fleet.self_check import heartbeat
from teams.models import Team
from tests.core.test_health import show_life
from tests.fleet.alerts.outbox import note

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SIX_MINUTES = timedelta(minutes=6)


@pytest.fixture
def root(db) -> User:
    """An administrator who is in no team."""
    return User.objects.create_superuser("root", "root@example.org", "a long password")


@pytest.fixture
def banner(client, valkey):
    """What the banner has for a person."""

    def of(user: User) -> str:
        show_life(valkey)
        health.glance.forget()
        client.force_login(user)
        page = client.get("/incidents/").content.decode()
        again = client.get("/health/banner/").content.decode()
        assert again in page
        return again

    return of


STUCK = [
    {"channel": "mail", "state": "given_up", "error": "550 no such address"},
    {"channel": "mail", "state": "waiting", "error": "451 try later", "attempts": 3, "last_try": "own"},
    {"channel": "webhook", "state": "given_up", "error": "The webhook answered 500.", "attempts": 90},
    {
        "channel": "webhook",
        "state": "waiting",
        "error": "The webhook took longer",
        "attempts": 3,
        "last_try": "unreached",
    },
    {"channel": "apprise", "state": "waiting", "error": "The service answered 500.", "attempts": 3, "last_try": "own"},
]


@pytest.mark.parametrize("fleet_open", [True, False])
@pytest.mark.parametrize("stuck", STUCK, ids=lambda stuck: f"{stuck['channel']} {stuck['state']}")
def test_what_does_not_arrive_is_shown_to_its_team_and_to_administrators_only(
    banner, client, team, alice, bob, charlie, root, settings, stuck, fleet_open
):
    settings.FLEET_OPEN = fleet_open
    note(team, "gone@example.org", created_at=datetime.now(UTC) - SIX_MINUTES, **stuck)
    for person in (alice, bob, root):
        shown = banner(person)
        assert "1 message of Search by" in shown and 'href="/alerts/"' in shown, person
    assert "could not be delivered" not in banner(charlie)
    assert client.get("/health/ready").json()["mail"] == "ok"
    assert delivery.trouble() == ""


def test_a_dead_letter_does_not_silence_the_heartbeat(valkey, team, settings, monkeypatch):
    show_life(valkey)
    settings.HEARTBEAT_URL = "http://127.0.0.1/beat"
    monkeypatch.setattr(heartbeat, "_fetch", lambda url: True)
    monkeypatch.setattr(heartbeat.BlindStretch, "current", lambda: None)
    note(team, "gone@example.org", state="given_up")
    note(team, "webhook", "webhook", created_at=datetime.now(UTC) - SIX_MINUTES, attempts=3, last_try="unreached")
    delivery.deliver()
    assert heartbeat.beat() is True


def test_it_goes_when_nothing_is_stuck_any_more(banner, team, alice):
    message = note(team, "gone@example.org", state="given_up")
    assert "could not be delivered" in banner(alice)
    Message.objects.filter(pk=message.pk).update(state="sent")
    assert "could not be delivered" not in banner(alice)


@pytest.mark.parametrize(
    "fine",
    [
        {"state": "unwanted", "error": "The team has no webhook any more."},
        {"state": "sent"},
        {"state": "waiting", "attempts": 1, "age": timedelta(0)},
        {"state": "waiting", "attempts": 0},
        {"state": "given_up", "age": timedelta(days=3)},
        {"state": "waiting", "attempts": 3, "last_try": "unreached"},
    ],
)
def test_what_is_no_failure_of_the_team_is_not_in_it(banner, team, alice, fine):
    values = {"age": SIX_MINUTES, **fine}
    note(team, "oncall@example.org", created_at=datetime.now(UTC) - values.pop("age"), **values)
    assert "could not be delivered" not in banner(alice)


def test_what_belongs_to_no_team_is_for_administrators(banner, alice, root):
    note(None, "root@example.org", state="given_up")
    assert "1 message by mail" in banner(root)
    assert "could not be delivered" not in banner(alice)


def test_many_teams_in_trouble_are_a_short_banner_and_one_statement(root, django_assert_num_queries):

    for number in range(10):
        note(Team.objects.create(name=f"T{number}", slug=f"t{number}"), "x@example.org", state="given_up")
    with django_assert_num_queries(1):
        assert len(undelivered.troubles(root)) == undelivered.MOST
