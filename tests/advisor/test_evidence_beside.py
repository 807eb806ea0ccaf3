"""What the fleet says of decisions, beside the live fleet and beside a result."""

from datetime import UTC, datetime

import pytest

from advisor.decisions import watching
from fleet.evidence.verdict import State
from teams.models import Membership
from tests.html import flat

from .decisions.decision_parts import record
from .decisions.evidence_parts import box, judge, on_ollama

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def text(response) -> str:
    return flat(response.content.decode())


def test_the_board_has_a_card_for_each_decision_in_force_the_worst_first(page, alice, team):
    endpoint = box(team)
    on_ollama(alice, team, endpoint)
    judge(endpoint, State.OUTGROWN, NOW, confirmed=True)
    watching.watch(NOW)
    on_ollama(alice, team, box(team, "fine"), title="Plan without load")
    record(alice, team, title="Plan in draft")
    shown = text(page.get("/"))
    assert shown.index("Search: Start with Ollama") < shown.index("Search: Plan without load")
    assert "box-7: outgrown (confirmed)" in shown and "Plan in draft" not in shown


def test_the_board_asks_no_query_for_each_decision(page, alice, team, django_assert_max_num_queries):
    on_ollama(alice, team)
    page.get("/")
    with django_assert_max_num_queries(100) as few:
        page.get("/")
    for number in range(15):
        on_ollama(alice, team, title=f"Plan {number}")
    with django_assert_max_num_queries(len(few) + 1):  # how many more there are
        shown = text(page.get("/"))
    assert "4 more decisions in force" in shown


def test_a_result_shows_the_teams_own_figures_apart_from_the_votes(page, client, alice, team, charlie):
    address = "/advisor/result/?goal=serving&callers=many"
    as_json = address.replace("/?", ".json?")
    before = page.get(as_json).json()
    assert "What your own servers show" not in text(page.get(address))
    judge(box(team), State.OUTGROWN, NOW, confirmed=True, callers=5, in_time=81.0)
    shown = text(page.get(address))
    for said in ("What your own servers show (1)", "No figure here has a vote", "box-7", "outgrown", "at least 81 %"):
        assert said in shown, said
    assert page.get(as_json).json() == before
    lists = 'id="lists"'
    assert shown[shown.index(lists) : shown.index('id="figures"')].count("box-7") == 0
    client.force_login(charlie)
    assert "What your own servers show" not in text(client.get(address))


def test_members_of_another_team_see_their_own_figures_only(page, alice, team, other_team):
    judge(box(other_team, "theirs"), State.OUTGROWN, NOW)
    assert "theirs" not in text(page.get("/advisor/result/?goal=serving"))
    Membership.objects.create(user=alice, team=other_team, role="viewer")
    assert "theirs" in text(page.get("/advisor/result/?goal=serving"))


def test_an_endpoints_load_page_names_the_decisions_it_touches(page, client, alice, bob, team, other_team):
    endpoint = box(team)
    decision = on_ollama(alice, team, endpoint)
    record(alice, team, endpoints=[endpoint], title="Plan in draft")
    theirs = on_ollama(alice, other_team, endpoint, title="Plan of others")
    judge(endpoint, State.OUTGROWN, NOW, confirmed=True)
    watching.watch(NOW)
    shown = text(page.get(f"/endpoints/{endpoint.pk}/load/"))
    assert "Decision about it" in shown and f'href="{decision.get_absolute_url()}#evidence"' in shown
    assert "Plan in draft" not in shown and theirs.title not in shown
