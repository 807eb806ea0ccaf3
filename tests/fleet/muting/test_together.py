"""What is silenced or planned for many endpoints at once is one item of the lists, and is ended as one."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.models import Endpoint, MaintenanceWindow, Silence
from fleet.muting import actions
from tests.html import flat

pytestmark = [pytest.mark.usefixtures("valkey", "transactional_db"), pytest.mark.database]

HOUR = timedelta(hours=1)


def text(response) -> str:
    return flat(response.content.decode())


@pytest.fixture
def fleet(team) -> list[Endpoint]:
    return [endpoints.add(team, name=f"gpu-{number}", url=f"http://gpu-{number}:8000") for number in (10, 1, 2)]


@pytest.fixture
def planned(fleet, alice, bob) -> list[MaintenanceWindow]:
    """Alice planned the same for three endpoints, and one thing more for their team; Bob for one of them."""
    now = datetime.now(UTC)
    times = {"name": "Driver", "starts_at": now + HOUR, "ends_at": now + 2 * HOUR}
    team = fleet[0].team
    actions.plan(team, alice, **times)
    actions.plan(team, bob, endpoint=fleet[0], **times | {"name": "Fans"})
    return actions.plan_all([MaintenanceWindow(team=team, endpoint=each) for each in fleet], alice, **times)


def test_maintenance_of_many_is_one_item_and_removed_as_one(page, planned):
    shown = text(page.get("/maintenance/"))
    listed = shown[shown.index("Coming") : shown.index("Plan maintenance")]
    assert "3 endpoints of Search" in listed and listed.count("Remove all 3") == 1
    assert "all of Search" in listed and "Fans" in listed
    named = re.findall(r">(gpu-\d+)</a>", listed[listed.index("Which endpoints") :])
    assert named[:3] == ["gpu-1", "gpu-2", "gpu-10"]
    page.post(f"/maintenance/{planned[0].pk}/remove/")
    assert "2 endpoints of Search" in text(page.get("/maintenance/"))
    removed = text(page.post(f"/maintenance/{planned[1].pk}/remove/", {"all": ""}, follow=True))
    assert "“Driver” was removed for 2 endpoints." in removed and "endpoints of Search" not in removed
    assert set(MaintenanceWindow.objects.values_list("name", "endpoint__name")) == {
        ("Driver", None),
        ("Fans", "gpu-10"),
    }


def test_silences_of_many_are_one_item_and_ended_as_one(page, fleet, alice):
    end = datetime.now(UTC) + HOUR
    actions.silence(fleet[0].team, alice, ends_at=end)
    other = actions.silence(fleet[0].team, alice, ends_at=2 * HOUR + end, endpoint=fleet[0])
    rules = [Silence(team=each.team, endpoint=each) for each in fleet[1:]]
    first = actions.silence_all(rules, alice, ends_at=end, reason="move")[0]
    shown = text(page.get(f"/silences/?endpoint={fleet[2].pk}"))
    assert "2 endpoints of Search" in shown and shown.count("End all 2") == 1
    assert "Extend the silence of gpu-2" in shown
    ended = text(page.post(f"/silences/{first.pk}/end/", {"all": ""}, follow=True))
    assert "2 silences are over: people are notified again." in ended
    assert "2 endpoints of Search" in ended[ended.index("Over, of the last days") :]
    running = Silence.objects.filter(ends_at__gt=datetime.now(UTC))
    assert set(running.values_list("endpoint", flat=True)) == {None, other.endpoint_id}


def test_a_stranger_ends_nothing(client, charlie, planned):
    client.force_login(charlie)
    assert client.post(f"/maintenance/{planned[0].pk}/remove/", {"all": ""}).status_code in (403, 404)
    assert MaintenanceWindow.objects.count() == 5
