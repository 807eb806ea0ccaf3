"""A team's page: members see and change it, strangers get 404."""

import re

import pytest
from django.core.management import CommandError, call_command

from teams.models import Team

pytestmark = pytest.mark.django_db


def test_a_member_changes_where_mails_go(client, alice, team):
    client.force_login(alice)
    answer = client.post(
        "/teams/search/", {"name": "Search", "mail_to": "a@example.org\n\n b@example.org\na@example.org"}
    )
    assert answer.status_code == 302
    assert Team.objects.get().mail_to == ["a@example.org", "b@example.org"]
    assert "a@example.org\nb@example.org" in client.get("/teams/search/").content.decode()


@pytest.mark.parametrize("bad", ["nobody", "a@example.org, b@example.org", "a@example.org\rBcc: x@example.org"])
def test_what_is_no_address_is_refused_with_a_sentence_and_kept_in_the_form(client, alice, team, bad):
    client.force_login(alice)
    page = client.post("/teams/search/", {"name": "Search", "mail_to": bad}).content.decode()
    assert "is not a mail address" in page and bad.split("\r")[0] in page
    assert Team.objects.get().mail_to == ["oncall@example.org"]


def test_a_stranger_gets_404_and_changes_nothing(client, charlie, team):
    client.force_login(charlie)
    assert client.get("/teams/search/").status_code == 404
    assert client.post("/teams/search/", {"name": "Mine", "mail_to": ""}).status_code == 404
    assert Team.objects.get().name == "Search"


@pytest.mark.parametrize("path", ["/teams/", "/teams/search/", "/"])
def test_someone_who_is_not_signed_in_is_asked_to(client, team, path):
    answer = client.get(path)
    assert (answer.status_code, answer.url) == (302, f"/sign-in/?next={path}")


def test_anyone_signed_in_can_found_a_team_and_two_of_one_slug_do_not_clash(client, charlie, team):
    client.force_login(charlie)
    client.post("/teams/", {"name": "search!", "mail_to": "c@example.org"})
    assert charlie.teams.get().slug == "search-2"
    assert "There is a team of this name already" in client.post("/teams/", {"name": "Search"}).content.decode()


def test_signing_in_and_out(client, alice):
    page = client.post("/sign-in/", {"username": "alice", "password": "wrong"}).content.decode()
    assert "correct username and password" in page and 'value="alice"' in page
    answer = client.post("/sign-in/", {"username": "alice", "password": "a long password", "next": "/teams/"})
    assert answer.url == "/teams/"
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/teams/").status_code == 302


def test_adduser_prints_a_link_that_sets_a_password_once(client, team, capsys):
    call_command("adduser", "bob", "bob@example.org", "--team", "search")
    path = re.search(r"http://localhost:8700(/password/\S+)", capsys.readouterr().out)[1]
    page = client.get(path, follow=True)
    form = page.redirect_chain[-1][0]
    secret = {"new_password1": "a long passphrase", "new_password2": "a long passphrase"}
    assert client.post(form, secret).url == "/sign-in/"
    assert client.login(username="bob", password="a long passphrase")
    client.logout()
    assert "used up" in client.get(path).content.decode()


def test_adduser_takes_someone_with_an_account_into_the_team(charlie, team, capsys):
    call_command("adduser", "CHARLIE", "c@example.org", "--team", "search")
    assert "charlie has an account and is a member of Search now" in capsys.readouterr().out
    assert charlie.teams.get() == team


def test_who_runs_the_installation_may_act_for_a_team_that_has_no_members(client, admin_user):
    Team.objects.create(name="Orphans", slug="orphans")
    client.force_login(admin_user)
    assert client.post("/teams/orphans/", {"name": "Orphans", "mail_to": "a@example.org"}).status_code == 302
    assert "Orphans" in client.get("/teams/").content.decode()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bob", "bob@example.org", "--team", "nope"], "There is no team “nope”. Teams: search"),
        (["bob", "nonsense", "--team", "search"], "is not a mail address"),
    ],
)
def test_adduser_says_what_is_wrong(alice, words, said):
    with pytest.raises(CommandError, match=said):
        call_command("adduser", *words)
