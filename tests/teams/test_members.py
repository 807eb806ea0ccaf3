"""Roles: owners give and take them, one owner always stays, and who was removed meanwhile changes nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from teams import access, invitations, members, team_lifecycle, tokens
from teams.models import ApiToken, AuditEntry, Invitation, Membership, Role, Scope, Team
from teams.refusals import NotThere, Refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def role_of(user: User, team: Team) -> str:
    return Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first() or "none"


def at_once(*acts: Callable[[], object]) -> list[Exception | None]:
    """Runs these in threads that start together; returns what each raised."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> Exception | None:
        try:
            start.wait(5)
            act()
        except Refused as refused:
            return refused
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_an_owner_changes_a_role_and_the_trail_has_both(client, alice, bob, team):
    client.force_login(alice)
    answer = client.post(f"/teams/search/members/{bob.pk}/role/", {"role": "viewer"}, follow=True)
    assert "bob is viewer of Search now." in answer.content.decode()
    assert role_of(bob, team) == "viewer"
    entry = AuditEntry.objects.get(action="member.role_changed")
    assert (entry.actor_id, entry.object_id, entry.object_name) == (alice.pk, bob.pk, "")
    assert entry.detail == {"from": "owner", "to": "viewer"}


def test_a_role_that_there_is_not_changes_nothing(client, alice, bob, team):
    client.force_login(alice)
    client.post(f"/teams/search/members/{bob.pk}/role/", {"role": "emperor"})
    assert role_of(bob, team) == "owner"


def test_an_owner_removes_a_member_and_someone_leaves(client, alice, bob, charlie, team):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    client.force_login(alice)
    client.post(f"/teams/search/members/{charlie.pk}/remove/")
    assert role_of(charlie, team) == "none"
    client.force_login(bob)
    assert client.post("/teams/search/leave/").url == "/teams/"
    assert role_of(bob, team) == "none"
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"member.removed", "member.left"}


@pytest.mark.parametrize("path", ["leave/", "members/{}/remove/", "members/{}/role/"])
def test_the_last_owner_stays_and_is_shown_what_to_do(client, alice, charlie, team, path):
    Membership.objects.create(user=charlie, team=team, role=Role.OPERATOR)
    client.force_login(alice)
    page = client.post("/teams/search/" + path.format(alice.pk), {"role": "viewer"}, follow=True).content.decode()
    assert "alice is the only owner of Search. Make someone else an owner first." in page
    assert role_of(alice, team) == "owner"


def test_an_owner_who_can_not_sign_in_does_not_count_as_the_other_owner(alice, bob, team):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(Refused, match="only owner"):
        members.leave(alice, team)


def test_strangers_get_404_and_members_403(client, alice, bob, charlie, team):
    client.force_login(charlie)
    assert client.post(f"/teams/search/members/{bob.pk}/remove/").status_code == 404
    Membership.objects.create(user=charlie, team=team, role=Role.OPERATOR)
    assert client.post(f"/teams/search/members/{bob.pk}/remove/").status_code == 403
    assert client.post(f"/teams/search/members/{charlie.pk}/role/", {"role": "owner"}).status_code == 403
    assert (role_of(bob, team), role_of(charlie, team)) == ("owner", "operator")


def test_who_is_refused_is_sent_to_owners_who_can_sign_in(client, alice, bob, charlie, team):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    client.force_login(charlie)
    page = client.post("/teams/search/invite/", {"email": "x@example.org", "role": "viewer"}).content.decode()
    assert "Ask an owner: alice." in page


def test_who_leaves_reads_that_the_tokens_they_made_for_the_team_still_work(client, alice, bob, team):
    tokens.make("ci", [Scope.STATUS], 30, bob, team)
    client.force_login(bob)
    page = client.post("/teams/search/leave/", follow=True).content.decode()
    assert "1 API token of Search that bob made still works" in page


def test_a_person_of_another_team_can_not_be_reached_through_ones_own(client, alice, charlie, team):
    other = team_lifecycle.new_team(charlie, "Other", [])
    client.force_login(alice)
    assert client.post(f"/teams/search/members/{charlie.pk}/remove/").status_code == 404
    assert role_of(charlie, other) == "owner"


def test_two_owners_who_remove_each_other_at_once_leave_exactly_one(alice, bob, team):
    said = at_once(lambda: members.remove(alice, team, bob), lambda: members.remove(bob, team, alice))
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1
    assert [type(each) for each in said if each] == [NotThere]


def test_two_owners_who_leave_at_once_leave_exactly_one(alice, bob, team):
    said = at_once(lambda: members.leave(alice, team), lambda: members.leave(bob, team))
    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1
    assert ["only owner" in str(each) for each in said if each] == [True]


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("", {"name": "Mine", "mail_to": "x@example.org"}),
        ("invite/", {"email": "x@example.org", "role": "owner"}),
        ("members/{}/role/", {"role": "viewer"}),
        ("members/{}/remove/", {}),
        ("delete/", {"typed": "Search"}),
        ("tokens/", {"name": "mine", "scopes": Scope.STATUS.value, "days": "365"}),
    ],
)
def test_an_owner_who_was_removed_while_their_form_was_open_gets_404(client, alice, bob, team, path, typed):
    client.force_login(bob)
    assert client.get("/teams/search/").status_code == 200
    members.remove(alice, team, bob)
    assert client.post("/teams/search/" + path.format(alice.pk), typed).status_code == 404
    team.refresh_from_db()
    assert (team.name, team.mail_to, role_of(alice, team)) == ("Search", ["oncall@example.org"], "owner")
    assert not Invitation.objects.exists() and not ApiToken.objects.exists()


@pytest.mark.parametrize("action", ["rename", "invite", "withdraw", "role", "remove", "delete", "token", "revoke"])
def test_an_owner_removed_between_the_check_and_the_write_changes_nothing(monkeypatch, alice, bob, team, action):
    """The view's check passes, then another thread removes the owner, and only then comes the write."""
    made, _ = invitations.invite(team, "x@example.org", Role.VIEWER, alice)
    token, _ = tokens.make("ci", [Scope.STATUS], 30, alice, team)
    requests = {
        "rename": ("", {"name": "Mine", "mail_to": ""}),
        "invite": ("invite/", {"email": "y@example.org", "role": "owner"}),
        "withdraw": (f"invitations/{made.pk}/withdraw/", {}),
        "role": (f"members/{alice.pk}/role/", {"role": "viewer"}),
        "remove": (f"members/{alice.pk}/remove/", {}),
        "delete": ("delete/", {"typed": "Search"}),
        "token": ("tokens/", {"name": "mine", "scopes": Scope.STATUS.value, "days": "365"}),
        "revoke": (f"tokens/{token.pk}/revoke/", {}),
    }
    path, typed = requests[action]
    checked = access.team_of

    def then_removed(*args, **options):
        found = checked(*args, **options)
        assert at_once(lambda: members.remove(alice, team, bob)) == [None]
        return found

    monkeypatch.setattr(access, "team_of", then_removed)
    browser = Client()
    browser.force_login(bob)
    assert browser.post("/teams/search/" + path, typed).status_code == 404
    team.refresh_from_db()
    assert (team.name, role_of(alice, team), role_of(bob, team)) == ("Search", "owner", "none")
    assert list(Invitation.objects.values_list("email", flat=True)) == ["x@example.org"]
    assert list(ApiToken.objects.values_list("name", flat=True)) == ["ci"]


def test_who_is_removed_or_lowered_can_not_come_back_by_an_invitation_of_their_own(alice, bob, charlie, team):
    _, kept = invitations.invite(team, "me-again@example.org", Role.OWNER, bob)
    _, of_alice = invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    members.change_role(alice, team, bob, Role.OPERATOR)
    assert invitations.find(kept) is None
    assert invitations.find(of_alice) is not None
    assert AuditEntry.objects.filter(action="invitation.withdrawn", actor_id=alice.pk).count() == 1


def test_who_runs_the_installation_helps_a_team_that_has_lost_its_owners(client, admin_user, charlie, team):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    client.force_login(admin_user)
    client.post(f"/teams/search/members/{charlie.pk}/role/", {"role": "owner"})
    assert role_of(charlie, team) == "owner"
