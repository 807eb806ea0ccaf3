"""What was put off, on the alerts page: who sees it, what it says, and trying it again."""

from datetime import UTC, datetime, timedelta

import pytest

from core import fence
from core.models import PutOff
from teams.models import AuditEntry, Membership, Role, Team
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def row(team) -> PutOff:
    return put_off(team)


def put_off(team: Team | None, **values) -> PutOff:
    now = datetime.now(UTC)
    known = {"sweep": "digests", "key": "1", "name": "Search", "why": "ValueError: no such zone", "attempts": 3}
    times = {"since": now, "tried_at": now, "next_try_at": now + timedelta(minutes=5)}
    return PutOff.objects.create(team=team, **known | times | values)


def page(client, user) -> str:
    client.force_login(user)
    return flat(client.get("/alerts/").content.decode())


def test_nothing_is_said_while_nothing_is_put_off(client, alice):
    assert "Put off" not in page(client, alice)


def test_members_see_what_it_is_why_and_when_it_is_tried_again(client, alice, row):
    html = page(client, alice)
    assert "Put off (1)" in html and "Daily digest:" in html and "ValueError: no such zone" in html
    assert "3 tries; next try" in html and "Try again" in html


def test_what_was_given_up_says_so(client, alice, team):
    put_off(team, next_try_at=None, attempts=1)
    assert "1 try; given up" in page(client, alice)


@pytest.mark.parametrize("fleet_open", [True, False])
def test_strangers_see_nothing_of_it_whether_or_not_the_fleet_is_open(client, charlie, row, settings, fleet_open):
    settings.FLEET_OPEN = fleet_open
    assert "Put off" not in page(client, charlie) and "no such zone" not in page(client, charlie)
    assert client.post(f"/alerts/put-off/{row.pk}/again/").status_code == 404


def test_what_belongs_to_no_team_is_for_administrators(client, alice, admin_user):
    row = put_off(None, sweep="clear-up", name="sessions")
    assert "Put off" not in page(client, alice)
    assert client.post(f"/alerts/put-off/{row.pk}/again/").status_code == 404
    assert "Clearing up:" in page(client, admin_user)
    assert client.post(f"/alerts/put-off/{row.pk}/again/").status_code == 302


def test_viewers_see_it_and_can_not_have_it_tried(client, charlie, row):
    Membership.objects.create(user=charlie, team=row.team, role=Role.VIEWER)
    html = page(client, charlie)
    assert "Put off (1)" in html and "Try again" not in html
    assert client.post(f"/alerts/put-off/{row.pk}/again/").status_code == 403


def test_operators_have_what_was_given_up_tried_again_and_that_is_written_down(client, alice, team):
    row = put_off(team, next_try_at=None)
    client.force_login(alice)
    answer = client.post(f"/alerts/put-off/{row.pk}/again/", follow=True).content.decode()
    assert "The next sweep tries it again." in answer
    assert fence.each("digests", ["Search"], lambda _: True, lambda _: fence.Item("1", "Search", team.pk)) == 1
    assert not PutOff.objects.exists()
    entry = AuditEntry.objects.get(action="put_off.tried_again")
    assert (entry.actor_id, entry.team_id, entry.object_name) == (alice.pk, team.pk, "Daily digest")


def test_what_was_done_meanwhile_is_not_there_any_more(client, alice, team):
    client.force_login(alice)
    assert client.post("/alerts/put-off/1/again/").status_code == 404


def test_the_oldest_are_shown_when_there_are_many(client, alice, team):
    for number in range(60):
        put_off(team, key=str(number))
    html = page(client, alice)
    assert "Put off (60)" in html and "The oldest 50 of 60 are shown." in html
