"""A team's page: members see it, owners change it, strangers get 404."""

import pytest

from teams.models import AuditEntry, Membership, Role, Team
from teams.team_lifecycle import new_team

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return answer.content.decode()


def test_an_owner_changes_where_mails_go(client, alice, team):
    client.force_login(alice)
    answer = client.post(
        "/teams/search/", {"name": "Search", "mail_to": "a@example.org\n\n b@example.org\na@example.org"}
    )
    assert answer.status_code == 302
    assert Team.objects.get().mail_to == ["a@example.org", "b@example.org"]
    assert "a@example.org\nb@example.org" in text(client.get("/teams/search/"))
    entry = AuditEntry.objects.get(action="team.changed")
    assert (entry.actor_id, entry.detail) == (alice.pk, {"changed": ["mail_to"]})


@pytest.mark.parametrize("bad", ["nobody", "a@example.org, b@example.org", "a@example.org\rBcc: x@example.org"])
def test_what_is_no_address_is_refused_with_a_sentence_and_kept_in_the_form(client, alice, team, bad):
    client.force_login(alice)
    page = text(client.post("/teams/search/", {"name": "Search", "mail_to": bad}))
    assert "is not an email address" in page and bad.split("\r")[0] in page
    assert Team.objects.get().mail_to == ["oncall@example.org"]


def test_a_stranger_gets_404_and_changes_nothing(client, charlie, team):
    client.force_login(charlie)
    assert client.get("/teams/search/").status_code == 404
    assert client.post("/teams/search/", {"name": "Mine", "mail_to": ""}).status_code == 404
    assert Team.objects.get().name == "Search"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_members_who_are_no_owners_read_the_page_and_are_refused_to_change_it(client, alice, charlie, team, role):
    Membership.objects.create(user=charlie, team=team, role=role)
    client.force_login(charlie)
    page = text(client.get("/teams/search/"))
    assert "alice" in page and "oncall@example.org" in page and "Leave the team" in page
    assert "Invite" not in page and "<select" not in page and "Delete the team" not in page
    answer = client.post("/teams/search/", {"name": "Mine", "mail_to": ""})
    assert answer.status_code == 403 and "Ask an owner: alice" in text(answer)
    assert client.get("/teams/search/delete/").status_code == 403
    assert Team.objects.get().name == "Search"


@pytest.mark.parametrize("path", ["/teams/", "/teams/search/", "/people/", "/account/data/", "/"])
def test_someone_who_is_not_signed_in_is_asked_to(client, team, path):
    answer = client.get(path)
    assert (answer.status_code, answer.url) == (302, f"/accounts/login/?next={path}")


def test_anyone_signed_in_can_found_a_team_and_two_of_one_slug_do_not_clash(client, charlie, team):
    client.force_login(charlie)
    client.post("/teams/", {"name": "search!", "mail_to": "c@example.org"})
    mine = charlie.memberships.get()
    assert (mine.team.slug, mine.role) == ("search-2", "owner")
    assert "There is a team of this name already" in text(client.post("/teams/", {"name": "Search"}))
    assert AuditEntry.objects.get(action="team.created").object_name == "search!"


def test_the_list_says_ones_role_and_how_many_are_in_it(client, alice, bob, team):
    client.force_login(alice)
    shown = text(client.get("/teams/"))
    assert all(words in shown for words in ("Search", "owner", "2 members"))


def test_renaming_to_the_name_of_another_team_is_refused(client, alice, charlie, team):
    new_team(charlie, "Platform", [])
    client.force_login(alice)
    page = text(client.post("/teams/search/", {"name": " Platform ", "mail_to": ""}))
    assert "There is a team of this name already" in page and "<h1>Search</h1>" in page


def test_who_runs_the_installation_may_act_for_a_team_that_has_no_members(client, admin_user):
    Team.objects.create(name="Orphans", slug="orphans")
    client.force_login(admin_user)
    assert client.post("/teams/orphans/", {"name": "Orphans", "mail_to": "a@example.org"}).status_code == 302
    assert "Orphans" in text(client.get("/teams/"))
