"""Data care of people: what is stored about them, to take away and to delete."""

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.test import Client

from advisor.models import Decision, Requirement
from fleet.alerts import policy
from fleet.alerts.gathering import gather
from fleet.incidents import actions
from fleet.models import Alert, AlertPolicy, EndpointState, Incident, IncidentEvent, Message, Recipient
from teams import members
from teams.accounts import personal_data
from teams.models import ApiToken, AuditEntry, Invitation, Membership, Role, Team
from tests.fleet.outages import fail, settle, watched

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("valkey"),
]

PASSWORD = "a long password"
FREE_TEXT = {("advisor.Decision", "deciders"), ("advisor.Decision", "context")}
"""What people typed stays as they typed it."""


def signed_in(user: User) -> Client:
    """A browser in which the person signed in on the page."""
    Authenticator.objects.filter(user=user).update(type="recovery_codes")  # which do not ask for a second step
    browser = Client()
    assert browser.post("/accounts/login/", {"login": user.username, "password": PASSWORD}).status_code == 302
    return browser


def confirm(browser: Client, answer: Any) -> Any:
    """Gives the password on the page that a change was sent to, and goes on with it."""
    assert answer.url.startswith("/accounts/reauthenticate/")
    return browser.post(answer.url, {"password": PASSWORD})


def where_it_says(*texts: str) -> set[tuple[str, str]]:
    """(model, column) of every column, of text or JSON, in which one of the texts is."""
    found = set()
    kinds = (models.CharField, models.TextField, models.JSONField)
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if not isinstance(field, kinds):
                continue
            for value in model._base_manager.values_list(field.attname, flat=True):
                if any(text in json.dumps(value, default=str).lower() for text in texts):
                    found.add((model._meta.label, field.name))
    return found


def test_the_search_of_this_test_finds_the_traces(busy):
    assert where_it_says("bob") >= {
        ("auth.User", "username"), ("teams.Team", "mail_to"), ("fleet.Incident", "acknowledged_by"),
        ("fleet.IncidentEvent", "author"), ("fleet.EndpointState", "marks"), ("fleet.Message", "recipient"),
        ("fleet.AlertPolicy", "escalate_to"), ("teams.ApiToken", "name"),
    }  # fmt: skip


def test_after_a_deletion_no_table_has_the_name_or_the_address(alice, busy, team):
    Invitation.objects.filter(email="bob@elsewhere.example").delete()
    browser = signed_in(busy)
    answer = browser.post("/account/data/delete/", {"typed": "bob"})
    assert User.objects.filter(username="bob").exists()
    answer = confirm(browser, answer)
    assert answer.url == "/accounts/login/"
    assert "Your account is deleted." in browser.get(answer.url).content.decode()
    assert where_it_says("bob") == FREE_TEXT
    assert browser.get("/account/data/").status_code == 302


def test_what_they_did_stays_without_the_name(alice, busy, team):
    personal_data.delete_person(busy, busy)
    incident = Incident.objects.get()
    assert (incident.acknowledged_by, incident.acknowledged_note) == ("someone who left", "looking")
    assert IncidentEvent.objects.get(text="restarted it").author == "someone who left"
    assert EndpointState.objects.get().marks["acknowledged"]["by"] == "someone who left"
    assert Decision.objects.get().created_by is None and Requirement.objects.get().created_by is None
    team.refresh_from_db()
    assert team.mail_to == ["oncall@example.org"]
    assert policy.policy_of(team).escalate_to == ["lead@example.org"]
    assert not Recipient.objects.exists()
    assert set(Message.objects.values_list("recipient", flat=True)) == {"oncall@example.org"}
    assert set(Alert.objects.values_list("recipient", flat=True)) == {"oncall@example.org"}
    assert list(ApiToken.objects.values_list("name", flat=True)) == ["ci"]
    entry = AuditEntry.objects.get(action="person.deleted")
    assert (entry.actor_id, entry.object_id, entry.object_name) == (busy.pk, busy.pk, "")


def test_an_address_that_was_never_confirmed_is_not_taken_off_the_lists_of_others(alice, charlie, team):
    """Anyone could claim the address that outages are mailed to, and then delete themselves."""
    EmailAddress.objects.create(user=charlie, email="oncall@example.org", verified=False)
    Membership.objects.create(user=charlie, team=team, role=Role.OPERATOR)
    personal_data.delete_person(charlie, charlie)
    team.refresh_from_db()
    assert team.mail_to == ["oncall@example.org"]


def test_an_address_that_was_never_confirmed_opens_nothing_of_others(alice, bob, charlie, team):
    incident = fail(watched(team, "gpu-1"))
    settle()
    gather()
    actions.acknowledge(incident, "oncall@example.org", "looking")
    EmailAddress.objects.create(user=charlie, email="oncall@example.org", verified=False)
    found = json.dumps(personal_data.export(charlie), default=str)
    assert "looking" not in found and "Search" not in found
    EmailAddress.objects.update(user=alice)
    assert "looking" in json.dumps(personal_data.export(alice), default=str)


def test_nothing_is_deleted_for_a_wrong_name_or_by_checking(alice, bob, team):
    browser = signed_in(bob)
    assert "someone who left" in browser.get("/account/data/delete/").content.decode()
    answer = confirm(browser, browser.post("/account/data/delete/", {"typed": "alice"}))
    assert "This is not “bob”" in answer.content.decode()
    assert User.objects.count() == 2


def test_the_only_owner_hands_the_team_over_first(alice, charlie, team):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    page = signed_in(alice).get("/account/data/").content.decode()
    assert "alice is the only owner of Search. Make another member an owner first." in page
    with pytest.raises(personal_data.Refused, match="only owner of Search"):
        personal_data.delete_person(alice, alice)
    members.change_role(alice, team, charlie, Role.OWNER)
    personal_data.delete_person(alice, alice)
    assert Membership.objects.get().user == charlie


def test_a_team_without_other_members_is_deleted_first(alice, team):
    with pytest.raises(personal_data.Refused, match=r"only one in Search who can sign in\. Delete"):
        personal_data.delete_person(alice, alice)
    assert Team.objects.exists() and User.objects.exists()


def test_the_export_has_everything_and_no_secret(alice, busy, team):
    client = signed_in(busy)
    assert client.get("/account/data/export/").status_code == 405
    answer = client.post("/account/data/export/")
    assert "attachment" in answer["Content-Disposition"]
    found = answer.json()
    assert (found["account"]["username"], found["account"]["email"]) == ("bob", "bob@example.org")
    assert found["memberships"][0]["role"] == "owner"
    assert {row["name"] for row in found["api_tokens"]} == {"bob's laptop", "ci"}
    assert [row["email"] for row in found["invitations"]] == ["dora@example.org"]
    assert found["mail_lists"] == ["Search"]
    assert found["acknowledged_incidents"][0]["acknowledged_note"] == "looking"
    assert found["incident_lines"] and found["silences"] and found["mails"] and found["unsubscribed_or_refused"]
    assert [row["title"] for row in found["decisions"]] == ["Serve our models with vLLM"]
    assert found["requirements"][0]["name"] == "Ours"
    assert found["second_factors"][0]["type"] == "recovery_codes"
    assert len(found["sessions"]) == 1
    assert {row["action"] for row in found["audit_trail"]} >= {"invitation.sent", "person.exported"}
    text = answer.content.decode()
    assert "planted" not in text and busy.password not in text
    assert "alice@example.org" not in text


@pytest.mark.parametrize("odd", [models.Value(None, models.JSONField()), "text", 5, [None], [["a@example.org"]]])
def test_an_odd_list_of_another_team_is_in_nobodys_way(charlie, odd):
    other = Team.objects.create(name="Odd", slug="odd")
    Team.objects.filter(pk=other.pk).update(mail_to=odd)
    AlertPolicy.objects.create(team=other)
    AlertPolicy.objects.update(escalate_to=odd)
    assert personal_data.export(charlie)["mail_lists"] == []
    personal_data.delete_person(charlie, charlie)
    assert not User.objects.filter(username="charlie").exists()
