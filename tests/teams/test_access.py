"""The team that forms about something new begin with, and what is said of what is gone."""

import pytest
from django.contrib.auth.models import User

from teams import audit
from teams.access import preset_team
from teams.models import Membership, Role, Team
from tests.people import just_signed_in


@pytest.fixture
def root(db) -> User:
    """An administrator, who may write to every team."""
    return User.objects.create_superuser("root", "root@example.org", "a long password")


@pytest.fixture
def assistants(db) -> Team:
    """The first of all teams by name."""
    return Team.objects.create(name="Assistants", slug="assistants")


def test_it_is_the_team_of_the_filter_where_the_person_may_write_there(alice, team, assistants):
    Membership.objects.create(user=alice, team=assistants, role=Role.OPERATOR)
    assert preset_team(alice, "search") == team
    assert preset_team(alice, "assistants") == assistants
    assert preset_team(alice, "unheard-of") == assistants


def test_an_administrator_begins_with_their_own_team_and_not_with_the_first_of_all(root, team, assistants):
    Membership.objects.create(user=root, team=team, role=Role.OWNER)
    audit.record("team.changed", team=assistants, actor=root)
    assert preset_team(root) == team


def test_of_several_it_is_the_one_used_last(alice, team, assistants):
    Membership.objects.create(user=alice, team=assistants, role=Role.OPERATOR)
    audit.record("team.changed", team=team, actor=alice)
    assert preset_team(alice) == team
    audit.record("access.refused", team=assistants, actor=alice)
    assert preset_team(alice) == team


def test_an_administrator_of_no_team_begins_with_the_one_used_last_or_chooses(root, team, assistants):
    assert preset_team(root) is None
    audit.record("team.changed", team=team, actor=root)
    assert preset_team(root) == team


def test_a_team_that_the_person_only_reads_is_none(charlie, team):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    assert preset_team(charlie, "search") is None


@pytest.mark.parametrize(
    "path",
    [
        "/people/999/", "/people/999/export/", "/people/999/delete/", "/account/sessions/999/end/",
        "/account/tokens/999/revoke/", "/teams/search/tokens/999/revoke/", "/teams/search/members/999/remove/",
        "/teams/search/invitations/999/withdraw/",
    ],
)  # fmt: skip
def test_what_is_gone_is_named_as_people_know_it(root, team, path):
    answer = just_signed_in(root).post(path)
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "matches the given query" not in page and ("no such" in page or "ended already" in page)
