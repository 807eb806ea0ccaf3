"""The marks in the state rows: what puts them there, what takes them away, and which rows boards redraw."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User

from fleet import endpoints, live
from fleet.incidents import actions
from fleet.models import Endpoint, EndpointState, Incident, MaintenanceWindow, Silence
from fleet.muting import marks
from fleet.queries.board import Filters, board
from teams.models import Team

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.database]

NOW = datetime.now(UTC)


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")


@pytest.fixture
def box(team) -> Endpoint:
    return endpoints.add(team, name="box", url="http://box:11434", engine="ollama")


def of(endpoint: Endpoint) -> dict:
    marks.refresh()
    return EndpointState.objects.get(pk=endpoint.pk).marks


def incident(endpoint: Endpoint, **columns) -> Incident:
    known = {"status": "down", "cause": "connection_refused", "began_at": NOW, "opened_at": NOW}
    return Incident.objects.create(endpoint=endpoint, **known | columns)


def silence(team: Team, minutes: int = 60, **about) -> Silence:
    span = {"starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(minutes=minutes)}
    return Silence.objects.create(team=team, **span, **about)


def test_without_a_reason_there_is_no_mark_and_nothing_is_written(gpu, django_assert_num_queries):
    assert of(gpu) == {}
    with django_assert_num_queries(1):  # whether there may be any
        marks.refresh()


def test_a_window_of_the_endpoint_or_of_its_team_marks_it_until_the_later_end(team, gpu, box):
    for endpoint, minutes in ((gpu, 30), (None, 90)):
        MaintenanceWindow.objects.create(
            team=team, endpoint=endpoint, name="update", starts_at=NOW - timedelta(minutes=10), minutes=minutes
        )
    late = (NOW + timedelta(minutes=80)).isoformat()
    assert of(gpu) == {"maintenance": late} and of(box) == {"maintenance": late}


def test_a_window_marks_nothing_before_it_begins(team, gpu):
    MaintenanceWindow.objects.create(team=team, name="update", starts_at=NOW + timedelta(minutes=10), minutes=5)
    assert of(gpu) == {}


@pytest.mark.parametrize(
    ("about", "silenced"), [({}, {"gpu-1", "box"}), ({"engine": "ollama"}, {"box"}), ({"endpoint": "gpu-1"}, {"gpu-1"})]
)
def test_a_silence_marks_what_it_covers(team, gpu, box, about, silenced):
    elsewhere = Team.objects.create(name="Other", slug="other")
    other = endpoints.add(elsewhere, name="other", url="http://other:11434", engine="ollama")
    silence(team, **about | ({"endpoint": gpu} if "endpoint" in about else {}))
    assert {each.name for each in (gpu, box, other) if of(each)} == silenced


def test_the_engine_that_answers_counts_more_than_the_pinned_one(team, box):
    EndpointState.objects.filter(pk=box.pk).update(engine="vllm")
    silence(team, engine="ollama")
    assert of(box) == {}
    silence(team, engine="vllm")
    assert "silenced" in of(box)


def test_a_silence_that_is_over_marks_nothing(team, gpu):
    silence(team, minutes=-1)
    assert of(gpu) == {}


def test_an_acknowledgement_marks_while_it_holds_and_the_incident_is_open(gpu):
    until = NOW + timedelta(hours=1)
    taken = incident(gpu, acknowledged_by="alice", acknowledged_at=NOW, acknowledged_until=until)
    assert of(gpu) == {"acknowledged": {"by": "alice", "until": until.isoformat()}}
    Incident.objects.update(acknowledged_until=NOW - timedelta(seconds=1))
    assert of(gpu) == {}
    Incident.objects.update(acknowledged_until=None)
    assert of(gpu) == {"acknowledged": {"by": "alice", "until": None}}
    Incident.objects.filter(pk=taken.pk).update(resolved_at=NOW)
    assert of(gpu) == {}


def test_an_endpoint_that_comes_and_goes_is_marked_as_flapping(gpu):
    now = datetime.now(UTC).timestamp()
    EndpointState.objects.filter(pk=gpu.pk).update(turns=[[now - 60 * i, i % 2] for i in range(8, 0, -1)])
    assert of(gpu) == {"flapping": True}


def test_only_what_changed_is_written_and_sent_to_the_boards(team, gpu, box, valkey):
    marks.refresh()
    before = dict(EndpointState.objects.values_list("pk", "regrouped_at"))
    silence(team, endpoint=gpu)
    with valkey.pubsub() as heard:
        heard.subscribe(live.CHANNEL)
        heard.get_message(timeout=2)
        marks.refresh()
        marks.refresh()
        assert json.loads(heard.get_message(timeout=2)["data"]) == [gpu.pk]
        assert heard.get_message(timeout=0.1) is None
    after = dict(EndpointState.objects.values_list("pk", "regrouped_at"))
    assert after[gpu.pk] > before[gpu.pk] and after[box.pk] == before[box.pk]


def test_a_whole_team_is_marked_in_one_statement(team, django_assert_num_queries):
    for number in range(30):
        endpoints.add(team, name=f"gpu-{number}", url=f"http://gpu-{number}:8000")
    silence(team)
    with django_assert_num_queries(13) as asked:
        marks.refresh()
    assert sum(query["sql"].startswith("UPDATE") for query in asked) == 1
    assert all(marked for marked in EndpointState.objects.values_list("marks", flat=True))


def test_given_endpoints_alone_are_read(team, gpu, box):
    silence(team)
    marks.refresh([gpu.pk])
    assert EndpointState.objects.get(pk=gpu.pk).marks and not EndpointState.objects.get(pk=box.pk).marks


def test_the_board_shows_marks_and_dims_what_somebody_is_on(team, gpu, box, alice, django_capture_on_commit_callbacks):
    EndpointState.objects.filter(pk__in=[gpu.pk, box.pk]).update(status="down", cause="connection_refused", since=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        actions.acknowledge(incident(gpu), "alice")
        incident(box)
    shown = board(User(is_superuser=True), Filters())
    rows = {row.name: row.html for row in shown.groups[0].rows}
    assert "Acknowledged by alice" in rows["gpu-1"] and "Acknowledged by alice" not in rows["box"]
    assert "is-known" in rows["gpu-1"] and "is-known" not in rows["box"]
    assert shown.headline.text == "2 down, 1 of them acknowledged"
    assert shown.headline.lead.name == "box", "what nobody is on comes first"


def test_the_end_of_a_window_and_of_an_acknowledgement_is_in_the_timeline_once(team, gpu):
    now = datetime.now(UTC)
    incident = Incident.objects.create(endpoint=gpu, status="down", began_at=now, opened_at=now)
    actions.acknowledge(incident, "bob", until=now + timedelta(minutes=5))
    MaintenanceWindow.objects.create(team=team, name="Update", starts_at=now - timedelta(minutes=1), minutes=5)
    marks.refresh()
    before = EndpointState.objects.get(pk=gpu.pk).marks
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        marks.refresh()
        assert EndpointState.objects.get(pk=gpu.pk).marks == {}
        EndpointState.objects.filter(pk=gpu.pk).update(marks=before)  # as another process still has them
        marks.refresh()
    lines = incident.events.values_list("at", "text")
    assert [(at, text) for at, text in lines if text.endswith("ended.")] == [
        (datetime.fromisoformat(before["maintenance"]), "The maintenance ended."),
        (incident.events.model.objects.get(text__contains="acknowledgement ended").at, "The acknowledgement ended."),
    ]
