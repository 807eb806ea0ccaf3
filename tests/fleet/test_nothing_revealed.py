"""In a closed fleet nobody learns of other teams' things: not by a number, and not by an address that they type."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.models import Endpoint, Incident, MaintenanceWindow, Message, Silence
from teams.models import Team
from teams.team_lifecycle import new_team
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.usefixtures("valkey")

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
MISSING = 999_999


@pytest.fixture
def page(client, alice, settings):
    settings.FLEET_OPEN = False
    client.force_login(alice)
    return client


@pytest.fixture
def other_team(charlie) -> Team:
    return new_team(charlie, "Platform", [])


@pytest.fixture
def theirs(other_team) -> dict[str, int]:
    """One of everything that another team has: the beginning of its addresses -> its number."""
    endpoint = endpoints.add(other_team, name="hidden-gpu", url="http://hidden-gpu:8000")
    rows = {
        "incidents": Incident.objects.create(endpoint=endpoint, status="down", began_at=NOW, opened_at=NOW),
        "silences": Silence.objects.create(team=other_team, starts_at=NOW, ends_at=NOW + timedelta(hours=1)),
        "maintenance": MaintenanceWindow.objects.create(team=other_team, starts_at=NOW, minutes=60),
        "alerts": Message.objects.create(team=other_team, recipient="a@example.org", created_at=NOW),
    }
    return {"endpoints": endpoint.pk} | {name: row.pk for name, row in rows.items()}


@pytest.mark.parametrize(
    ("what", "below"),
    [
        ("endpoints", ""),
        ("endpoints", "edit/"),
        ("incidents", ""),
        ("incidents", "note/"),
        ("silences", "end/"),
        ("maintenance", "remove/"),
        ("alerts", "again/"),
    ],
)
def test_what_is_anothers_looks_like_what_is_not_there(page, theirs, what, below):
    def shown(pk: int) -> tuple[int, str]:
        path = f"/{what}/{pk}/{below}"
        answer = page.post(path) if below else page.get(path)
        return answer.status_code, answer.content.decode().replace(path, "").split("<main", 1)[-1]

    assert shown(theirs[what]) == shown(MISSING)
    assert shown(MISSING)[0] == 404


def test_a_check_names_no_endpoint_that_the_person_does_not_see(page, settings, team, other_team):
    with FakeEngine("vllm") as engine:
        endpoints.add(other_team, name="hidden-gpu", url=engine.url)
        typed = {"url": engine.url, "team": team.pk}
        shown = page.post("/endpoints/check/", typed, headers={"HX-Request": "true"}).content.decode()
        assert "vLLM" in shown and "hidden-gpu" not in shown and "Platform" not in shown
        settings.FLEET_OPEN = True
        shown = page.post("/endpoints/check/", typed, headers={"HX-Request": "true"}).content.decode()
        assert "hidden-gpu" in shown
    assert Endpoint.objects.count() == 1
