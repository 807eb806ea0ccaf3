"""Whatever is done to an endpoint that is in trouble leaves true messages and working pages."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from fleet import endpoints
from fleet.alerts import delivery, wording
from fleet.engines.errors import Cause
from fleet.incidents import actions as incident_actions
from fleet.incidents import sweep
from fleet.models import Alert, AlertPolicy, Endpoint, Incident, Message
from fleet.muting import actions, marks
from teams import team_lifecycle
from teams.models import Role
from tests.fleet.alerts.outbox import due_again
from tests.fleet.outages import fail, recover, settle, watched

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

DOWN, GONE, UP = "DOWN  gpu-1 (Search)", "NO LONGER WATCHED  gpu-1 (Search)", "UP  gpu-1 (Search)"
ONCALL, DAY = "oncall@example.org", timedelta(days=1)


def deliver() -> None:
    """Time passes: whatever is to be sent is sent."""
    sweep.sweep()
    settle()
    due_again()
    delivery.deliver()


def well(endpoint: Endpoint, smtp, alice) -> None:
    """Nothing ever happened to it."""


def alerted(endpoint: Endpoint, smtp, alice) -> None:
    fail(endpoint)
    deliver()


def gathering(endpoint: Endpoint, smtp, alice) -> None:
    fail(endpoint)


def waiting(endpoint: Endpoint, smtp, alice) -> None:
    smtp.answer = "451 4.7.1 later"
    alerted(endpoint, smtp, alice)
    smtp.answer = "250 taken"


def silenced_before(endpoint: Endpoint, smtp, alice) -> None:
    actions.silence(endpoint.team, alice, ends_at=datetime.now(UTC) + DAY)
    alerted(endpoint, smtp, alice)


def silenced_after(endpoint: Endpoint, smtp, alice) -> None:
    alerted(endpoint, smtp, alice)
    actions.silence(endpoint.team, alice, ends_at=datetime.now(UTC) + DAY, endpoint=endpoint)


def in_maintenance(endpoint: Endpoint, smtp, alice) -> None:
    alerted(endpoint, smtp, alice)
    now = datetime.now(UTC)
    actions.plan(endpoint.team, alice, name="Work", starts_at=now - timedelta(hours=1), ends_at=now + DAY)


def acknowledged(endpoint: Endpoint, smtp, alice) -> None:
    alerted(endpoint, smtp, alice)
    incident_actions.acknowledge(Incident.objects.get(), "alice")


def recovered_in_silence(endpoint: Endpoint, smtp, alice) -> None:
    silenced_after(endpoint, smtp, alice)
    recover(endpoint)


def recovered(endpoint: Endpoint, smtp, alice) -> None:
    alerted(endpoint, smtp, alice)
    recover(endpoint)
    deliver()


STATES = {
    well: ("", ""),
    gathering: ("", DOWN),
    alerted: (DOWN, DOWN),
    waiting: ("", DOWN),
    silenced_before: ("", ""),
    silenced_after: (DOWN, DOWN),
    in_maintenance: (DOWN, DOWN),
    acknowledged: (DOWN, DOWN),
    recovered_in_silence: (DOWN, DOWN),
    recovered: (f"{DOWN}, {UP}", f"{DOWN}, {UP}"),
}
"""What brings an endpoint there -> what was mailed by then, and what once all was delivered."""

TROUBLED = [alerted, waiting, silenced_after, in_maintenance, recovered_in_silence]
MAILED = [alerted, waiting]
"""What is tried with every way into the same change, too: a mail has left, or waits."""

FILE = "teams:\n- slug: search\n  name: Search\n  mail_to: [oncall@example.org]\n  endpoints: "


def applied(tmp_path, entries: str) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(FILE + entries)
    call_command("apply", str(file), prune=True, stdout=StringIO())


ENDS: dict[str, tuple[Callable[..., object], str]] = {
    "paused": (lambda e, page, tmp: page.post(f"/endpoints/{e.pk}/pause/"), "It was paused by alice."),
    "removed": (lambda e, page, tmp: page.post(f"/endpoints/{e.pk}/remove/"), "It was removed by alice."),
    "moved": (lambda e, page, tmp: endpoints.change(e, url="http://gpu-9:8000"), "Its URL was changed."),
    "pruned": (lambda e, page, tmp: applied(tmp, "[]"), "It was removed by manage.py apply."),
    "moved by a file": (
        lambda e, page, tmp: applied(tmp, "[{name: gpu-1, url: 'http://gpu-9:8000'}]"),
        "Its URL was changed by manage.py apply.",
    ),
    "renamed and removed": (
        lambda e, page, tmp: (endpoints.change(e, name="other"), page.post(f"/endpoints/{e.pk}/remove/")),
        "It was removed by alice.",
    ),
}
"""What ends the watch, and how the mail puts it."""

GOES_ON: dict[str, Callable[..., object]] = {
    "renamed": lambda e, page, tmp: endpoints.change(e, name="gpu-1b"),
    "another engine": lambda e, page, tmp: endpoints.change(e, engine="vllm"),
    "another key": lambda e, page, tmp: endpoints.change(e, api_key="new"),
    "another interval": lambda e, page, tmp: endpoints.change(e, interval=3600, timeout=10),
    "other thresholds": lambda e, page, tmp: endpoints.change(e, fail_after=9, recover_after=5, fail_for=600),
    "unchanged file": lambda e, page, tmp: applied(tmp, "[{name: gpu-1, url: 'http://gpu-1:8000'}]"),
}
"""What leaves it watched."""


def each_pair(states: Iterable[Callable[..., None]], events: Iterable[str], crossed: set[str]) -> pytest.MarkDecorator:
    """Runs the test for every state with each event that is `crossed`, and for the states MAILED with the others."""
    found = [(state, event) for state in states for event in events if event in crossed or state in MAILED]
    return pytest.mark.parametrize(("state", "event"), found, ids=lambda value: getattr(value, "__name__", value))


def subjects(smtp) -> list[str]:
    return [str(mail["Subject"]) for mail in smtp.messages]


def pages_work(page: Client) -> None:
    found = {path: page.get(path) for path in ("/alerts/", "/alerts/?state=dropped", "/incidents/")}
    assert {path: answer.status_code for path, answer in found.items()} == dict.fromkeys(found, 200)
    assert "has been removed, and with it" not in found["/alerts/"].content.decode()


@pytest.fixture
def page(client, alice) -> Client:
    client.force_login(alice)
    return client


@each_pair(STATES, ENDS, crossed={"paused", "removed", "moved"})
def test_who_got_its_trouble_is_mailed_that_it_is_no_longer_watched(team, alice, page, smtp, tmp_path, state, event):
    endpoint = watched(team, "gpu-1")
    state(endpoint, smtp, alice)
    assert ", ".join(subjects(smtp)) == STATES[state][0]
    act, why = ENDS[event]
    act(endpoint, page, tmp_path)
    deliver()
    deliver()
    last = state in (alerted, silenced_after, in_maintenance, acknowledged, recovered_in_silence)
    before = list(filter(None, STATES[state][0].split(", ")))
    assert subjects(smtp) == before + [GONE] * last
    if last:
        text = smtp.messages[-1].get_body(("plain",)).get_content()
        assert f"gpu-1 is no longer watched. {why}" in text
        assert "http://gpu-1:8000" in text
        assert "Acknowledge" not in text
        assert ("/incidents/" in text) == Endpoint.objects.filter(pk=endpoint.pk).exists(), "a page that is there"
    assert not Message.objects.filter(state="waiting").exists()
    pages_work(page)


@each_pair(TROUBLED, GOES_ON, crossed={"another key", "other thresholds"})
def test_what_stays_watched_is_up_only_after_good_probes(team, alice, page, smtp, tmp_path, state, event):
    endpoint = watched(team, "gpu-1")
    state(endpoint, smtp, alice)
    GOES_ON[event](endpoint, page, tmp_path)
    deliver()
    before = STATES[state][1]
    assert ", ".join(subjects(smtp)) == before
    for _ in range(3):
        recover(Endpoint.objects.get(pk=endpoint.pk))
    for silence in team.silences.all():
        actions.end_silences([silence], alice)
    for window in team.maintenance_windows.all():
        actions.remove_windows([window], alice)
    marks.refresh()
    deliver()
    if before == DOWN:
        assert [subject[:4] for subject in subjects(smtp)] == ["DOWN", "UP  "]
    else:
        assert ", ".join(subjects(smtp)) == before
    assert not Alert.objects.filter(message=None, dropped="").exists()
    pages_work(page)


def test_a_team_that_is_deleted_ends_what_its_people_were_mailed(team, alice, smtp, client):
    team.memberships.filter(user=alice).update(role=Role.OWNER)
    for name in ("gpu-1", "gpu-2"):
        fail(watched(team, name))
    deliver()
    team_lifecycle.delete_team(alice, team)
    deliver()
    assert subjects(smtp) == ["DOWN  2 endpoints (Search)", "NO LONGER WATCHED  2 endpoints (Search)"]
    text = smtp.messages[-1].get_body(("plain",)).get_content()
    assert "Its team was deleted" in text
    assert "run this installation" not in text
    alice.is_superuser = True
    alice.save()
    client.force_login(alice)
    pages_work(client)


def test_what_never_left_of_a_deleted_team_is_not_mailed(team, alice, smtp):
    team.memberships.filter(user=alice).update(role=Role.OWNER)
    waiting(watched(team, "gpu-1"), smtp, alice)
    team_lifecycle.delete_team(alice, team)
    deliver()
    assert subjects(smtp) == []


def test_a_message_about_several_goes_on_without_the_one_that_was_removed(team, alice, page, smtp):
    smtp.answer = "451 4.7.1 later"
    first, second = watched(team, "gpu-1"), watched(team, "gpu-2")
    fail(first)
    fail(second)
    deliver()
    smtp.answer = "250 taken"
    endpoints.remove(first)
    deliver()
    assert subjects(smtp) == ["DOWN  gpu-2 (Search)"]
    pages_work(page)


def test_what_is_just_being_sent_gets_its_end_afterwards(team, smtp):
    smtp.answer = "451 4.7.1 later"
    endpoint = watched(team, "gpu-1")
    fail(endpoint)
    deliver()
    Message.objects.update(last_try=Message.Try.RUNNING, next_try_at=datetime.now(UTC) + timedelta(minutes=2))
    endpoints.remove(endpoint)
    Message.objects.update(state=Message.State.SENT, next_try_at=None)
    smtp.answer = "250 taken"
    deliver()
    assert subjects(smtp) == [GONE]


def test_channels_and_second_addresses_hear_it_as_well(team, smtp):
    AlertPolicy.objects.create(team=team, webhook_url="https://hooks.example.org/x", escalate_to=["boss@example.org"])
    endpoint = watched(team, "gpu-1")
    fail(endpoint, Cause.AUTH_REJECTED)
    deliver()
    Message.objects.filter(channel="webhook").update(state="sent", next_try_at=None)
    Incident.objects.update(opened_at=datetime.now(UTC) - timedelta(hours=1))
    deliver()
    endpoints.pause(endpoint)
    deliver()
    assert {str(mail["To"]) for mail in smtp.messages if mail["Subject"] == GONE} == {ONCALL, "boss@example.org"}
    payload = wording.payload(Message.objects.filter(channel="webhook").latest("pk"))
    assert (payload["subject"], payload["incidents"][0]["kind"]) == (GONE, "unwatched")
    assert payload["incidents"][0]["why"] == "It was paused."


@pytest.mark.parametrize("end", [endpoints.pause, endpoints.remove])
def test_what_was_put_down_to_it_is_alerted_by_itself(team, smtp, end, time_machine):
    proxy = watched(team, "gpu-1")
    fail(proxy)
    fail(watched(team, "behind", depends_on=proxy))
    deliver()
    end(proxy)
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=3))
    deliver()
    deliver()
    assert subjects(smtp)[0] == "DOWN  gpu-1 and 1 more (Search)"
    assert sorted(subjects(smtp)[1:]) in (["DOWN  behind (Search)", GONE], ["DOWN 1, NO LONGER WATCHED 1  (Search)"])
