"""Paused is a status, with who, since when and until when; resuming keeps the status, but not since when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext

from fleet import endpoints
from fleet.endpoints import pausing
from fleet.models import Endpoint, EndpointState, Incident
from teams.models import AuditEntry
from tests.fleet.outages import bad, good, probed

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR = timedelta(hours=1)


@pytest.fixture
def gpu(team):
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")


def in_an_hour():
    return datetime.now(UTC) + HOUR


def test_a_resumed_endpoint_is_what_it_was_since_then_so_that_the_pause_does_not_count(gpu, alice):
    before = probed(gpu, good())
    endpoints.pause(gpu, alice)
    paused = EndpointState.objects.get().since
    assert paused > before.since
    endpoints.resume(gpu)
    resumed = EndpointState.objects.get()
    assert (resumed.status, resumed.cause) == ("up", "")
    assert resumed.since > paused
    state = probed(gpu, good())
    assert (state.status, state.since) == ("up", resumed.since)


def test_trouble_from_before_the_pause_is_only_named_and_opens_an_incident_of_its_own(gpu, alice):
    probed(gpu, good(), bad(), bad(), bad())
    endpoints.pause(gpu, alice)
    endpoints.resume(gpu)
    state = EndpointState.objects.get()
    assert (state.status, state.cause, state.detail) == ("unknown", "resumed", "It was down before the pause.")
    probed(gpu, bad(), bad(), bad())
    assert [bool(each.resolved_at) for each in Incident.objects.order_by("pk")] == [True, False]


def test_a_paused_endpoint_can_get_another_end_and_stays_paused_since(gpu, alice):
    endpoints.pause(gpu, alice)
    since = Endpoint.objects.get().paused_at
    end = in_an_hour()
    endpoints.pause(gpu, alice, end)
    found = Endpoint.objects.get()
    assert (found.paused_at, found.paused_until, found.paused_by) == (since, end, alice)
    assert found.before_pause["status"] == "unknown"


def test_a_pause_can_not_end_in_the_past(gpu, alice):
    with pytest.raises(ValidationError, match="over already"):
        endpoints.pause(gpu, alice, datetime.now(UTC) - HOUR)
    assert not Endpoint.objects.get().paused


def test_when_its_time_is_over_it_is_probed_again_and_the_trail_says_so(gpu, team, alice):
    other = endpoints.add(team, name="gpu-2", url="http://gpu-2:8000")
    endpoints.pause(gpu, alice, in_an_hour())
    endpoints.pause(other, alice)
    assert pausing.resume_due() == 0
    Endpoint.objects.filter(pk=gpu.pk).update(paused_until=datetime.now(UTC) - HOUR)
    assert pausing.resume_due() == 1
    assert list(Endpoint.objects.filter(paused=True)) == [other]
    assert EndpointState.objects.watched().get().pk == gpu.pk
    assert AuditEntry.objects.get(action="endpoint.resumed").via == "end of the pause"


def test_the_sweep_costs_one_query_while_no_pause_is_over(gpu, alice):
    endpoints.pause(gpu, alice, in_an_hour())
    with CaptureQueriesContext(connection) as asked:
        pausing.resume_due()
    assert len(asked) == 1


def test_resuming_what_is_not_paused_changes_nothing(gpu):
    before = probed(gpu, good())
    assert not endpoints.resume(gpu)
    assert EndpointState.objects.get().probed_at == before.probed_at
    assert EndpointState.objects.get().status == "up"


def test_the_board_filters_counts_and_names_who_paused_until_when(gpu, client, alice):
    client.force_login(alice)
    endpoints.pause(gpu, alice, in_an_hour())
    page = client.get("/?status=paused").content.decode()
    assert 'id="count-paused"' in page and "paused by alice until <time" in " ".join(page.split())
    assert "<h1>None up, 1 paused</h1>" in page


def test_a_member_pauses_for_an_hour_and_sees_it_in_place(gpu, client, alice):
    client.force_login(alice)
    assert "until tomorrow, 9:00" in client.get(f"/endpoints/{gpu.pk}/pause/").content.decode()
    client.post(f"/endpoints/{gpu.pk}/pause/", {"lasts": "60"})
    found = Endpoint.objects.get()
    assert HOUR - timedelta(minutes=1) < found.paused_until - datetime.now(UTC) <= HOUR
    assert "Change the pause" in client.get(f"/endpoints/{gpu.pk}/pause/").content.decode()
    page = " ".join(client.get(found.get_absolute_url()).content.decode().split())
    assert "Paused</span> by alice" in page and "Resume now" in page


def test_until_tomorrow_is_by_the_clock_of_the_reader(gpu, client, alice):
    client.force_login(alice)
    client.post(f"/endpoints/{gpu.pk}/pause/", {"lasts": "tomorrow", "zone": "Asia/Kolkata"})
    end = Endpoint.objects.get().paused_until
    assert f"{end.astimezone(UTC):%H:%M}" == "03:30" and timedelta() < end - datetime.now(UTC) < timedelta(hours=34)


def test_an_end_in_the_past_is_refused_at_its_field(gpu, client, alice):
    client.force_login(alice)
    answer = client.post(f"/endpoints/{gpu.pk}/pause/", {"lasts": "own", "ends_at": "2020-01-01T10:00", "zone": "UTC"})
    assert answer.status_code == 422 and "over already" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_was_paused_before_is_paused_since_then():
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("fleet", "0021_state_failing")])
    old = executor.loader.project_state([("fleet", "0021_state_failing")]).apps
    team = old.get_model("teams", "Team").objects.create(name="Search", slug="search")
    endpoint = old.get_model("fleet", "Endpoint").objects.create(team=team, name="a", url="http://a", paused=True)
    since = datetime(2026, 11, 1, tzinfo=UTC)
    values = {"status": "unknown", "cause": "paused", "since": since}
    old.get_model("fleet", "EndpointState").objects.create(endpoint=endpoint, **values)
    MigrationExecutor(connection).migrate(newest)
    state = EndpointState.objects.get()
    assert (state.status, state.cause, state.endpoint.paused_at) == ("paused", "paused", since)
    endpoints.resume(Endpoint.objects.get())
    assert EndpointState.objects.get().status == "unknown"
