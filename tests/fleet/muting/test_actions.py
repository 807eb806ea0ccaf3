"""What people do about trouble: it is written down, it counts at once, and nonsense is refused in a sentence."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from fleet import endpoints
from fleet.incidents import actions as incident_actions
from fleet.models import Endpoint, EndpointState, Incident, MaintenanceWindow, Silence
from fleet.muting import actions
from teams.models import Team

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.database]

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _on_commit_runs(transactional_db) -> None:
    """What follows a commit happens, as it does outside of tests."""


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")


@pytest.fixture
def incident(gpu) -> Incident:
    now = datetime.now(UTC)
    return Incident.objects.create(endpoint=gpu, status="down", cause="timed_out", began_at=now, opened_at=now)


def now() -> datetime:
    return datetime.now(UTC)


def marked(endpoint: Endpoint) -> dict:
    return EndpointState.objects.get(pk=endpoint.pk).marks


def timeline(incident: Incident) -> list[tuple[str, str]]:
    return list(incident.events.values_list("author", "text"))


def resolve(incident: Incident) -> None:
    Incident.objects.filter(pk=incident.pk).update(resolved_at=now())


def test_an_acknowledgement_is_kept_marked_and_reported_in_the_timeline(incident):
    incident_actions.acknowledge(incident, "alice", "  restarting \n it ")
    stored = Incident.objects.get()
    assert (stored.acknowledged_by, stored.acknowledged_note, stored.is_acknowledged) == (
        "alice",
        "restarting\nit",
        True,
    )
    assert timeline(incident) == [("alice", "Acknowledged until it is resolved. restarting\nit")]
    assert marked(incident.endpoint)["acknowledged"]["by"] == "alice"


def test_an_acknowledgement_with_an_end_is_over_then(incident, time_machine):
    incident_actions.acknowledge(incident, "alice", until=now() + HOUR)
    assert Incident.objects.get().is_acknowledged
    time_machine.move_to(now() + 2 * HOUR)
    assert not Incident.objects.get().is_acknowledged


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_dates_that_no_calendar_needs_are_refused_with_a_sentence(zone, incident, alice):
    team, days = incident.endpoint.team, timedelta(days=1)
    first, last = (datetime(*day, tzinfo=ZoneInfo(zone)) for day in [(1, 1, 1), (9999, 12, 30)])
    with pytest.raises(ValidationError, match="a year ago"):
        actions.plan(team, alice, name="old", starts_at=first, ends_at=first + HOUR, repeats="monthly")
    with pytest.raises(ValidationError, match="ten years ahead"):
        actions.plan(team, alice, name="late", starts_at=now() + days, ends_at=last)
    ahead = {"starts_at": now() + days, "ends_at": now() + days + HOUR, "repeats": "daily"}
    with pytest.raises(ValidationError, match="ten years ahead"):
        actions.plan(team, alice, name="days", **ahead, last_day=date.max)
    with pytest.raises(ValidationError, match="30 days at most"):
        actions.silence(team, alice, ends_at=last)
    with pytest.raises(ValidationError, match="ten years ahead"):
        incident_actions.acknowledge(incident, "alice", until=last)
    assert not MaintenanceWindow.objects.exists() and not Silence.objects.exists()


def test_another_may_take_it_over_and_give_it_back(incident):
    incident_actions.acknowledge(incident, "alice")
    incident_actions.acknowledge(incident, "bob")
    assert Incident.objects.get().acknowledged_by == "bob"
    incident_actions.unacknowledge(incident, "bob")
    assert not Incident.objects.get().is_acknowledged and not marked(incident.endpoint)
    assert [author for author, _ in timeline(incident)] == ["alice", "bob", "bob"]


def test_what_is_resolved_can_not_be_acknowledged_though_the_page_was_older(incident):
    resolve(incident)
    with pytest.raises(ValidationError, match="resolved already"):
        incident_actions.acknowledge(incident, "alice")
    with pytest.raises(ValidationError, match="resolved already"):
        incident_actions.unacknowledge(incident, "alice")
    assert timeline(incident) == [] and not Incident.objects.get().acknowledged_by


@pytest.mark.parametrize(
    ("text", "ends", "shown"),
    [("", -HOUR, "over already"), ("", 0 * HOUR, "over already"), ("x" * 501, HOUR, "at most 500")],
)
def test_an_acknowledgement_that_makes_no_sense_changes_nothing(incident, text, ends, shown):
    with pytest.raises(ValidationError, match=shown):
        incident_actions.acknowledge(incident, "alice", text, now() + ends)
    assert not Incident.objects.get().acknowledged_at and not timeline(incident)


def test_notes_can_be_added_to_what_is_over_and_have_an_author(incident):
    resolve(incident)
    incident_actions.add_note(incident, "alice", "It was the power supply.")
    assert timeline(incident) == [("alice", "It was the power supply.")]
    for text, shown in (("  ", "Write what"), ("y" * 501, "at most 500 characters; this one has 501")):
        with pytest.raises(ValidationError, match=shown):
            incident_actions.add_note(incident, "alice", text)
    assert len(timeline(incident)) == 1


def test_a_silence_is_marked_and_reported_at_once_and_so_is_its_end(team, alice, incident, gpu):
    made = actions.silence(team, alice, ends_at=now() + HOUR, endpoint=gpu, reason="cable work")
    assert marked(gpu)["silenced"] == made.ends_at.isoformat()
    assert timeline(incident)[0][0] == "alice" and timeline(incident)[0][1].endswith("gpu-1.")
    actions.end_silences([made], alice)
    assert not marked(gpu) and timeline(incident)[1] == ("alice", "The silence of gpu-1 was ended.")
    with pytest.raises(ValidationError, match="over already"):
        actions.end_silences([made], alice)


def test_a_silence_of_an_engine_is_reported_only_where_that_engine_runs(team, alice, incident, gpu):
    actions.silence(team, alice, ends_at=now() + HOUR, engine="ollama")
    assert not timeline(incident) and not marked(gpu)
    EndpointState.objects.update(engine="vllm")
    actions.silence(team, alice, ends_at=now() + HOUR, engine="vllm")
    assert "vLLM of Search" in timeline(incident)[0][1] and marked(gpu)


@pytest.mark.parametrize(
    ("lasts", "shown"),
    [(-HOUR, "over already"), (timedelta(days=31), "30 days at most. Pause")],
)
def test_a_silence_in_the_past_or_without_end_is_refused(team, alice, lasts, shown):
    with pytest.raises(ValidationError, match=shown):
        actions.silence(team, alice, ends_at=now() + lasts)
    assert not Silence.objects.exists()


def test_nobody_silences_or_plans_what_another_team_owns(alice, gpu):
    other = Team.objects.create(name="Other", slug="other")
    with pytest.raises(ValidationError, match="another team"):
        actions.silence(other, alice, ends_at=now() + HOUR, endpoint=gpu)
    with pytest.raises(ValidationError, match="another team"):
        actions.plan(other, alice, name="x", starts_at=now(), ends_at=now() + HOUR, endpoint=gpu)


def test_maintenance_that_begins_now_is_marked_at_once_and_so_is_its_removal(team, alice, incident, gpu):
    window = actions.plan(team, alice, name=" New  drivers ", starts_at=now(), ends_at=now() + HOUR)
    assert window.name == "New drivers" and window.minutes == 60 and "maintenance" in marked(gpu)
    actions.remove_windows([window], alice)
    assert not marked(gpu) and [text.split()[0] for _, text in timeline(incident)] == ["Maintenance", "The"]


def test_maintenance_to_come_says_nothing_yet(team, alice, incident, gpu):
    actions.plan(team, alice, name="x", starts_at=now() + HOUR, ends_at=now() + 2 * HOUR)
    assert not marked(gpu) and not timeline(incident)


@pytest.mark.parametrize(
    ("change", "field", "shown"),
    [
        ({"hours": -1}, "ends_at", "ends before it starts"),
        ({"hours": 0}, "ends_at", "a minute at least"),
        ({"hours": 31 * 24}, "ends_at", "within 30 days"),
        ({"hours": 25, "repeats": "daily"}, "ends_at", "within 1 day, before it comes round again"),
        ({"hours": 8 * 24, "repeats": "weekly"}, "ends_at", "within 7 days"),
        ({"name": " "}, "name", "Give it a name"),
        ({"name": "x" * 81}, "name", "at most 80"),
        ({"repeats": "hourly"}, "repeats", "listed ways"),
        ({"time_zone": "Mars/Base"}, "time_zone", "no time zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "no time zone"),
        ({"repeats": "daily", "last_day": date(2020, 1, 1)}, "last_day", "before the first one"),
        ({"past": 3}, "ends_at", "over already"),
    ],
)
def test_maintenance_that_makes_no_sense_is_refused_with_a_sentence(team, alice, change, field, shown):
    begins = now() + HOUR - timedelta(hours=change.pop("past", 0))
    ends = begins + timedelta(hours=change.pop("hours", 1))
    with pytest.raises(ValidationError) as refused:
        actions.plan(team, alice, **{"name": "x", "starts_at": begins, "ends_at": ends, **change})
    assert shown in refused.value.message_dict[field][0]
    assert not MaintenanceWindow.objects.exists()
