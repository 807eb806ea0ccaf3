"""What an endpoint is: thresholds in a row, m of n and in time, and what a blind probe leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engines.errors import Cause
from fleet.engines.reading import Exchange, Facts, Failure, Load, Model, Reading
from fleet.verdict.causes import WORDS, advice, sentence, short
from fleet.verdict.status import TROUBLE, Finding, Standing, Status, Thresholds, decide, doubts, find, status_of

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
    assert find(reading(load=Load(waiting=0, deferred=4))) == GOOD
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


def counted(pattern: str, thresholds: Thresholds, start: Standing = UP, step: float = 30.0) -> list[str]:
    """The status after each finding of a pattern: x refused, k key rejected, . good, ? the monitor was blind."""
    kinds = {"x": REFUSED, "k": KEY, ".": GOOD, "?": BLIND}
    standing, statuses = start, []
    for index, letter in enumerate(pattern):
        standing = decide(standing, kinds[letter], thresholds, index * step)
        statuses.append(standing.status.value)
    return statuses


BLIND = Finding(Cause.BLIND, "connect", "Our network is gone.")
THREE_OF_FIVE = Thresholds(fail_after=3, recover_after=2, fail_of=5)


@pytest.mark.parametrize(
    ("pattern", "last"),
    [
        ("x.x.x", "down"),  # three of the last five, though never two in a row
        ("x..x.x", "up"),  # the first one is out of the window
        ("xxx", "down"),
        ("k.k.k", "degraded"),
        ("x.k.x", "up"),  # trouble three times, but down is a mail of its own and only known once since
        ("x.x.x.", "down"),
        ("x.x.x..", "up"),  # two good ones, and two failures left among five
        ("xxxxx..", "down"),  # two good ones, but three failures left
        ("xxxxx...", "up"),
        ("x.x.x...x", "up"),
    ],
)
def test_m_of_n_counts_failures_among_the_last_ones(pattern, last):
    assert counted(pattern, THREE_OF_FIVE)[-1] == last


@given(st.text("xk.", max_size=40), st.integers(1, 6), st.integers(0, 14), st.integers(1, 4))
def test_m_of_n_never_holds_for_trouble_what_failed_less_often(pattern, fail_after, more, recover_after):
    thresholds = Thresholds(fail_after, recover_after, fail_of=fail_after + more)
    before = "up"
    for index, status in enumerate(counted(pattern, thresholds)):
        window = pattern[max(0, index + 1 - thresholds.fail_of) : index + 1]
        failed = len(window) - window.count(".")
        if before not in TROUBLE and status in TROUBLE:
            assert failed >= fail_after
        if before in TROUBLE and status not in TROUBLE:
            assert failed < fail_after and pattern[: index + 1].endswith("." * recover_after)
        if before == "degraded" and status == "down":
            assert window.count("x") >= fail_after
        before = status


def test_time_has_to_pass_as_well_since_the_first_failure():
    patient = Thresholds(fail_after=3, fail_for=90)
    assert counted("xxxx", patient) == ["up", "up", "up", "down"]
    assert counted("xx.xxx", patient)[-1] == "up", "the clock starts again with the first failure after a good probe"
    assert counted("xxx", patient, step=45)[-1] == "down"


def test_where_only_time_is_missing_there_is_no_hurry():
    patient = Thresholds(fail_after=3, fail_for=3600)
    standing, hurries = UP, []
    for index in range(9):
        standing = decide(standing, REFUSED, patient, index * 3.0)
        hurries.append(bool(doubts(standing, patient)))
    assert hurries == [True] * 6 + [False] * 3


def test_blind_makes_unknown_what_was_fine_and_leaves_the_counts():
    blind = after(UP, REFUSED, REFUSED, BLIND)
    assert (blind.status, blind.cause, blind.detail) == (Status.UNKNOWN, Cause.BLIND, "Our network is gone.")
    assert (blind.failures, blind.downs, blind.recent) == (2, 2, 0b11)
    assert after(blind, GOOD).status is Status.UP
    assert after(blind, REFUSED).status is Status.DOWN, "two before and one after are three in a row"


def test_blind_leaves_trouble_where_it_is_and_recovery_counts_on():
    down = after(UP, *[REFUSED] * 3)
    assert after(down, *[BLIND] * 5) == down
    assert after(down, GOOD, BLIND, REFUSED) == after(down, GOOD, REFUSED)
    assert after(down, GOOD, BLIND).status is Status.DOWN
    assert after(down, GOOD, BLIND, GOOD).status is Status.UP


@given(st.text("xk.?", max_size=40), st.integers(1, 4), st.integers(0, 4), st.integers(1, 3))
def test_blind_probes_change_nothing_about_what_is_trouble(pattern, fail_after, more, recover_after):
    thresholds = Thresholds(fail_after, recover_after, fail_of=fail_after + more if more else 0)
    seen = [
        status in TROUBLE for status, letter in zip(counted(pattern, thresholds), pattern, strict=True) if letter != "?"
    ]
    assert seen == [status in TROUBLE for status in counted(pattern.replace("?", ""), thresholds)]


def test_slower_than_the_limit_is_degraded_and_says_so_in_numbers():
    slow = reading(exchanges=(Exchange("health", "GET /health", 200, total_ms=840.4),))
    assert find(slow) == find(slow, (), 841) == GOOD
    found = find(slow, (), 500)
    assert (found.cause, found.status, found.detail) == (Cause.SLOW, Status.DEGRADED, "840 ms, limit 500 ms")
    assert find(reading(), (), 500) == GOOD, "no answer was timed"


@pytest.mark.parametrize(
    ("days", "detail"),
    [(3.1, ""), (3, "expires on 1970-01-04 at 00:00 UTC"), (-1, "expired on 1969-12-31 at 00:00 UTC")],
)
def test_a_certificate_that_ends_within_three_days_is_degraded(days, detail):
    found = find(reading(certificate_until=days * 86_400))
    assert (found.cause, found.detail) == ((Cause.CERTIFICATE, detail) if detail else (None, ""))
