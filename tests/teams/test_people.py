"""Data care of people, and what who runs the installation does about accounts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import models
from django.test import Client

from advisor.models import Decision, Requirement
from fleet.alerts import policy
from fleet.alerts.gathering import gather
from fleet.calm import actions
from fleet.models import Alert, AlertPolicy, EndpointState, Incident, IncidentEvent, Message, Recipient
from teams import data_care, installation, invitations, members
from teams.models import ApiToken, AuditEntry, Invitation, Membership, Role, Team
from teams.people import new_team
from tests.advisor.decision_parts import record
from tests.fleet.outages import fail, settle, watched
from tests.people import just_signed_in

from .test_members import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("valkey"),
]

PASSWORD = "a long password"
FREE_TEXT = {("advisor.Decision", "deciders"), ("advisor.Decision", "context")}
"""What people typed stays as they typed it."""


@pytest.fixture
def busy(alice, bob, team) -> User:
    """Bob, an owner besides Alice, who left traces everywhere."""
    Team.objects.filter(pk=team.pk).update(mail_to=["oncall@example.org", "Bob@Example.org"])
    team.refresh_from_db()
    endpoint = watched(team, "gpu-1")
    incident = fail(endpoint)
    settle()
    gather()
    AlertPolicy.objects.create(team=team, escalate_to=["bob@example.org", "lead@example.org"])
    actions.acknowledge(incident, "bob", "looking")
    actions.add_note(incident, "bob@example.org", "restarted it")
    actions.silence(team, bob, ends_at=datetime.now(UTC) + timedelta(hours=1), endpoint=endpoint)
    record(bob, team, deciders="bob, alice", context="bob knows")
    Requirement.objects.create(team=team, name="Ours", catalogue_version="1", created_by=bob, updated_by=bob)
    EmailAddress.objects.create(user=bob, email="bob@example.org", verified=True, primary=True)
    Authenticator.objects.create(user=bob, type="totp", data={"secret": "planted-secret"})
    Recipient.objects.create(team=team, address="bob@example.org", bounced_at=datetime.now(UTC), bounce="no bob here")
    invitations.invite(team, "dora@example.org", Role.VIEWER, bob)
    invitations.invite(new_team(alice, "Other", []), "bob@elsewhere.example", Role.VIEWER, alice)
    now = datetime.now(UTC)
    ApiToken.objects.create(
        user=bob, name="bob's laptop", scopes=[], start="plm_abc", token_hash="planted-hash", expires_at=now
    )
    ApiToken.objects.create(
        team=team, created_by=bob, name="ci", scopes=[], start="plm_x", token_hash="b", expires_at=now
    )
    return bob


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
    data_care.delete_person(busy, busy)
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
    data_care.delete_person(charlie, charlie)
    team.refresh_from_db()
    assert team.mail_to == ["oncall@example.org"]


def test_an_address_that_was_never_confirmed_opens_nothing_of_others(alice, bob, charlie, team):
    incident = fail(watched(team, "gpu-1"))
    settle()
    gather()
    actions.acknowledge(incident, "oncall@example.org", "looking")
    EmailAddress.objects.create(user=charlie, email="oncall@example.org", verified=False)
    found = json.dumps(data_care.export(charlie), default=str)
    assert "looking" not in found and "Search" not in found
    EmailAddress.objects.update(user=alice)
    assert "looking" in json.dumps(data_care.export(alice), default=str)


def test_nothing_is_deleted_for_a_wrong_name_or_by_looking(alice, bob, team):
    browser = signed_in(bob)
    assert "someone who left" in browser.get("/account/data/delete/").content.decode()
    answer = confirm(browser, browser.post("/account/data/delete/", {"typed": "alice"}))
    assert "This is not “bob”" in answer.content.decode()
    assert User.objects.count() == 2


def test_the_only_owner_hands_the_team_over_first(alice, charlie, team):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    page = signed_in(alice).get("/account/data/").content.decode()
    assert "alice is the only owner of Search. Make another member an owner first." in page
    with pytest.raises(data_care.Refused, match="only owner of Search"):
        data_care.delete_person(alice, alice)
    members.change_role(alice, team, charlie, Role.OWNER)
    data_care.delete_person(alice, alice)
    assert Membership.objects.get().user == charlie


def test_a_team_without_other_members_is_deleted_first(alice, team):
    with pytest.raises(data_care.Refused, match=r"only one in Search who can sign in\. Delete"):
        data_care.delete_person(alice, alice)
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


class TestInstallationAdmin:
    def test_others_get_404(self, client, alice, bob):
        client.force_login(alice)
        assert client.get("/people/").status_code == 404
        for path in (f"/people/{bob.pk}/", f"/people/{bob.pk}/export/", f"/people/{bob.pk}/delete/"):
            assert client.post(path, {"act": "deactivate", "typed": "bob"}).status_code in (302, 404), path
        bob.refresh_from_db()
        assert bob.is_active

    def test_the_list_has_teams_factor_and_search(self, client, admin_user, alice, busy):
        client.force_login(admin_user)
        page = client.get("/people/").content.decode()
        assert "installation admin" in page and "alice@example.org" in page
        assert page.count("no second factor") == 2 and page.count("second factor") == 3
        found = client.get("/people/", {"q": "BOB@"}).content.decode()
        assert "bob@example.org" in found and "alice@example.org" not in found
        assert "Nobody's name" in client.get("/people/", {"q": "nobody"}).content.decode()

    def test_it_has_pages(self, client, admin_user, monkeypatch):
        monkeypatch.setattr("teams.queries.people.PER_PAGE", 2)
        User.objects.bulk_create(User(username=f"user{n}") for n in range(3))
        client.force_login(admin_user)
        assert "Page 1 of 2" in client.get("/people/").content.decode()
        assert "user2" in client.get("/people/?page=2").content.decode()

    def test_making_and_unmaking_an_admin(self, client, admin_user, alice):
        just_signed_in(admin_user, client)
        client.post(f"/people/{alice.pk}/", {"act": "admin"})
        alice.refresh_from_db()
        assert alice.is_superuser
        client.post(f"/people/{alice.pk}/", {"act": "no-admin"})
        alice.refresh_from_db()
        assert not alice.is_superuser
        entries = AuditEntry.objects.filter(action="person.admin_changed").order_by("pk")
        assert [(row.actor_id, row.object_id, row.detail) for row in entries] == [
            (admin_user.pk, alice.pk, {"admin": True}),
            (admin_user.pk, alice.pk, {"admin": False}),
        ]

    def test_who_stops_running_the_installation_lands_on_the_board(self, client, admin_user, alice):
        User.objects.filter(pk=alice.pk).update(is_superuser=True)
        just_signed_in(admin_user, client)
        answer = client.post(f"/people/{admin_user.pk}/", {"act": "no-admin"}, follow=True)
        assert answer.redirect_chain == [("/", 302)] and answer.status_code == 200
        assert not AuditEntry.objects.filter(action="access.refused").exists()

    def test_deactivating_ends_the_sessions_for_good(self, client, admin_user, alice, bob, team):
        browser = signed_in(bob)
        _, link = invitations.invite(team, "me-again@example.org", Role.OWNER, bob)
        just_signed_in(admin_user, client)
        before = Session.objects.count()
        client.post(f"/people/{bob.pk}/", {"act": "deactivate"})
        assert Session.objects.count() == before - 1
        assert invitations.find(link) is None
        client.post(f"/people/{bob.pk}/", {"act": "activate"})
        assert browser.get("/teams/").status_code == 302
        assert signed_in(bob).get("/teams/").status_code == 200

    def test_it_asks_for_the_password_first(self, alice):
        browser = signed_in(User.objects.create_superuser("root", "root@example.org", PASSWORD))
        answer = browser.post(f"/people/{alice.pk}/", {"act": "admin"})
        assert not User.objects.get(pk=alice.pk).is_superuser
        confirm(browser, answer)
        assert User.objects.get(pk=alice.pk).is_superuser

    @pytest.mark.parametrize("act", ["no-admin", "deactivate"])
    def test_the_last_admin_stays(self, client, admin_user, alice, act):
        just_signed_in(admin_user, client)
        page = client.post(f"/people/{admin_user.pk}/", {"act": act}, follow=True).content.decode()
        assert "is the only one who runs the installation" in page
        admin_user.refresh_from_db()
        assert admin_user.is_superuser and admin_user.is_active
        with pytest.raises(data_care.Refused, match="only one who runs"):
            data_care.delete_person(admin_user, admin_user)

    def test_two_admins_who_unmake_each_other_at_once_leave_exactly_one(self, admin_user, charlie):
        User.objects.filter(pk=charlie.pk).update(is_superuser=True)
        at_once(
            lambda: installation.make_admin(admin_user, charlie, False),
            lambda: installation.make_admin(charlie, admin_user, False),
        )
        assert User.objects.filter(is_superuser=True).count() == 1

    def test_deleting_and_exporting_someone_else(self, admin_user, alice, busy):
        admin_user.set_password(PASSWORD)
        admin_user.save()
        browser = signed_in(admin_user)
        assert browser.post(f"/people/{busy.pk}/export/").json()["account"]["username"] == "bob"
        answer = confirm(browser, browser.post(f"/people/{busy.pk}/delete/", {"typed": "bob"}))
        assert answer.url == "/people/" and not User.objects.filter(username="bob").exists()
        assert AuditEntry.objects.get(action="person.deleted").actor_id == admin_user.pk

    def test_someone_who_is_no_admin_any_more_deletes_nobody(self, alice, bob, charlie):
        with pytest.raises(members.NotThere):
            data_care.delete_person(charlie, bob)
        assert User.objects.filter(pk=bob.pk).exists()
