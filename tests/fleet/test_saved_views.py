"""Saved views of the board: whose they are, what they keep, and the one that a board begins with."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from fleet import saved_views
from fleet.models import SavedView
from teams.models import AuditEntry, Membership, Role
from tests.fleet.test_board import watched

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SORTED = "/?team=search&sort=load"


@pytest.fixture
def page(client: Client, alice) -> Client:
    client.force_login(alice)
    watched("gpu-1")
    return client


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def save(
    page: Client, name: str = "On call", query: str = "sort=load&team=search&page=2&x=1", team: str = ""
) -> SavedView:
    page.post("/views/", {"name": name, "query": query, "team": team})
    return SavedView.objects.get(name=name)


def test_a_view_keeps_filters_and_sorting_and_leaves_each_reader_their_layout(page, alice):
    page.post("/layout/", {"density": "dense", "column": ["load"], "query": ""})
    view = save(page)
    assert (view.owner, view.team, view.query) == (alice, None, "team=search&sort=load")
    elsewhere = signed_in(alice)
    elsewhere.post("/layout/", {"density": "roomy", "column": ["day"], "query": ""})
    answer = elsewhere.get(f"/views/{view.pk}/")
    assert answer.headers["Location"] == SORTED
    shown = elsewhere.get(SORTED).content.decode()
    assert 'class="board no-engine' in shown and f'href="/views/{view.pk}/">On call</a>' in shown


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("team=search&status=down&tag=prod&tag=eu", "team search, status down, tag prod and eu"),
        ("q=gpu&sort=-latency&group=engine", "“gpu”, sorted by latency, reversed, grouped by engine"),
        ("group=none", "not grouped"),
        ("", "the whole fleet"),
    ],
)
def test_the_lists_of_views_say_what_each_filters(page, query, words):
    save(page, query=query)
    assert words in page.get("/views/").content.decode() and words in page.get("/").content.decode()


def test_a_view_of_the_whole_board_is_one_too(page):
    assert page.get(f"/views/{save(page, query='view=none').pk}/").headers["Location"] == "/?view=none"


def test_an_own_view_is_nobody_elses(page, bob, charlie):
    path = f"/views/{save(page).pk}/"
    for other in (bob, charlie):
        theirs = signed_in(other)
        assert theirs.get(path).status_code == 404
        assert (
            theirs.post(f"{path}delete/").status_code == theirs.post(f"{path}rename/", {"name": "x"}).status_code == 404
        )
        assert "On call" not in theirs.get("/views/").content.decode()
    assert SavedView.objects.filter(name="On call").exists()


def test_a_teams_view_is_for_its_members_and_operators_change_it(page, team, bob, charlie):
    view = save(page, team="search")
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    viewer, path = signed_in(bob), f"/views/{view.pk}/"
    assert viewer.get(path).headers["Location"] == SORTED
    assert "Operators of Search can change it." in viewer.get("/views/").content.decode()
    assert viewer.post(f"{path}rename/", {"name": "x"}).status_code == 403
    assert viewer.post("/views/", {"name": "mine", "query": "", "team": "search"}).status_code == 403
    assert signed_in(charlie).get(path).status_code == 404
    page.post(f"{path}rename/", {"name": " Night  shift "})
    assert SavedView.objects.get().name == "Night shift"
    page.post(f"{path}delete/")
    assert not SavedView.objects.exists()
    actions = AuditEntry.objects.filter(action__startswith="view.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["view.saved", "view.renamed", "view.deleted"]


def test_a_board_begins_with_the_chosen_view_until_that_is_taken_back(page):
    view = save(page)
    page.post("/views/usual/", {"view": view.pk})
    assert page.get("/").headers["Location"] == SORTED
    assert "your board begins with it" in page.get(SORTED).content.decode()
    for everything in ("/?view=none", "/?q=&team=&engine=&status="):
        assert page.get(everything).status_code == 200
    page.post("/views/usual/")
    assert page.get("/").status_code == 200


def test_a_board_of_a_part_names_its_view_and_leads_to_the_whole(page):
    view = save(page)
    shown = page.get(view.get_absolute_url(), follow=True).content.decode()
    assert f'<span class="strong">{view.name}</span>' in shown and "/?view=none" in shown
    other = page.get("/?q=elsewhere").content.decode()
    assert "A part of the fleet." in other and f'<span class="strong">{view.name}</span>' not in other
    assert "Show the whole fleet" not in page.get("/?sort=latency").content.decode()


def test_a_board_does_not_begin_with_a_view_of_a_team_that_one_left(page, alice, bob, team):
    page.post("/views/usual/", {"view": save(page, team="search").pk})
    Membership.objects.filter(user=alice).delete()
    assert page.get("/").status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "on CALL"])
def test_a_name_is_given_and_stands_once(page, alice, name):
    view = save(page)
    with pytest.raises(ValidationError):
        saved_views.save(alice, None, name, "")
    assert "was not saved" in page.post("/views/", {"name": name, "query": ""}, follow=True).content.decode()
    saved_views.rename(view, "ON CALL")  # its own name in other letters


def test_views_have_an_end(page, alice, monkeypatch):
    monkeypatch.setattr("fleet.saved_views.actions.MOST", 1)
    save(page)
    with pytest.raises(ValidationError, match="There are 1 saved views already"):
        saved_views.save(alice, None, "Another", "")


@pytest.mark.parametrize("query", ["%00", "team=%FF", "a" * 5000, "tag=" + "x," * 500])
def test_odd_queries_are_kept_as_what_the_board_takes(page, query):
    assert page.post("/views/", {"name": "odd", "query": query}, follow=True).status_code == 200
