"""A stored key stays with the server it was given for: who may change an address must not be able to read it."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from fleet import endpoints
from fleet.endpoints import same_server
from fleet.endpoints.forms import EndpointForm, initial_of
from fleet.models import Endpoint, EndpointState
from teams.models import AuditEntry
from tests.fake_engine import FakeEngine

pytestmark = pytest.mark.usefixtures("valkey")

KEY = "sk-planted"


@pytest.fixture
def own():
    with FakeEngine("vllm") as engine:
        engine.api_key = KEY
        yield engine


@pytest.fixture
def another():
    """A server of whoever wants to know the key: it lets only that key in."""
    with FakeEngine("vllm") as engine:
        engine.api_key = KEY
        yield engine


@pytest.fixture
def endpoint(team, own):
    return endpoints.add(team, name="gpu-1", url=own.url, api_key=KEY)


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


def form(endpoint: Endpoint, **typed: object) -> dict[str, object]:
    """The edit form as the page has it, with some fields typed over."""
    stored = initial_of(endpoint).items()
    values = {name: value for name, value in stored if value not in (None, []) and not isinstance(value, bool)}
    return values | {"endpoint": endpoint.pk, "api_key": ""} | typed


@pytest.mark.parametrize(
    ("url", "verify", "username", "same"),
    [
        ("https://gpu-1/", True, "bob", True),
        ("https://gpu-1:443/llm", True, "bob", True),
        ("https://GPU-1", True, "bob", True),
        ("http://gpu-1", True, "bob", False),
        ("https://gpu-1:8443", True, "bob", False),
        ("https://gpu-2", True, "bob", False),
        ("https://gpu-1", False, "bob", False),
        ("https://gpu-1", True, "", False),
        ("https://gpu-1", True, "charlie", False),
    ],
)
def test_a_server_is_known_by_scheme_host_port_user_name_and_a_checked_certificate(url, verify, username, same):
    stored = {"url": "https://gpu-1", "verify_tls": True, "username": "bob"}
    assert same_server(stored, url, verify, username) == same


def test_a_check_sends_the_stored_key_to_its_own_server_only(page, endpoint, own, another):
    shown = page.post("/endpoints/check/", form(endpoint), headers={"HX-Request": "true"}).content.decode()
    assert "vLLM" in shown and "without the stored key" not in shown
    shown = page.post("/endpoints/check/", form(endpoint, url=another.url), headers={"HX-Request": "true"})
    assert "without the stored key" in shown.content.decode() and "wants an API key" in shown.content.decode()


def test_another_address_asks_for_the_key_again(page, endpoint, another):
    edit = f"/endpoints/{endpoint.pk}/edit/"
    answer = page.post(edit, form(endpoint, url=another.url))
    assert answer.status_code == 422 and "type the key again" in answer.content.decode()
    endpoint.refresh_from_db()
    assert endpoint.url != another.url and endpoint.api_key == KEY
    assert page.post(edit, form(endpoint, url=another.url, api_key=KEY)).status_code == 302
    assert Endpoint.objects.get().url == another.url
    assert page.post(edit, form(endpoint, url="http://127.0.0.1:9", forget_key="on")).status_code == 302
    assert Endpoint.objects.get().api_key == ""


def test_another_user_name_asks_for_the_password_again_and_is_identified_afresh(page, endpoint, own):
    edit = f"/endpoints/{endpoint.pk}/edit/"
    shown = page.post(edit, form(endpoint, username="bob"))
    assert shown.status_code == 422 and "type the key again" in shown.content.decode()
    EndpointState.objects.update(engine="vllm", identified_at=datetime.now(UTC))
    assert page.post(edit, form(endpoint, username="bob", api_key="pw")).status_code == 302
    assert Endpoint.objects.get().username == "bob" and EndpointState.objects.get().engine == ""
    shown = page.post("/endpoints/check/", form(endpoint, username="charlie"), headers={"HX-Request": "true"})
    assert "without the stored key" in shown.content.decode()
    [entry] = AuditEntry.objects.filter(action="endpoint.changed")
    assert entry.detail == {"username": {"from": "", "to": "bob"}, "api_key": "changed"}


def test_the_rest_can_be_changed_without_the_key(page, endpoint):
    edit = f"/endpoints/{endpoint.pk}/edit/"
    assert page.post(edit, form(endpoint, name="renamed", url=f"{endpoint.url}/llm")).status_code == 302
    assert Endpoint.objects.get().api_key == KEY


def test_a_certificate_that_is_not_checked_any_more_asks_for_the_key_again(team):
    endpoint = endpoints.add(team, name="gpu-2", url="https://gpu-2", api_key=KEY)
    bound = EndpointForm(form(endpoint, unverified="on"), user=None, endpoint=endpoint)
    assert bound.is_valid() and bound.save() is None
    assert "type the key again" in str(bound.errors["api_key"])


@pytest.mark.parametrize(
    "entry", ['url: "http://mine:8000"', 'url: "https://gpu-2/llm", verify_tls: false', 'url: "http://gpu-2"']
)
def test_a_file_that_moves_an_endpoint_without_its_key_takes_no_key_along(team, tmp_path, entry):
    endpoints.add(team, name="gpu-2", url="https://gpu-2", api_key=KEY)
    file = tmp_path / "fleet.yaml"
    file.write_text(f"teams: [{{slug: search, name: Search, endpoints: [{{name: gpu-2, {entry}}}]}}]")
    shown = StringIO()
    call_command("apply", str(file), stdout=shown)
    assert Endpoint.objects.get().api_key == "" and "api_key: removed" in shown.getvalue()
