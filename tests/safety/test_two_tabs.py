"""Two tabs with one form: the second save never undoes the first in silence."""

from typing import Any

import pytest

from fleet import endpoints
from fleet.models import AlertPolicy, Endpoint, EndpointLoad, TeamLoad
from teams.models import Team
from tests.people import just_signed_in

pytestmark = [pytest.mark.usefixtures("valkey", "transactional_db")]

NAMED = "Somebody changed this since the page was opened ({})"


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000", api_key="a-key")


def values(page: Any) -> dict[str, Any]:
    """What a browser sends of the form that the page has, untouched."""
    form = page.context["form"]
    shown = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in shown.items() if value is not None and value is not False}
    return {name: value if isinstance(value, list) else str(value) for name, value in typed.items()}


CASES = {
    "endpoint": ("/endpoints/{pk}/edit/", {"interval": "45"}, {"interval": "60"}, "Interval (s)"),
    "endpoint, other fields": ("/endpoints/{pk}/edit/", {"name": "gpu-9"}, {"interval": "60"}, "Name"),
    "endpoint, default timeout": (
        "/endpoints/{pk}/edit/",
        {"timeout": "2"},
        {"interval": "60"},
        "Timeout (s)",
    ),
    "team": ("/teams/search/", {"mail_to": "new@example.org"}, {"name": "Find"}, "Mails about outages go to"),
    "load": ("/teams/search/load/", {"first_token": "9"}, {"first_token": "7"}, "First token (s)"),
    "load of an endpoint": (
        "/endpoints/{pk}/load/settings/",
        {"slots": "2"},
        {"slots": "4"},
        "Slots (OLLAMA_NUM_PARALLEL), Set to this since (UTC)",
    ),
    "alerts": ("/teams/search/alerting/", {"remind_every": "9"}, {"remind_every": "7"}, "Remind every (hours)"),
}


def stored() -> list[Any]:
    rows = (Endpoint, Team, AlertPolicy, TeamLoad, EndpointLoad)
    return [list(model.objects.values()) for model in rows]


@pytest.mark.parametrize("name", CASES)
def test_the_second_save_says_what_was_changed_and_the_third_counts(name, team, gpu, alice, bob):
    path, first, second, label = CASES[name]
    path = path.format(pk=gpu.pk)
    hers, his = just_signed_in(alice), just_signed_in(bob)
    opened, theirs = values(hers.get(path)), values(his.get(path))
    assert opened["opened"] == theirs["opened"] and "a key" not in opened["opened"]
    assert hers.post(path, opened | first).status_code == 302
    after = stored()
    refused = his.post(path, theirs | second)
    assert refused.status_code in (200, 422) and stored() == after
    assert NAMED.format(label) in refused.content.decode()
    again = values(refused)
    assert {key: again[key] for key in second} == second, "what was typed is still there"
    assert his.post(path, again).status_code == 302 and stored() != after


@pytest.mark.parametrize("name", ["endpoint", "team", "alerts"])
def test_a_form_whose_thing_is_as_it_was_is_saved(name, team, gpu, alice):
    path, first, second, _ = CASES[name]
    path, page = path.format(pk=gpu.pk), just_signed_in(alice)
    assert page.post(path, values(page.get(path)) | first).status_code == 302
    path = path.replace("/search/", f"/{Team.objects.get().slug}/")
    assert page.post(path, values(page.get(path)) | second).status_code == 302


@pytest.mark.parametrize("odd", ["", "x", "=", "name", "name=0", "\u0661", "interval=" * 500])
def test_an_odd_mark_is_no_error_of_ours(odd, team, gpu, alice):
    page, path = just_signed_in(alice), f"/endpoints/{gpu.pk}/edit/"
    assert page.post(path, values(page.get(path)) | {"opened": odd, "interval": "30"}).status_code in (302, 422)
