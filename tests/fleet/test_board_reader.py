"""The board of somebody who acts for one team and only sees another: what it names, counts and offers."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.utils import timezone

from fleet.access import reader
from fleet.models import EndpointState
from fleet.queries.board import Filters, board, changes
from teams.models import Membership, Role, Team
from tests.fleet.test_board import down, watched

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class TestReader:
    """The board of Alice, operator of Search, while Platform, which she only sees, is in trouble, too."""

    @pytest.fixture
    def alice(self) -> User:
        now = timezone.now()
        down("theirs", team="Platform", since=now - timedelta(seconds=8))
        down("old", team="Search", since=now - timedelta(hours=2))
        down("new", team="Search", since=now - timedelta(minutes=1))
        acknowledged = {"acknowledged": {"by": "bob", "until": None}}
        down("taken", team="Search", since=now, marks=acknowledged)
        watched("quiet", "Alpha")
        watched("fine", "Search")
        alice = get_user_model().objects.create_user("alice")
        Membership.objects.create(user=alice, team=Team.objects.get(slug="search"), role=Role.OPERATOR)
        return alice

    def test_trouble_of_the_own_teams_stands_first_what_nobody_acknowledged_on_top(self, alice):
        groups = board(alice, Filters()).groups
        assert [(group.name, [row.name for row in group.rows]) for group in groups] == [
            ("Needs attention", ["new", "old", "taken"]),
            ("Needs attention in other teams", ["theirs"]),
            ("Search", ["fine"]),
            ("Alpha", ["quiet"]),
        ]
        assert groups[2].summary == "1 up, 3 down above"

    def test_rows_outside_of_teams_name_theirs_and_have_a_box_only_where_she_may_act(self, alice, client):
        client.force_login(alice)
        page = client.get("/").content.decode()
        assert 'Select new"' in page and 'Select theirs"' not in page
        named = dict(
            re.findall(r'id="e\d+".*?>(\w+)</a>\s*<span class="line">\s*<span class="sub row-team">(\w+)<', page)
        )
        assert (named["taken"], named["theirs"]) == ("Search", "Platform")
        assert 'Select all of Needs attention"' in page and "Select all of Needs attention in other teams" not in page
        assert "Select all on this page" in page
        assert "Select all" not in client.get("/?team=platform").content.decode()
        cursor = board(alice, Filters()).totals.cursor
        EndpointState.objects.update(shown_at=timezone.now() + timedelta(seconds=9))
        moved = changes(alice, Filters(), cursor).rows
        assert {row.name for row in moved if "checkbox" in row.html} == {"new", "old", "taken", "fine"}

    def test_an_administrator_has_all_trouble_by_whether_somebody_is_on_it(self, alice):
        alice.is_superuser = True
        groups = board(alice, Filters()).groups
        assert [row.name for row in groups[0].rows] == ["new", "old", "theirs", "taken"]

    def test_the_headline_counts_own_trouble_and_that_of_other_teams_apart(self, alice):
        shown = board(alice, Filters()).headline
        assert shown.text == "3 down, 1 of them acknowledged; 1 down in other teams"
        assert (shown.lead.name, shown.title) == ("new", "(3 down) Fleet")

    def test_who_may_only_see_is_not_asked_to_act(self, alice):
        Membership.objects.update(role=Role.VIEWER)
        shown = board(alice, Filters()).headline
        assert (shown.text, shown.lead) == ("4 down in other teams", None)
        assert shown.title == "(4 down elsewhere) Fleet"

    def test_an_administrator_may_act_on_all(self, alice):
        alice.is_superuser = True
        assert board(alice, Filters()).headline.text == "4 down, 1 of them acknowledged"

    @pytest.mark.parametrize(
        ("team", "text", "counts"),
        [
            ("platform", "1 down in other teams", {"down": 1, "up": 0}),
            ("search", "3 down, 1 of them acknowledged", {"down": 3, "up": 1}),
            ("alpha", "1 endpoint up", {"up": 1}),
        ],
    )
    def test_headline_and_counts_follow_the_filter(self, alice, team, text, counts):
        shown = board(alice, Filters(team=team))
        assert shown.headline.text == text
        assert {each.status: each.count for each in shown.counts} == counts

    def test_the_counts_are_of_every_status_whichever_is_shown(self, alice):
        shown = board(alice, Filters(team="search", status="up"))
        assert {each.status: each.count for each in shown.counts} == {"down": 3, "up": 1}
        assert shown.headline.text == "3 down, 1 of them acknowledged"

    def test_who_may_act_on_others_gets_a_stream_drawn_for_them(self, alice):
        bob = get_user_model().objects.create_user("bob")
        assert reader(alice) != reader(bob)
        Membership.objects.create(user=bob, team=Team.objects.get(slug="search"), role=Role.OWNER)
        assert reader(alice) == reader(bob)
