"""The icon of every page: trouble of one's own teams that nobody has acknowledged."""

import pytest

from fleet.incidents import actions
from fleet.models import Incident
from tests.fleet.outages import fail, watched

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def icon(client) -> str:
    html = client.get("/guide/").content.decode()
    return "trouble" if 'data-icon="/static/mark-trouble' in html else "fine"


def test_the_icon_shows_own_trouble_until_somebody_acknowledges_it(
    client, alice, bob, charlie, team, django_capture_on_commit_callbacks
):
    endpoint = watched(team, "gpu-1")
    client.force_login(alice)
    assert icon(client) == "fine"
    fail(endpoint)
    assert icon(client) == "trouble"
    client.force_login(charlie)
    assert icon(client) == "fine"
    client.force_login(bob)
    assert icon(client) == "trouble"
    with django_capture_on_commit_callbacks(execute=True):
        actions.acknowledge(Incident.objects.get(), "alice")
    assert icon(client) == "fine"


def test_an_open_page_hears_of_it_by_the_banner(client, alice, team):
    endpoint = watched(team, "gpu-1")
    client.force_login(alice)
    seen = client.get("/health/banner/").context["seen"]
    assert client.get(f"/health/banner/?seen={seen}").status_code == 204
    fail(endpoint)
    assert "mark-trouble" in client.get(f"/health/banner/?seen={seen}").content.decode()
