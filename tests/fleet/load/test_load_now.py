"""Before anything is judged the page about load shows what is known, the most loaded first."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.models import Endpoint, EndpointState, Rollup
from fleet.queries.load_now import load_now
from teams.models import Team
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)


def loaded(team: Team, name: str, callers: int | None, **hours: float) -> Endpoint:
    """An endpoint with so many callers now; `hours` are the means of one figure, two hours of it."""
    endpoint = Endpoint.objects.create(team=team, name=name, url=f"http://{name}:8000")
    load = {"busy": True} if callers is None else {"running": callers, "waiting": 0}
    EndpointState.objects.create(endpoint=endpoint, engine="vllm", status="up", since=NOON, shown_at=NOON, due_at=1,
                                 regrouped_at=NOON, load=load, callers=callers)  # fmt: skip
    for figure, mean in hours.items():
        for number, value in enumerate((mean, mean / 2)):
            start = NOON + timedelta(hours=number)
            sums = {figure: [4, 4 * value, 0, 9]}
            Rollup.objects.create(endpoint=endpoint, span="hour", start=start, worst="up", sums=sums)
    return endpoint


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


def test_callers_now_and_the_busiest_hour_stand_there_most_loaded_first(page, alice, team):
    others = Team.objects.create(name="Others", slug="others")
    loaded(team, "idle", 0)
    loaded(team, "few", 2, running=12.5)
    loaded(others, "many", 31)
    loaded(team, "mac", None, busy=0.25)
    found = load_now(alice, "")
    assert [(state.name, hour and (hour.start, hour.callers, hour.at_work)) for state, _, hour in found.endpoints] == [
        ("many", None), ("few", (NOON, 12.5, 0)), ("idle", None), ("mac", (NOON, None, 25))
    ]  # fmt: skip
    assert found.teams == [("Others", "others", 1, 31), ("Search", "search", 3, 2)]
    shown = flat(page.get("/load/").content.decode())
    assert "Figures, no verdict" in shown and "12.5 callers" in shown and "at work 25 %" in shown
    assert "31 callers, no line yet" in shown and '<a href="?team=others">Others</a>' in shown
    assert "many" not in flat(page.get("/load/?team=search").content.decode())


def test_only_the_first_are_listed_of_many_and_that_is_said(page, team, monkeypatch):
    monkeypatch.setattr("fleet.queries.load_now.SHOWN", 2)
    for number in range(3):
        loaded(team, f"gpu-{number}", number)
    shown = flat(page.get("/load/").content.decode())
    assert "The first 2 of 3;" in shown and "gpu-2" in shown and "gpu-0" not in shown


def test_charlie_sees_nothing_of_it_where_the_fleet_is_not_open(charlie, team, settings):
    settings.FLEET_OPEN = False
    loaded(team, "gpu", 3)
    assert load_now(charlie, "") == load_now(charlie, "search")
    assert not load_now(charlie, "").endpoints and not load_now(charlie, "").teams
