"""What administrators do about accounts."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import CommandError

from teams import invitations, tokens
from teams.accounts import administrators, personal_data
from teams.models import AuditEntry, Role, Scope
from teams.refusals import NotThere
from tests.people import just_signed_in

from ..test_members import at_once
from .test_people import PASSWORD, confirm, signed_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("valkey"),
]


def test_others_get_404(client, alice, bob):
    client.force_login(alice)
    assert client.get("/people/").status_code == 404
    for path in (f"/people/{bob.pk}/", f"/people/{bob.pk}/export/", f"/people/{bob.pk}/delete/"):
        assert client.post(path, {"act": "deactivate", "typed": "bob"}).status_code in (302, 404), path
    bob.refresh_from_db()
    assert bob.is_active


def test_the_list_has_teams_factor_and_search(client, admin_user, alice, busy):
    client.force_login(admin_user)
    page = client.get("/people/").content.decode()
    assert "administrator</span>" in page and "alice@example.org" in page
    assert page.count("no second factor") == 2 and page.count("second factor") == 4
    found = client.get("/people/", {"q": "BOB@"}).content.decode()
    assert "bob@example.org" in found and "alice@example.org" not in found
    assert "Nobody's name" in client.get("/people/", {"q": "nobody"}).content.decode()


def test_it_has_pages(client, admin_user, monkeypatch):
    monkeypatch.setattr("teams.accounts.people.PER_PAGE", 2)
    User.objects.bulk_create(User(username=f"user{n}") for n in range(3))
    client.force_login(admin_user)
    assert "Page 1 of 2" in client.get("/people/").content.decode()
    assert "user2" in client.get("/people/?page=2").content.decode()


def test_making_and_unmaking_an_admin(client, admin_user, alice):
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


def test_who_stops_being_administrator_lands_on_the_board(client, admin_user, alice):
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    just_signed_in(admin_user, client)
    answer = client.post(f"/people/{admin_user.pk}/", {"act": "no-admin"}, follow=True)
    assert answer.redirect_chain == [("/", 302)] and answer.status_code == 200
    assert not AuditEntry.objects.filter(action="access.refused").exists()


def test_deactivating_ends_the_sessions_for_good(client, admin_user, alice, bob, team):
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


def test_it_asks_for_the_password_first(alice):
    browser = signed_in(User.objects.create_superuser("root", "root@example.org", PASSWORD))
    answer = browser.post(f"/people/{alice.pk}/", {"act": "admin"})
    assert not User.objects.get(pk=alice.pk).is_superuser
    confirm(browser, answer)
    assert User.objects.get(pk=alice.pk).is_superuser


@pytest.mark.parametrize("act", ["no-admin", "deactivate"])
def test_the_last_admin_stays(client, admin_user, alice, act):
    just_signed_in(admin_user, client)
    page = client.post(f"/people/{admin_user.pk}/", {"act": act}, follow=True).content.decode()
    assert "is the only administrator" in page
    admin_user.refresh_from_db()
    assert admin_user.is_superuser and admin_user.is_active
    with pytest.raises(personal_data.Refused, match="only administrator"):
        personal_data.delete_person(admin_user, admin_user)


def test_two_admins_who_unmake_each_other_at_once_leave_exactly_one(admin_user, charlie):
    User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    at_once(
        lambda: administrators.make_admin(admin_user, charlie, False),
        lambda: administrators.make_admin(charlie, admin_user, False),
    )
    assert User.objects.filter(is_superuser=True).count() == 1


def test_deleting_and_exporting_someone_else(admin_user, alice, busy):
    admin_user.set_password(PASSWORD)
    admin_user.save()
    browser = signed_in(admin_user)
    assert browser.post(f"/people/{busy.pk}/export/").json()["account"]["username"] == "bob"
    answer = confirm(browser, browser.post(f"/people/{busy.pk}/delete/", {"typed": "bob"}))
    assert answer.url == "/people/" and not User.objects.filter(username="bob").exists()
    assert AuditEntry.objects.get(action="person.deleted").actor_id == admin_user.pk


def test_someone_who_is_no_admin_any_more_deletes_nobody(alice, bob, charlie):
    with pytest.raises(NotThere):
        personal_data.delete_person(charlie, bob)
    assert User.objects.filter(pk=bob.pk).exists()


def test_lost_second_factors_are_taken_away_and_their_owner_hears_of_it(
    smtp, client, admin_user, alice, busy, wait_for
):
    just_signed_in(admin_user, client)
    assert client.get("/people/").content.decode().count('value="no-factor"') == 1
    page = client.post(f"/people/{busy.pk}/", {"act": "no-factor"}, follow=True).content.decode()
    assert "bob signs in without a second factor" in page and 'value="no-factor"' not in page
    assert not Authenticator.objects.filter(user=busy).exists()
    shown = AuditEntry.objects.get(action="person.factors_removed")
    assert (shown.actor_id, shown.object_id) == (admin_user.pk, busy.pk)
    wait_for(lambda: smtp.messages, 5, "no mail to bob")
    assert (smtp.messages[0]["To"], smtp.messages[0]["Subject"]) == (
        "bob@example.org",
        "Your second factor was taken away",
    )


def test_the_server_takes_lost_second_factors_away_too(admin_user, busy, capsys):
    call_command("removefactors", "bob")
    assert "bob signs in with the password alone now." in capsys.readouterr().out
    assert AuditEntry.objects.get(action="person.factors_removed").via == "manage.py removefactors"
    call_command("removefactors", "bob")
    assert "bob has no second factor." in capsys.readouterr().out
    with pytest.raises(CommandError, match="There is no account “nobody”"):
        call_command("removefactors", "nobody")


def test_who_stops_running_the_installation_hears_of_tokens_that_stay(client, admin_user, alice, team):
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    tokens.make("ci", [Scope.STATUS], 30, alice, team)
    just_signed_in(admin_user, client)
    page = client.post(f"/people/{alice.pk}/", {"act": "no-admin"}, follow=True).content.decode()
    assert "1 API token of Search that alice made still works" in page
