"""The first account: a one-time link, one winner, and nothing for strangers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from teams import first_account
from teams.models import AuditEntry, Team

pytestmark = pytest.mark.database

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
    assert "Create your account" in client.get(start).content.decode()
    answer = client.post(start, FORM, follow=True)
    assert answer.redirect_chain[-1][0] == "/"
    assert answer.context["user"].username == "alice"
    team = Team.objects.get()
    assert (team.slug, team.mail_to, [m.username for m in team.members.all()]) == (
        "search",
        ["alice@example.org"],
        ["alice"],
    )


def told() -> list[str]:
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
    assert told() == ["account.created", "team.created", "session.started"]
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
def test_a_wrong_token_is_told_where_to_go(client):
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
def test_of_two_at_the_same_moment_one_wins():
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
    assert (User.objects.count(), Team.objects.count(), EmailAddress.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_next_account_gets_a_number_of_its_own():
    first_account.create("alice", "alice@example.org", "a long passphrase", "Search")
    assert User.objects.create_user("bob").pk > 1
