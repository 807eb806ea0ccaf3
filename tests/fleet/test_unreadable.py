"""One row with odd stored values: every page shows it as unreadable, and the others as usual."""

import contextlib
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import JSONField, Value

from fleet.engines.reading_json import facts_from_json, load_from_json
from fleet.models import Alert, Endpoint, EndpointState, Incident, Message
from teams import tokens
from teams.models import Scope
from tests.fleet.outages import fail, watched

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey"), pytest.mark.postgres]

NULL = Value(None, JSONField())
ANY = [NULL, [1, "x"], "text", 5]
ODD = {
    "facts": [*ANY, {"models": 5}, {"models": [None]}, {"models": [{"name": 5}]}, {"models": [{}]},
              {"models": {"a": 1}}, {"models": [{"name": "m", "size": "big"}]},
              {"models": [{"name": "m", "capabilities": [{}]}]},
              {"version": ["1"]}, {"api": [1]}, {"unknown": 1}],
    "load": [*ANY, {"running": "many"}, {"running": [1]}, {"slots": {}}, {"kv_cache_usage": "full"}, {"unknown": 1}],
    "marks": [*ANY, {"silenced": "soon"}, {"acknowledged": "bob"}, {"acknowledged": {"by": 5}}, {"maintenance": [1]}],
    "strip": [*ANY, {"day": []}, {"day": {"x": {"up": 1}}}, {"hour": {"1": None}}, {"hour": {"9999999999": [1]}}],
    "canary": [*ANY, {"at": "then"}, {"day": []}],
    "ladder": [*ANY, {}, [None], [{"step": "load", "total_ms": "slow"}]],
    "turns": ANY,
}  # fmt: skip


@pytest.fixture
def good(team) -> Endpoint:
    return watched(team, "good")


@pytest.fixture
def bad(team) -> Endpoint:
    return watched(team, "bad", canary_models=["qwen3:8b"])


@pytest.fixture
def page(client, alice, good, bad):
    client.force_login(alice)
    return client


def pages(*endpoints: Endpoint) -> list[str]:
    boards = ["/", "/?q=o", "/?model=qwen3", "/changes/?since=0", "/models/?q=qwen"]
    lists = ["/incidents/", "/alerts/", "/maintenance/", "/silences/"]
    return [*boards, *lists, *(each.get_absolute_url() for each in endpoints)]


@pytest.mark.parametrize("column", ODD)
def test_odd_json_of_some_endpoints_is_in_no_ones_way(column, page, team, alice, good):
    odd = [watched(team, f"bad-{n:02}", canary_models=["qwen3:8b"]) for n in range(len(ODD[column]))]
    for n, (endpoint, value) in enumerate(zip(odd, ODD[column], strict=True)):
        status = "down" if n % 2 else "up"
        EndpointState.objects.filter(pk=endpoint.pk).update(**{column: value}, status=status)
    found = {path: page.get(path) for path in pages(good, *odd)}
    assert {path: answer.status_code for path, answer in found.items()} == dict.fromkeys(found, 200)
    html = found["/"].content.decode()
    assert not [name for name in ("good", *(each.name for each in odd)) if name not in html]
    assert "good" in page.get("/models/").content.decode()
    _, token = tokens.make("t", [Scope.STATUS, Scope.METRICS], 30, alice)
    for path in ("/api/v1/status", "/metrics"):
        answer = page.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, path
    with contextlib.suppress(SystemExit):  # which says that something is down
        call_command("status", stdout=(out := StringIO()), stderr=StringIO())
    assert "good" in out.getvalue()


def test_it_is_shown_as_unreadable(page, alice, good, bad):
    EndpointState.objects.filter(pk=bad.pk).update(facts=[1])
    assert "can&#x27;t be read" in page.get("/").content.decode() + page.get(bad.get_absolute_url()).content.decode()
    _, token = tokens.make("t", [Scope.STATUS], 30, alice)
    rows = page.get("/api/v1/status", headers={"Authorization": f"Bearer {token}"}).json()["endpoints"]
    assert {row["name"]: row["unreadable"] for row in rows} == {"good": False, "bad": True}


@pytest.mark.parametrize("url", ["http://[bad", "", "not a URL", "http://gpu:port"])
def test_an_odd_address_is_in_no_ones_way(url, page, alice, good, bad):
    Endpoint.objects.filter(pk=bad.pk).update(url=url)
    for path in pages(good, bad)[:-1]:
        assert page.get(path).status_code == 200, path
    _, token = tokens.make("t", [Scope.STATUS], 30, alice)
    assert page.get("/api/v1/status", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_secret_that_no_key_fits_is_in_no_ones_way(page, good, bad):
    Endpoint.objects.filter(pk=bad.pk).update(api_key="x")
    fail(good)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fleet_endpoint SET api_key = 'odd' WHERE id = %s", [bad.pk])
    Incident.objects.create(endpoint_id=bad.pk, status="down", cause="slow", began_at=now(), opened_at=now())
    for path in pages(good, bad)[:-1]:
        assert page.get(path).status_code == 200, path


def now() -> datetime:
    return datetime.now(UTC)


def test_an_odd_cause_is_named(page, good, bad):
    incident = fail(bad)
    Incident.objects.filter(pk=incident.pk).update(cause="gremlins", last_seen=[1])
    EndpointState.objects.filter(pk=bad.pk).update(cause="gremlins", status="odd")
    for path in (*pages(good, bad)[:-1], incident.get_absolute_url()):
        assert page.get(path).status_code == 200, path


@pytest.mark.parametrize("facts", [[], "text", 5, {}, {"name": 5}, {"subject": None}])
def test_an_alert_that_can_not_be_read_leaves_the_others_on_the_page(facts, page, team):
    for name in ("odd", "fine"):
        message = Message.objects.create(team=team, recipient=f"{name}@example.org", created_at=now(), state="sent")
        known = {"subject": name, "text": name, "path": "/", "link_text": "x", "team": "Search", "team_slug": "search"}
        note = {"kind": "review", "key": name, "facts": known if name == "fine" else facts}
        Alert.objects.create(message=message, team=team, created_at=now() - timedelta(1), recipient="x", **note)
    html = page.get("/alerts/").content.decode()
    assert "REVIEW  fine" in html and "This message can&#x27;t be shown" in html


@pytest.mark.parametrize("value", [[], None, {"running": "many"}, {"unknown": 1}, {"busy": 5.5}])
def test_a_load_of_other_types_is_refused(value):
    with pytest.raises(TypeError, match="stored as"):
        load_from_json(value)


def test_what_a_probe_wrote_is_taken():
    assert load_from_json({"running": 2.0, "busy": True, "waiting_by_reason": {}}).running == 2
    models = [{"name": "m", "size": 5, "capabilities": ["tools"], "loaded": None}]
    assert facts_from_json({"models": models, "memory": {"a": [1]}, "asked": {"x": 1.5}}).models[0].size == 5
