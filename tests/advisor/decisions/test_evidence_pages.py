"""What the fleet says of decisions, on their pages, in the log, on the board, beside a result, and as of a day."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps

from advisor.decisions import actions, watching
from advisor.models import DecisionEvent, DecisionEvidence
from fleet.evidence.verdict import State
from fleet.models import LoadVerdict
from teams.models import Team
from tests.html import flat

from .decision_parts import record
from .evidence_parts import box, judge, on_ollama

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def text(response) -> str:
    return flat(response.content.decode())


@pytest.fixture
def contradicted(alice, team):
    """Recorded and accepted on 20 November, holding then; strained on the 21st, contradicted from the 23rd on."""
    with time_machine.travel(NOW - timedelta(hours=1), tick=False):
        endpoint = box(team)
        decision = on_ollama(alice, team, endpoint)
    for days, state, confirmed in ((0, State.FINE, False), (1, State.TUNE_FIRST, False), (3, State.OUTGROWN, True)):
        judge(endpoint, state, NOW + days * DAY, confirmed)
        with time_machine.travel(NOW + days * DAY, tick=False):
            watching.watch(NOW + days * DAY)
    return decision


def test_a_decision_shows_the_evidence_with_figures_links_and_what_was_before(page, contradicted):
    shown = text(page.get(contradicted.get_absolute_url()))
    endpoint = contradicted.endpoints.get()
    assert 'id="evidence"' in shown and "contradicted" in shown
    assert f'<a href="{endpoint.get_absolute_url()}load/"' in shown
    assert "Outgrown (confirmed). Requests that waited: 34 %, threshold 20 %." in shown
    assert "Against it: No request was refused (HTTP 503)." in shown
    assert "Give it a second slot. OLLAMA_NUM_PARALLEL=2" in shown
    assert "Evidence: contradicted. Before: strained." in shown
    for row in DecisionEvidence.objects.all():
        assert f'href="{row.get_absolute_url()}"' in shown


def test_a_board_of_one_team_has_that_teams_cards_alone(page, contradicted, alice):
    other = Team.objects.create(name="Others", slug="others")
    other.memberships.create(user=alice, role="owner")
    box(other)
    assert "Search: Start with Ollama" in text(page.get("/?team=search"))
    assert "Search: Start with Ollama" not in text(page.get("/?team=others"))


def test_the_markdown_names_what_speaks_against_the_evidence_and_what_to_try(page, contradicted):
    exported = text(page.get(f"{contradicted.get_absolute_url().rstrip('/')}.md"))
    assert "* box-7 (Ollama, http://box-7.example.org:11434)" in exported
    assert "Against it: No request was refused (HTTP 503). Next to try: Give it a second slot." in exported


def test_a_snapshot_has_an_address_with_signals_and_thresholds_after_pruning(page, contradicted):
    LoadVerdict.objects.all().delete()
    row = DecisionEvidence.objects.get(state="strained")
    shown = text(page.get(row.get_absolute_url()))
    for said in (
        "box-7",
        "Ollama 0.9.3",
        "Tune first (likely)",
        "34 %",
        "proven",
        "Prompt tokens taken from the prefix cache",
        "7 days to",
    ):
        assert said in shown, said


def test_an_endpoints_page_names_its_decisions_also_before_they_are_judged(page, alice, team, contradicted):
    shown = text(page.get(contradicted.endpoints.get().get_absolute_url()))
    assert "Start with Ollama" in shown and '<span class="word">contradicted' in shown
    new = box(team, "new")
    on_ollama(alice, team, new, title="Ollama on the new box")
    record(alice, team, title="Plan in draft", endpoints=[new])
    shown = text(page.get(new.get_absolute_url()))
    assert "Ollama on the new box" in shown and '<span class="word">not judged yet</span>' in shown
    assert "It is judged within an hour of its acceptance." in shown and "Plan in draft" not in shown


def test_a_stranger_sees_neither_evidence_nor_snapshot_nor_card(client, charlie, contradicted):
    client.force_login(charlie)
    row = DecisionEvidence.objects.first()
    assert client.get(row.get_absolute_url()).status_code == 404
    assert client.get(contradicted.get_absolute_url()).status_code == 404
    assert "Start with Ollama" not in text(client.get("/"))
    assert "Start with Ollama" not in text(client.get("/decisions/?evidence=contradicted"))


def test_a_snapshot_is_read_under_its_own_decision_only(page, alice, team, contradicted):
    other = on_ollama(alice, team, title="Another")
    row = DecisionEvidence.objects.first()
    assert page.get(f"/decisions/{other.pk}/evidence/{row.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("choice", "status", "said"),
    [
        ("ollama", "accepted", "It is judged within an hour"),
        ("other", "accepted", "is not judged"),
        ("ollama", "draft", "Only accepted decisions are judged by their endpoints; this one is draft."),
    ],
)
def test_a_decision_without_evidence_says_why(page, alice, team, choice, status, said):
    decision = record(alice, team, choice=choice, status=status)
    assert said in text(page.get(decision.get_absolute_url()))


def test_the_log_has_a_badge_and_a_filter(page, alice, team, contradicted):
    quiet, fine = box(team, "quiet"), box(team, "fine")
    on_ollama(alice, team, quiet, title="Plan without load")
    on_ollama(alice, team, fine, title="Plan that fits")
    judge(fine, State.FINE, NOW + 3 * DAY)
    watching.watch(NOW + 3 * DAY)
    on_ollama(alice, team, title="Plan nobody judged")
    record(alice, team, title="Plan in draft")
    for wanted, titles in (
        ("contradicted", {"Start with Ollama"}),
        ("strained", set()),
        ("holds", {"Plan that fits"}),
        ("missing", {"Plan without load", "Plan nobody judged"}),
    ):
        shown = text(page.get(f"/decisions/?evidence={wanted}"))
        every = {"Start with Ollama", "Plan without load", "Plan that fits", "Plan nobody judged", "Plan in draft"}
        assert {title for title in every if title in shown} == titles, wanted
    shown = text(page.get("/decisions/"))
    assert "s-down" in shown and '<span class="word">contradicted</span>' in shown


def test_as_of_a_day_the_log_has_what_was_in_force_and_known_then(page, alice, contradicted):
    page.force_login(alice)
    with time_machine.travel(NOW + 5 * DAY, tick=False):
        page.force_login(alice)
        actions.move(alice, contradicted, contradicted.version, "deprecated")
        for day, word in ((19, None), (20, "holds"), (21, "strained"), (22, "strained"), (24, "contradicted")):
            shown = text(page.get(f"/decisions/?as_of=2026-11-{day}"))
            assert ("Start with Ollama" in shown) is (word is not None), day
            assert word is None or f'<span class="word">{word}</span>' in shown, day
        assert "Start with Ollama" not in text(page.get("/decisions/?as_of=2026-11-25"))
        assert "Start with Ollama" in text(page.get("/decisions/?as_of=2026-11-25&status=deprecated"))
        assert "Start with Ollama" in text(page.get("/decisions/?as_of=2026-11-21&evidence=strained"))
        assert "Start with Ollama" not in text(page.get("/decisions/?as_of=2026-11-21&evidence=holds"))


def test_as_of_a_day_a_decision_shows_nothing_that_came_later(page, alice, contradicted):
    with time_machine.travel(NOW + 5 * DAY, tick=False):
        page.force_login(alice)
        actions.move(alice, contradicted, contradicted.version, "deprecated")
        shown = text(page.get(f"{contradicted.get_absolute_url()}?as_of=2026-11-21"))
        assert "As it stood when 21 November 2026 ended" in shown
        assert "stand-accepted" in shown and "Tune first (likely)" in shown
        assert "Outgrown" not in shown and "deprecated" not in shown.lower() and "Record review" not in shown
        early = text(page.get(f"{contradicted.get_absolute_url()}?as_of=2026-11-19"))
        assert "not recorded yet" in early and "Tune first" not in early


@pytest.mark.parametrize("day", ["2026-13-45", "yesterday", "2999-01-01"])
def test_a_day_that_is_none_or_to_come_is_left_out(page, contradicted, day):
    shown = text(page.get(f"{contradicted.get_absolute_url()}?as_of={day}"))
    assert "As it stood when" not in shown
    assert page.get(f"/decisions/?as_of={day}").status_code == 200


def test_statuses_of_events_written_before_are_read_from_their_text(contradicted, alice):
    actions.move(alice, contradicted, contradicted.version, "deprecated")
    before = list(DecisionEvent.objects.values_list("text", "status"))
    DecisionEvent.objects.update(status="")
    import_module("advisor.migrations.0003_decision_evidence").read_statuses(apps, None)
    assert list(DecisionEvent.objects.values_list("text", "status")) == before
