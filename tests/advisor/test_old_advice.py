"""Advice that was frozen by an older method opens as it was; run again, it shows what differs."""

from advisor import catalogue as catalogues
from advisor.decisions import actions, frozen_advice
from advisor.models import Decision
from tests.advisor.decisions.decision_parts import record, text

ANSWERS = {"goal": "serving", "pain": "serving"}
OLD_HEADLINE = "It is too early to say, so Ollama is the default until more is known."


def older(alice, team):
    """A decision as the first version stored it: no method, Ollama named on an open result."""
    decision = record(alice, team, answers=ANSWERS, title="Begin small", choice="ollama")
    advice = decision.recommendation
    kept = ("outcome", "strength", "catalogue_version", "lists", "limits", "notes", "answers", "facts")
    was = {name: advice[name] for name in kept} | {"headline": OLD_HEADLINE, "notes": ["nothing_serving_yet"]}
    Decision.objects.filter(pk=decision.pk).update(recommendation=was)
    return actions.move(alice, decision, decision.version, "accepted")


def test_advice_records_its_method(alice, team):
    advice = record(alice, team).recommendation
    assert advice["method"] == "1.1" == frozen_advice.method_of(advice)
    assert frozen_advice.method_of({}) == "1.0"


def test_old_advice_opens_as_it_was_with_its_method(page, alice, team):
    decision = older(alice, team)
    shown = text(page.get(f"/decisions/{decision.pk}/"))
    assert OLD_HEADLINE in shown and "method 1.0" in shown
    assert "Not enough answers yet" not in shown
    markdown = text(page.get(f"/decisions/{decision.pk}.md"))
    assert OLD_HEADLINE in markdown and 'method: "1.0"' in markdown


def test_run_again_old_advice_shows_what_todays_method_makes_of_it(page, alice, team):
    decision = older(alice, team)
    shown = text(page.get(f"/decisions/{decision.pk}/again/"))
    assert OLD_HEADLINE in shown and "Not enough answers yet (2 of 14)" in shown
    rows = {
        row["what"]: (row["was"], row["now"])
        for row in frozen_advice.differences(
            decision.recommendation, record(alice, team, answers=ANSWERS).recommendation
        )
    }
    assert rows["Method"] == ("1.0", "1.1") and rows["Outcome"][0] == OLD_HEADLINE
    assert Decision.objects.get(pk=decision.pk).recommendation["headline"] == OLD_HEADLINE


def test_an_open_result_advises_no_choice_so_a_decision_may_be_any(alice, team):
    assert frozen_advice.ADVISED["open"] == ()
    decision = record(alice, team, answers=ANSWERS, status="accepted", choice="vllm")
    assert decision.recommendation["headline"].startswith("Not enough answers yet")
    assert catalogues.load().version == decision.catalogue_version
