"""Changing one's user name."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client

from fleet.incidents import actions
from fleet.models import Incident, IncidentEvent
from teams import invitations, tokens
from teams.accounts import personal_data, user_name
from teams.accounts.personal_data import SOMEONE
from teams.forms import NewAccountForm
from teams.models import ApiToken, AuditEntry, FormerName, Role, Scope
from teams.refusals import Refused
from tests.advisor.decisions.decision_parts import record
from tests.fleet.outages import fail, watched
from tests.html import flat
from tests.people import just_signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]
PAGE, PASSWORD = "/account/name/", "a long password"


@pytest.fixture
def browser(bob):
    return just_signed_in(bob)


def rename(browser, name: str) -> str:
    return flat(browser.post(PAGE, {"username": name}, follow=True).content.decode())


def signs_in(name: str) -> bool:
    return Client().post("/accounts/login/", {"login": name, "password": PASSWORD}).status_code == 302


def test_the_name_changes_and_signs_in_and_the_audit_trail_has_no_name(browser, bob):
    assert "Your user name is robert." in rename(browser, "robert")
    assert User.objects.get(pk=bob.pk).username == "robert"
    assert signs_in("robert") and not signs_in("bob") and signs_in("bob@example.org")
    entry = AuditEntry.objects.get(action="account.renamed")
    assert (entry.actor_id, entry.object_id) == (bob.pk, bob.pk)
    assert "bob" not in str((entry.object_name, entry.detail))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("", "Choose a user name."),
        ("ro bert", "Use only letters, digits"),
        ("bob@home", "without an @"),
        ("bob", "This is your user name already."),
        ("ALICE", "Somebody has this user name, or had it."),
        ("b" * 151, "At most 150 characters"),
    ],
)
def test_a_name_that_can_not_be_had_is_refused_and_nothing_changes(browser, alice, bob, typed, answer):
    assert answer in rename(browser, typed)
    assert User.objects.get(pk=bob.pk).username == "bob" and not FormerName.objects.exists()


def test_the_capitals_of_the_own_name_can_be_changed_and_a_former_name_comes_back(browser, bob):
    for name in ("Bob", "robert", "bob"):
        assert f"Your user name is {name}." in rename(browser, name)
    assert set(bob.former_names.values_list("name", flat=True)) == {"Bob", "robert"}


def test_it_takes_a_fresh_sign_in(client, bob):
    client.force_login(bob)
    assert client.post(PAGE, {"username": "robert"}).url.startswith("/accounts/reauthenticate/")
    assert User.objects.get(pk=bob.pk).username == "bob"


def test_only_a_few_changes_a_day_keep_names_from_others(bob):
    for number in range(user_name.A_DAY):
        user_name.change(bob, f"bob-{number}")
    with pytest.raises(Refused, match="3 times a day"):
        user_name.change(bob, "bob-9")


def test_a_former_name_goes_to_nobody_else_until_its_person_is_deleted(alice, bob, charlie):
    user_name.change(bob, "robert")
    typed = {"username": "Bob", "password1": "a phrase of five words", "password2": "a phrase of five words"}
    assert "Somebody has this user name, or had it." in str(NewAccountForm(typed).errors)
    assert "Somebody has this user name, or had it." in rename(just_signed_in(charlie), "bob")
    personal_data.delete_person(bob, bob)
    assert NewAccountForm(typed).is_valid()


def test_the_account_gets_a_mail_at_its_confirmed_address(smtp, browser, bob, wait_for):
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    rename(browser, "robert")
    wait_for(lambda: len(smtp.messages) == 1, 10, "no mail came")
    assert (smtp.messages[0]["To"], smtp.messages[0]["Subject"]) == (bob.email, "Your user name was changed")


def test_invitations_tokens_and_memberships_stay(bob, team):
    _, link = invitations.invite(team, "dora@example.org", Role.VIEWER, bob)
    token, secret = tokens.make("own", [Scope.STATUS], 30, bob)
    user_name.change(bob, "robert")
    page = Client().get(f"/join/{link}/").content.decode()
    assert "robert" in page and "Search" in page
    assert Client().get("/api/v1/status", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert ApiToken.objects.get(pk=token.pk).user == bob and bob.memberships.get().team == team


def test_what_was_done_keeps_the_name_of_its_day_and_is_reached_by_export_and_erasure(alice, bob, team):
    incident = fail(watched(team, "gpu-1"))
    actions.acknowledge(incident, bob.username, "looking")
    record(bob, team, deciders="bob")
    user_name.change(bob, "robert")
    actions.add_note(incident, bob.username, "restarted it")
    assert list(IncidentEvent.objects.exclude(author="").values_list("author", flat=True)) == ["bob", "robert"]
    assert team.decisions.get().deciders == "bob"
    found = personal_data.export(bob)
    assert len(found["incident_lines"]) == 2 and [row["name"] for row in found["former_names"]] == ["bob"]
    personal_data.delete_person(bob, bob)
    assert Incident.objects.get().acknowledged_by == SOMEONE
    assert set(IncidentEvent.objects.exclude(author="").values_list("author", flat=True)) == {SOMEONE}
    assert not FormerName.objects.exists()
