"""Bob did something of every kind, partly under a former name; after his deletion the whole database is searched."""

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from core import fence
from fleet.alerts import links
from fleet.alerts.gathering import GATHERING, gather
from fleet.endpoints.forms import initial_of
from fleet.models import Alert, IncidentEvent, Message
from teams.accounts import personal_data, user_name
from teams.accounts.personal_data import SOMEONE
from teams.models import AuditEntry, Invitation
from tests.fleet.outages import fail, settle, watched
from tests.people import just_signed_in
from tests.teams.traces import leave_traces

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.usefixtures("valkey")]

FORMER, NAME, ADDRESS = "bob", "robert-b", "bob@example.org"
TYPED = {
    ("advisor_decision", "deciders"), ("advisor_decision", "context"),
    ("fleet_incidentevent", "text"),  # a note
    ("teams_auditentry", "object_name"),  # what a token was called
}  # fmt: skip
"""What Bob or others typed stays as it was typed: docs/people.md."""


def where_it_says(*texts: str) -> dict[tuple[str, str], set[str]]:
    """(table, column) -> the values with one of the texts, in every table that the database has."""
    found: dict[tuple[str, str], set[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "sqlite_sequence":
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    if any(text in str(value).lower() for text in texts):
                        found.setdefault((table, column), set()).add(str(value))
    for session in Session.objects.all():
        if any(text in str(session.get_decoded()).lower() for text in texts):
            found.setdefault(("django_session", "session_data"), set()).add(str(session.get_decoded()))
    return found


def act_on(browser: Client, path: str, **data: object) -> None:
    answer = browser.post(path, data)
    assert answer.status_code in (200, 302), (path, answer.status_code, answer.content.decode()[:2000])
    assert answer.status_code == 302 or "errorlist" not in answer.content.decode(), path


@pytest.fixture
def busy(alice, bob, team) -> User:
    """Bob, after a long day in the pages. The mails about two incidents were sent before their endpoints went."""
    leave_traces(bob, alice, team)
    Invitation.objects.filter(email="bob@elsewhere.example").delete()  # another Bob
    noted, moved, paused, removed = (watched(team, f"gpu-{n}") for n in "2345")
    for endpoint in (noted, moved, paused, removed):
        fail(endpoint)
    settle()
    gather()
    Message.objects.update(state=Message.State.SENT)
    waiting = watched(team, "gpu-9")
    fail(waiting)
    browser = just_signed_in(bob)
    act_on(browser, "/endpoints/bulk/", action="pause", e=paused.pk, confirmed="1")
    act_on(browser, f"/endpoints/{waiting.pk}/pause/")
    act_on(browser, f"/endpoints/{removed.pk}/remove/")
    fields = {name: value for name, value in initial_of(moved).items() if value or value == 0}
    act_on(browser, f"/endpoints/{moved.pk}/edit/", **fields | {"url": "http://elsewhere:8000"})
    incident = noted.incidents.get()
    act_on(browser, f"/incidents/{incident.pk}/note/", text="ask bob@example.org before you restart it")
    act_on(Client(), links.acknowledge_path(incident.pk, ADDRESS), note="on it")
    act_on(browser, "/views/", name="mine", query="status=down")
    act_on(browser, "/account/tokens/", name="bob's laptop", scopes="status:read", days="30")
    user_name.change(bob, NAME)
    act_on(browser, f"/incidents/{incident.pk}/acknowledge/", note="now me")
    other = watched(team, "gpu-10")
    fail(other)
    act_on(browser, f"/endpoints/{other.pk}/pause/")
    fence.put_off(GATHERING, fence.Item(f"/{team.pk}/mail/{ADDRESS}", f"alerts to {ADDRESS}"), ValueError("odd"))
    bob.refresh_from_db()
    return bob


def test_the_search_of_this_test_finds_the_traces(busy):
    found = where_it_says(FORMER, NAME)
    assert set(found) >= TYPED | {
        ("auth_user", "username"), ("auth_user", "email"), ("account_emailaddress", "email"),
        ("teams_formername", "name"), ("teams_team", "mail_to"), ("fleet_incident", "acknowledged_by"),
        ("fleet_incidentevent", "author"),
        ("fleet_endpointstate", "marks"), ("fleet_message", "recipient"), ("fleet_alert", "facts"),
        ("fleet_alert", "dropped"), ("fleet_alertpolicy", "escalate_to"), ("core_putoff", "name"),
    }  # fmt: skip
    assert {f"It was paused by {FORMER}.", f"It was paused by {NAME}."} <= found["fleet_incidentevent", "text"]


def test_after_a_deletion_only_what_was_typed_has_a_name_or_the_address(busy):
    personal_data.delete_person(busy, busy)
    found = where_it_says(FORMER, NAME)
    assert set(found) == TYPED
    assert found["fleet_incidentevent", "text"] == {"ask bob@example.org before you restart it"}
    assert found["teams_auditentry", "object_name"] == {"bob's laptop"}


def test_sentences_keep_their_sense_without_the_name(busy):
    personal_data.delete_person(busy, busy)
    ended = f"It was paused by {SOMEONE}."
    assert IncidentEvent.objects.filter(text=ended).count() == 3
    assert ended in Alert.objects.values_list("dropped", flat=True)
    assert ended in {alert.facts.get("why") for alert in Alert.objects.all()}
    assert AuditEntry.objects.filter(action="endpoint.paused", actor_id=busy.pk).count() == 3


def test_a_name_too_long_for_the_reason_of_a_dropped_alert_is_left_out_of_it(alice, bob, team):
    User.objects.filter(pk=bob.pk).update(username="b" * 150)
    endpoint = watched(team, "gpu-1")
    fail(endpoint)
    act_on(just_signed_in(User.objects.get(pk=bob.pk)), f"/endpoints/{endpoint.pk}/pause/")
    assert "It was paused." in Alert.objects.values_list("dropped", flat=True)
    personal_data.delete_person(bob, User.objects.get(pk=bob.pk))
    assert where_it_says("b" * 20) == {}
