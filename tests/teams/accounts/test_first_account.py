"""The first account: a one-time link, one winner, and nothing for strangers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from teams import invitations
from teams.accounts import first_account
from teams.models import AuditEntry, Role, Team

pytestmark = pytest.mark.postgres

FORM = {
    "username": "alice",
    "email": "alice@example.org",
    "team_name": "Search",
    "password1": "a long passphrase",
    "password2": "a long passphrase",
}


def path() -> str:
    return (first_account.link() or "").removeprefix("http://localhost:8700")


@pytest.mark.django_db
def test_the_link_creates_the_account_and_team_and_signs_in(client):
    start = path()
    page = client.get(start).content.decode()
    assert "Create your account" in page and "It is the first one of this installation" in page
    answer = client.post(start, FORM, follow=True)
    assert answer.redirect_chain[-1][0] == "/"
    assert answer.context["user"].username == "alice"
    team = Team.objects.get()
    assert (team.slug, team.mail_to, [m.username for m in team.members.all()]) == (
        "search",
        ["alice@example.org"],
        ["alice"],
    )


def shown() -> list[str]:
    entries = AuditEntry.objects.filter(actor_id=User.objects.get().pk)
    return [entry.action for entry in entries.order_by("pk")]


@pytest.mark.django_db
def test_its_address_counts_as_checked_and_its_session_can_be_listed(client):
    client.post(path(), FORM | {"email": "Alice@Example.org"})
    user = User.objects.get()
    row = EmailAddress.objects.get()
    assert (row.user, row.email, row.verified, row.primary) == (user, "alice@example.org", True, True)
    assert user.email == "alice@example.org"
    assert UserSession.objects.get().session_key == client.session.session_key
    assert shown() == ["account.created", "team.created", "session.started"]
    client.logout()
    client.post(reverse("account_login"), {"login": "alice@EXAMPLE.org", "password": FORM["password1"]})
    assert client.get("/").context["user"] == user


@pytest.mark.django_db
def test_its_user_name_is_no_mail_address(client):
    answer = client.post(path(), FORM | {"username": "alice@example.org"})
    assert "Choose a user name without an @" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_link_is_used_up_with_the_first_account(client):
    start = path()
    client.post(start, FORM)
    assert first_account.link() is None
    client.logout()
    assert client.get(start).status_code == 404
    assert client.post(start, FORM | {"username": "mallory"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_wrong_token_is_shown_where_to_go(client):
    answer = client.get("/start/" + "0" * 40 + "/")
    assert answer.status_code == 404
    assert "sign in" in answer.content.decode().lower()


@pytest.mark.django_db
def test_a_weak_password_is_refused_and_nothing_else_typed_is_lost(client):
    page = client.post(path(), FORM | {"password1": "short", "password2": "short"}).content.decode()
    assert "too short" in page
    assert 'value="alice@example.org"' in page and 'value="Search"' in page
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("others", [0, 2], ids=["the first account", "others came first"])
def test_of_two_at_the_same_moment_one_wins(others):
    for number in range(others):
        User.objects.create_user(f"other-{number}")

    def create(name: str) -> str:
        try:
            return first_account.create(name, f"{name}@example.org", "a long passphrase", name).username
        except first_account.TooLate:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        names = list(pool.map(create, ["alice", "mallory"]))
    assert sorted(map(bool, names)) == [False, True]
    counts = (User.objects.filter(is_superuser=True).count(), Team.objects.count(), EmailAddress.objects.count())
    assert counts == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_next_account_gets_a_number_of_its_own():
    first_account.create("alice", "alice@example.org", "a long passphrase", "Search")
    assert User.objects.create_user("bob").pk > User.objects.get(username="alice").pk


@pytest.mark.django_db
def test_people_who_came_by_invitation_or_provider_leave_the_link_open(client, team):
    invitation, _ = invitations.invite(team, "bob@example.org", Role.OWNER, None)
    invitations.register(invitation, "bob", "a long passphrase")
    said = first_account.greeting()
    assert "There is no administrator" in said[0] and "manage.py makeadmin NAME" in said[1]
    start = path()
    assert "none is an administrator" in client.get(start).content.decode()
    page = client.post(start, FORM | {"email": "BOB@example.org", "team_name": "Other"}).content.decode()
    assert "An account has this email address" in page and "makeadmin" in page
    page = client.post(start, FORM | {"username": "bob", "team_name": "Other"}).content.decode()
    assert "Somebody has this user name" in page
    client.post(start, FORM | {"team_name": "Other"})
    assert [user.username for user in User.objects.filter(is_superuser=True)] == ["alice"]
    assert first_account.greeting() == [] and client.get(start).status_code == 404


@pytest.mark.django_db
def test_a_link_that_was_used_stays_used_when_the_administrator_is_gone(client):
    used = path()
    alice = first_account.create("alice", "alice@example.org", "a long passphrase", "Search")
    User.objects.filter(pk=alice.pk).update(is_active=False)  # by hand, in the database
    assert client.get(used).status_code == 404
    assert path() != used and client.get(path()).status_code == 200
    alice.delete()
    assert client.get(used).status_code == 404


@pytest.mark.django_db
def test_makeadmin_names_one_and_ends_the_link(team, alice, capsys):
    start = path()
    call_command("makeadmin", "alice")
    alice.refresh_from_db()
    assert alice.is_superuser and first_account.link() is None
    assert not first_account.is_open(start.split("/")[2])
    entry = AuditEntry.objects.get(action="person.admin_changed")
    assert (entry.via, entry.actor_id, entry.detail) == ("manage.py makeadmin", None, {"admin": True})
    call_command("makeadmin", "alice")
    assert "alice is an administrator already" in capsys.readouterr().out
    assert AuditEntry.objects.filter(action="person.admin_changed").count() == 1


@pytest.mark.django_db
def test_makeadmin_refuses_who_is_not_there_or_may_not_sign_in(alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(CommandError, match="alice is deactivated and could not do an administrator's work"):
        call_command("makeadmin", "alice")
    with pytest.raises(CommandError, match="There is no account “nobody”"):
        call_command("makeadmin", "nobody")
    assert not User.objects.filter(is_superuser=True).exists()
