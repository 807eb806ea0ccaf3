"""A role that is taken away counts at once, also for who has a form about an endpoint open."""

import pytest

from fleet import endpoints
from fleet.models import Endpoint
from teams import members
from teams.models import Membership, Role

from .test_stored_keys import form

pytestmark = pytest.mark.usefixtures("valkey")

URL = "http://gpu-1:8000"


@pytest.fixture
def endpoint(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url=URL, api_key="sk-planted")


@pytest.fixture
def operator(client, charlie, team, endpoint):
    """Charlie's browser, with the edit form of the endpoint open."""
    Membership.objects.create(user=charlie, team=team, role=Role.OPERATOR)
    client.force_login(charlie)
    assert client.get(f"/endpoints/{endpoint.pk}/edit/").status_code == 200
    return client


def sends_everything(browser, endpoint: Endpoint) -> set[int]:
    """The statuses of the answers to all that the form and the page of the endpoint offer."""
    changed = form(endpoint, name="mine", url="http://elsewhere:8000", api_key="sk-mine")
    acts = {act: {} for act in ("pause", "probe", "remove")} | {"edit": changed}
    statuses = {browser.post(f"/endpoints/{endpoint.pk}/{act}/", sent).status_code for act, sent in acts.items()}
    return statuses | {browser.post("/endpoints/check/", changed).status_code}


@pytest.mark.parametrize("open_fleet", [True, False])
def test_an_operator_who_became_a_viewer_meanwhile_changes_nothing(
    operator, settings, alice, charlie, team, endpoint, open_fleet
):
    settings.FLEET_OPEN = open_fleet
    members.change_role(alice, team, charlie, Role.VIEWER)
    assert sends_everything(operator, endpoint) == {403}
    _is_as_it_was(endpoint)


def test_an_operator_who_was_removed_meanwhile_changes_nothing(operator, alice, charlie, team, endpoint):
    members.remove(alice, team, charlie)
    assert sends_everything(operator, endpoint) <= {403, 404}
    assert operator.get(f"/endpoints/{endpoint.pk}/edit/").status_code == 404
    _is_as_it_was(endpoint)


def _is_as_it_was(endpoint: Endpoint) -> None:
    stored = Endpoint.objects.get()
    assert (stored.name, stored.url, stored.api_key, stored.paused) == ("gpu-1", URL, "sk-planted", False)
