"""What we hold an endpoint to be: thresholds in a row, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.causes import WORDS, advice, sentence, short
from fleet.engines.errors import Cause
from fleet.engines.reading import Facts, Failure, Load, Model, Reading
from fleet.status import TROUBLE, Finding, Standing, Status, Thresholds, decide, doubts, find, status_of

REFUSED = Finding(Cause.CONNECTION_REFUSED, "connect")
KEY = Finding(Cause.AUTH_REJECTED, "models")
GOOD = Finding()
UP = Standing(Status.UP, None)


def after(standing: Standing, *findings: Finding, fail_after: int = 3, recover_after: int = 2) -> Standing:
    for finding in findings:
        standing = decide(standing, finding, Thresholds(fail_after, recover_after), 0.0)
    return standing


def test_two_failures_are_a_blip_and_three_are_down():
    assert after(UP, REFUSED, REFUSED).status is Status.UP
    assert after(UP, REFUSED, REFUSED, GOOD, REFUSED, REFUSED).status is Status.UP
    down = after(UP, REFUSED, REFUSED, REFUSED)
    assert (down.status, down.cause, down.step) == (Status.DOWN, Cause.CONNECTION_REFUSED, "connect")


def test_down_ends_after_two_good_probes_in_a_row():
    down = after(UP, REFUSED, REFUSED, REFUSED)
    assert after(down, GOOD).status is Status.DOWN
    assert after(down, GOOD, REFUSED, GOOD).status is Status.DOWN
    up = after(down, GOOD, GOOD)
    assert (up.status, up.cause, up.failures) == (Status.UP, None, 0)


def test_a_new_endpoint_is_up_with_its_first_answer_and_unknown_while_unconfirmed():
    assert after(Standing(), GOOD).status is Status.UP
    assert after(Standing(), REFUSED, REFUSED).status is Status.UNKNOWN
    assert after(Standing(), REFUSED, REFUSED, REFUSED).status is Status.DOWN


def test_degraded_turns_to_down_only_when_down_is_confirmed():
    degraded = after(UP, *[KEY] * 10)
    assert degraded.status is Status.DEGRADED
    assert after(degraded, REFUSED, REFUSED).status is Status.DEGRADED
    assert after(degraded, REFUSED, KEY, REFUSED, REFUSED).status is Status.DEGRADED
    assert after(degraded, REFUSED, REFUSED, REFUSED).status is Status.DOWN


def test_within_known_trouble_the_cause_follows_at_once():
    down = after(UP, REFUSED, REFUSED, REFUSED)
    assert after(down, Finding(Cause.TIMED_OUT, "health")).cause is Cause.TIMED_OUT


@pytest.mark.parametrize("finding", [Finding(Cause.SATURATED), Finding(Cause.LOADING), Finding(Cause.ASLEEP)])
def test_busy_loading_and_asleep_are_believed_at_once_and_resolve_trouble_like_up(finding):
    assert after(UP, finding).status is finding.status
    down = after(UP, REFUSED, REFUSED, REFUSED)
    assert after(down, finding).status is Status.DOWN
    assert after(down, finding, finding).status is finding.status


@given(st.lists(st.sampled_from([REFUSED, KEY, GOOD, Finding(Cause.LOADING)])), st.integers(1, 5), st.integers(1, 5))
def test_a_status_never_changes_without_its_run_of_findings(findings, fail_after, recover_after):
    standing = UP
    for index, finding in enumerate(findings):
        new = decide(standing, finding, Thresholds(fail_after, recover_after), float(index))
        recent = findings[: index + 1]
        if new.status in TROUBLE and standing.status not in TROUBLE:
            assert len(recent) >= fail_after and all(f.status in TROUBLE for f in recent[-fail_after:])
        if standing.status in TROUBLE and new.status not in TROUBLE:
            assert len(recent) >= recover_after and all(f.status not in TROUBLE for f in recent[-recover_after:])
        standing = new


def test_doubts_count_what_speaks_against_the_standing_until_it_is_believed():
    assert [doubts(after(UP, *[REFUSED] * n), Thresholds()) for n in range(5)] == [0, 1, 2, 0, 0]
    down = after(UP, *[REFUSED] * 3)
    assert [doubts(after(down, *[GOOD] * n), Thresholds()) for n in range(4)] == [0, 1, 0, 0]
    assert doubts(after(UP, *[GOOD] * 5), Thresholds()) == 0


def reading(**facts) -> Reading:
    return Reading(0.0, facts=Facts(**facts.pop("facts", {})), **facts)


def test_what_a_reading_says():
    assert find(reading()) == GOOD
    assert find(reading(load=Load(waiting=0))) == GOOD
    assert find(reading(load=Load(waiting=4))).status is Status.BUSY
    assert find(reading(load=Load(sleep_state="weights_offloaded", waiting=4))).status is Status.ASLEEP
    failed = find(reading(failure=Failure(Cause.TIMED_OUT, "health", "after 5 s")))
    assert failed == Finding(Cause.TIMED_OUT, "health", "after 5 s")


def test_an_expected_model_that_is_gone_degrades_and_latest_counts_as_the_plain_name():
    facts = {"models": (Model("qwen3:latest"), Model("Org/Big"))}
    assert find(reading(facts=facts), ("qwen3", "org/big")) == GOOD
    missing = find(reading(facts=facts), ("qwen3", "gemma3:12b"))
    assert (missing.cause, missing.detail) == (Cause.MODEL_MISSING, "gemma3:12b")


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words_and_a_status(cause):
    assert cause in WORDS
    assert short(cause) and advice(cause) and sentence(cause).endswith(".")
    assert status_of(cause) is not Status.UP


def test_the_sentence_carries_detail_and_step():
    assert sentence("timed_out", "after 5 s.", "health").endswith("(after 5 s; step: health).")
    assert sentence("") == ""
