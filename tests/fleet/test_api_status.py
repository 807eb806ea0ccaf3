"""GET /api/v1/status: the board for programs, as far as their token sees it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import health
from fleet.models import Endpoint, EndpointState, Incident
from teams import tokens
from teams.models import Membership, Role, Scope, Team

pytestmark = [pytest.mark.django_db, pytest.mark.database]

URL = "/api/v1/status"
NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
FACTS = {"version": "0.33.0", "models": [{"name": "qwen3", "loaded": True}, {"name": "phi4", "loaded": False}]}


@pytest.fixture
def other(db) -> Team:
    return Team.objects.create(name="Vision", slug="vision")


def watched(team: Team, name: str, **state) -> EndpointState:
    endpoint = Endpoint.objects.create(team=team, name=name, url=f"http://{name}:8000")
    return EndpointState.objects.create(endpoint=endpoint, **{"status": "up", "cause": "", **state})


def token(by, team: Team | None = None, scope: Scope = Scope.STATUS) -> dict[str, str]:
    """The headers of a program with such a token."""
    return {"Authorization": f"Bearer {tokens.make('ci', [scope], 30, by, team)[1]}"}


def names(client: Client, headers: dict[str, str], query: str = "") -> list[str]:
    return [endpoint["name"] for endpoint in client.get(f"{URL}{query}", headers=headers).json()["endpoints"]]


def test_an_endpoint_is_reported_in_full(client, alice, team):
    load = {"running": 2, "waiting": 5, "deferred": 3, "kv_cache_usage": 0.9}
    state = watched(
        team,
        "gpu-1",
        status="busy",
        cause="saturated",
        detail="5 requests wait",
        step="load",
        since=NOON,
        probed_at=NOON,
        seen_at=NOON,
        latency_ms=4.5,
        engine="vllm",
        facts=FACTS,
        load=load,
    )
    answer = client.get(URL, headers=token(alice))
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/json", "no-store")
    [shown] = answer.json()["endpoints"]
    assert shown.pop("load") == {
        **dict.fromkeys(("slots", "busy", "preemptions", "prefix_cache_queries", "prefix_cache_hits")),
        **dict.fromkeys(("prompt_tokens", "generation_tokens", "requests", "sleep_state")),
        **load,
    }
    assert shown == {
        "id": state.pk,
        "name": "gpu-1",
        "team": "search",
        "url": "http://gpu-1:8000",
        "engine": "vllm",
        "product": None,
        "gateway": False,
        "behind": [],
        "version": "0.33.0",
        "status": "busy",
        "cause": "saturated",
        "sentence": "It works, but requests wait for their turn (5 requests wait; step: load).",
        **dict.fromkeys(("since", "last_probe_at", "last_answer_at"), "2027-01-15T12:00:00.000Z"),
        "tags": [],
        "latency_ms": 4.5,
        "models": {"offered": ["qwen3", "phi4"], "loaded": ["qwen3"]},
        "engine_figures": {
            "vllm:num_requests_running": 2,
            "vllm:num_requests_waiting": 8,
            "vllm:kv_cache_usage_perc": 0.9,
        },
        "incident": None,
        "silenced": False,
        "maintenance": False,
        "flapping": False,
        "unreadable": False,
        "paused_by": None,
        "paused_until": None,
    }


def test_what_is_not_known_is_null_and_never_zero(client, alice, team):
    watched(team, "gpu-1", status="unknown", cause="new")
    shown = client.get(URL, headers=token(alice)).json()
    [endpoint] = shown["endpoints"]
    unknown = ("engine", "version", "since", "last_probe_at", "last_answer_at", "latency_ms", "incident")
    assert {endpoint[name] for name in unknown} == {None}
    assert endpoint["models"] == {"offered": None, "loaded": None}
    assert set(endpoint["load"].values()) == {None} and endpoint["engine_figures"] == {}
    assert shown["totals"] == {"unknown": 1} | dict.fromkeys(
        ("down", "degraded", "busy", "loading", "asleep", "up", "paused"), 0
    )


def test_an_engine_that_does_not_show_what_is_loaded_has_null_for_it(client, alice, team):
    watched(team, "gpu-1", facts={"models": [{"name": "tiny"}]})
    [endpoint] = client.get(URL, headers=token(alice)).json()["endpoints"]
    assert endpoint["models"] == {"offered": ["tiny"], "loaded": None}


def test_an_open_incident_is_named_with_what_was_done_about_it(client, alice, team):
    marks = {"silenced": NOON.isoformat(), "maintenance": NOON.isoformat(), "flapping": True}
    state = watched(team, "gpu-1", status="down", cause="timed_out", marks=marks)
    moments = {"began_at": NOON, "opened_at": NOON}
    Incident.objects.create(endpoint_id=state.pk, status="down", cause="timed_out", resolved_at=NOON, **moments)
    incident = Incident.objects.create(endpoint_id=state.pk, status="down", cause="timed_out", **moments)

    def shown() -> dict:
        return client.get(URL, headers=token(alice)).json()["endpoints"][0]

    url = f"http://localhost:8700/incidents/{incident.pk}/"
    expected = {"id": incident.pk, "url": url, "opened_at": "2027-01-15T12:00:00.000Z", "acknowledged": False}
    assert shown()["incident"] == expected
    assert shown()["silenced"] and shown()["maintenance"] and shown()["flapping"]
    Incident.objects.filter(pk=incident.pk).update(acknowledged_at=NOON)
    assert shown()["incident"]["acknowledged"]
    Incident.objects.filter(pk=incident.pk).update(acknowledged_until=datetime.now(UTC) - timedelta(minutes=1))
    assert not shown()["incident"]["acknowledged"]


def test_credentials_in_an_old_address_are_not_passed_on(client, alice, team):
    state = watched(team, "gpu-1")
    Endpoint.objects.filter(pk=state.pk).update(url="http://user:hunter2@gpu-1:8000/x")
    assert client.get(URL, headers=token(alice)).json()["endpoints"][0]["url"] == "http://gpu-1:8000/x"


def test_filters_narrow_the_endpoints_and_not_the_totals(client, alice, team, other):
    watched(team, "gpu-1")
    watched(team, "gpu-2", status="down", cause="timed_out")
    watched(other, "gpu-3", status="down", cause="timed_out")
    headers = token(alice)
    assert names(client, headers) == ["gpu-1", "gpu-2", "gpu-3"]
    assert names(client, headers, "?status=down") == ["gpu-2", "gpu-3"]
    assert names(client, headers, "?team=search&status=down") == ["gpu-2"]
    totals = client.get(f"{URL}?team=search", headers=headers).json()["totals"]
    assert (totals["up"], totals["down"]) == (1, 2)


@pytest.mark.parametrize(
    ("query", "code"), [("?team=nobody", "team_not_found"), ("?status=broken", "status_not_found")]
)
def test_filters_that_name_nothing_are_an_error(client, alice, query, code):
    answer = client.get(f"{URL}{query}", headers=token(alice))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_a_token_of_a_team_sees_its_team_and_no_other(client, alice, team, other):
    watched(team, "gpu-1")
    watched(other, "gpu-2")
    headers = token(alice, team)
    assert names(client, headers) == ["gpu-1"]
    assert client.get(URL, headers=headers).json()["totals"]["up"] == 1
    assert client.get(f"{URL}?team=vision", headers=headers).status_code == 404


def test_who_is_removed_from_a_team_sees_it_no_more_by_token(client, settings, alice, bob, team, other):
    settings.FLEET_OPEN = False
    watched(team, "gpu-1")
    watched(other, "gpu-2")
    membership = Membership.objects.create(user=bob, team=other, role=Role.VIEWER)
    headers = token(bob)
    assert names(client, headers) == ["gpu-1", "gpu-2"]
    membership.delete()
    assert names(client, headers) == ["gpu-1"]
    answer = client.get(f"{URL}?team=vision", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "team_not_found")


def test_the_watchs_own_trouble_is_reported_first(client, alice, monkeypatch):
    broken = [health.Trouble("dispatcher", "now", "The dispatcher is not running.", since=NOON, old_picture=True)]
    monkeypatch.setattr(health.glance, "troubles", lambda: broken)
    watch = client.get(URL, headers=token(alice)).json()["watch"]
    trouble = {"part": "dispatcher", "text": "The dispatcher is not running.", "since": "2027-01-15T12:00:00.000Z"}
    assert watch == {"ok": False, "old_picture": True, "troubles": [trouble]}


def test_errors_are_json(client, alice, settings):
    settings.DEBUG = False
    answers = {
        401: client.get(URL),
        403: client.get(URL, headers=token(alice, scope=Scope.METRICS)),
        404: client.get("/api/v2/status"),
        405: Client(enforce_csrf_checks=True).post(URL, headers=token(alice)),
    }
    for status, answer in answers.items():
        error = answer.json()["error"]
        assert (answer.status_code, set(error)) == (status, {"code", "message"})
    assert answers[401]["WWW-Authenticate"].startswith("Bearer ")
    assert answers[405]["Allow"] == "GET, HEAD"


def test_no_cookie_is_set_and_no_session_made(client, alice):
    for path, scope in ((URL, Scope.STATUS), ("/metrics", Scope.METRICS)):
        for answer in (client.get(path), client.get(path, headers=token(alice, scope=scope))):
            assert not answer.cookies
    assert not Session.objects.exists()


def test_a_deactivated_persons_token_opens_nothing(client, alice):
    headers = token(alice)
    alice.is_active = False
    alice.save()
    assert client.get(URL, headers=headers).json()["error"]["code"] == "owner_inactive"


def test_the_number_of_queries_depends_on_nothing(client, alice, team):
    headers = token(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL, headers=headers).status_code == 200
        return len(captured)

    watched(team, "gpu-0")
    queries()  # the first one notes the minute
    few = queries()
    for number in range(1, 20):
        watched(team, f"gpu-{number}", status="down", cause="timed_out", facts=FACTS)
    assert queries() <= few <= 5
