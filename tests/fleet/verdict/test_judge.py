"""The whole verdict on readings, one after the other: standing, finding, what is remembered, when the next is due."""

from dataclasses import replace

import pytest

from fleet.engines.errors import Cause
from fleet.engines.reading import Canary, Exchange, Facts, Failure, Identity, Load, Model, Reading
from fleet.verdict.canary_memory import CanaryMemory
from fleet.verdict.judge import Verdict, depends_on_blindness, judge
from fleet.verdict.memory import Memory, Rules
from fleet.verdict.schedule import CONFIRM_FIRST, CONFIRM_NEXT, next_due
from fleet.verdict.stall import Still
from fleet.verdict.starts import Stretch
from fleet.verdict.status import Finding, Standing, Status, Thresholds

NOW = 1_800_000_000.0
RULES = Rules(engine="vllm", key="7")
UP = Verdict(Standing(Status.UP, None), Finding(), Memory())


def good(at: float = NOW, **load) -> Reading:
    step = Exchange("health", "GET /health", 200, 0, total_ms=4.0)
    return Reading(at, Identity("vllm", "GET /version"), Facts("1"), Load(**load), (step,))


def bad(at: float = NOW, cause: Cause = Cause.CONNECTION_REFUSED, step: str = "connect") -> Reading:
    exchange = Exchange(step, "GET /health", error=cause.value, total_ms=1.0)
    return Reading(at, exchanges=(exchange,), failure=Failure(cause, step, "so it is"))


def after(verdict: Verdict, *readings: Reading, rules: Rules = RULES, blind: str = "") -> Verdict:
    """The verdict after more readings, each judged at its own time."""
    for reading in readings:
        verdict = judge(verdict.memory, verdict.standing, reading, rules, blind, reading.at)
    return verdict


def remembering(verdict: Verdict, **values) -> Verdict:
    return replace(verdict, memory=replace(verdict.memory, **values))


def known(verdict: Verdict) -> tuple[str, str | None]:
    return verdict.standing.status.value, verdict.standing.cause and verdict.standing.cause.value


def test_a_start_is_learned_from_the_process_and_the_next_one_is_no_outage():
    down = after(UP, good(process_start=NOW - 9999), *(bad(NOW + n) for n in (30, 33, 36)), bad(NOW + 60))
    assert (known(down), down.memory.starts) == (("down", "connection_refused"), ())
    up = after(down, *(good(NOW + n, process_start=NOW + 50) for n in (90, 93)))
    assert (known(up), up.memory.starts) == (("up", None), (40,))
    starting = after(up, *(bad(NOW + n) for n in (400, 420, 440, 459)))
    assert known(starting) == ("loading", "loading") and "up to 40 s" in starting.standing.detail
    assert starting.memory.starting == Stretch(int(NOW) + 400, said=False)
    up = after(starting, good(NOW + 465, process_start=NOW + 402))
    assert (known(up), up.memory.starts, up.memory.starting) == (("up", None), (40, 63), None)


def test_a_start_past_its_budget_is_an_outage_that_began_when_the_budget_was_used_up():
    starting = after(remembering(UP, starts=(40,)), good(), *(bad(NOW + n) for n in (10, 40, 69)))
    assert known(starting) == ("loading", "loading")
    down = after(starting, *(bad(NOW + n) for n in (70, 73, 76)))
    assert (known(down), down.standing.failing_since) == (("down", "connection_refused"), NOW + 70)
    assert known(after(down, bad(NOW + 500))) == ("down", "connection_refused")


def test_loading_past_its_budget_is_an_outage_and_its_length_is_learned():
    loading = after(UP, *(bad(NOW + n, Cause.LOADING, "health") for n in range(0, 700, 50)))
    assert known(loading) == ("loading", "loading")
    down = after(loading, bad(NOW + 700, Cause.LOADING, "health"))
    assert known(down) == ("down", "still_loading")
    assert after(down, good(NOW + 750)).memory.starts == (750,)


@pytest.mark.parametrize(("rules", "status"), [(RULES, "loading"), (replace(RULES, engine="ollama"), "up")])
def test_only_engines_that_listen_late_may_refuse_as_they_start(rules, status):
    refused = after(remembering(UP, starts=(40,)), bad(), rules=rules)
    assert refused.standing.status == status


@pytest.mark.parametrize("within", [0, 60])
def test_the_team_may_set_how_long_a_start_may_take(within):
    refused = after(remembering(UP, starts=(40,)), bad(), rules=replace(RULES, start_within=within))
    assert refused.standing.status == ("loading" if within else "up")


@pytest.mark.parametrize(
    ("cause", "step", "found"),
    [
        (Cause.NO_ROUTE, "connect", Cause.BLIND),
        (Cause.DNS_FAILED, "connect", Cause.BLIND),
        (Cause.TIMED_OUT, "connect", Cause.BLIND),
        (Cause.TIMED_OUT, "health", Cause.TIMED_OUT),
        (Cause.CONNECTION_REFUSED, "connect", Cause.CONNECTION_REFUSED),  # it was reached
        (Cause.LOADING, "health", Cause.LOADING),
    ],
)
def test_while_the_monitor_is_blind_what_it_could_not_reach_shows_nothing(cause, step, found):
    reading = bad(NOW, cause, step)
    assert depends_on_blindness(Memory(), reading) is (found is Cause.BLIND)
    verdict = after(UP, *[reading] * 3, blind="No route to anywhere.")
    assert verdict.finding.cause is found
    if found is Cause.BLIND:
        assert known(verdict) == ("unknown", "blind") and verdict.standing.detail == "No route to anywhere."
    assert after(UP, reading).finding.cause is cause


LOST = Canary("m", failure=Failure(Cause.TIMED_OUT, "connect"))
DOUBT = CanaryMemory(ok=False, cause="no_route")


@pytest.mark.parametrize(
    ("memory", "reading"),
    [(Memory(), replace(good(), canary=LOST)), (Memory(canary=DOUBT), good())],
)
def test_a_canary_that_did_not_reach_the_server_shows_nothing_while_the_monitor_is_blind(memory, reading):
    assert depends_on_blindness(memory, reading)
    rules = replace(RULES, canary_models=("m",))
    assert judge(memory, UP.standing, reading, rules, "No route.", NOW).finding.cause is Cause.BLIND
    assert judge(memory, UP.standing, reading, rules, "", NOW).finding.status is Status.DOWN


@pytest.mark.parametrize("reading", [good(), replace(good(), canary=Canary("m", 5.0, 1)), bad()])
def test_other_readings_do_not_depend_on_whether_the_monitor_is_blind(reading):
    assert not depends_on_blindness(Memory(), reading)
    assert after(UP, reading, blind="No route.") == after(UP, reading)


def test_trouble_that_began_before_the_monitor_went_blind_stays_and_ends_like_any_other():
    lost = [bad(NOW + n, Cause.NO_ROUTE) for n in (1, 2, 3)]
    down = after(after(UP, *lost), *lost, blind="No route.")
    assert known(down) == ("down", "no_route")
    assert known(after(down, good(NOW + 4))) == ("down", "no_route")
    assert known(after(down, good(NOW + 4), good(NOW + 5))) == ("up", None)


def test_turns_into_trouble_and_out_of_it_are_kept_and_blindness_is_none():
    frozen = bad(NOW + 11, Cause.BLIND)
    verdict = after(UP, good(), *[bad(NOW + 10)] * 3, frozen, *[good(NOW + 20)] * 2, frozen, good(NOW + 22))
    assert verdict.memory.turns == ((int(NOW) + 10, 1), (int(NOW) + 20, 0))


def test_slow_answers_and_missing_models_are_by_the_teams_rules():
    once = Thresholds(fail_after=1)
    slow = after(UP, good(), rules=replace(RULES, thresholds=once, slow_after=3))
    assert (known(slow), slow.standing.detail) == (("degraded", "slow"), "4 ms, limit 3 ms")
    missing = after(UP, good(), rules=replace(RULES, thresholds=once, expected_models=("qwen3",)))
    assert known(missing) == ("degraded", "model_missing")


def test_m_of_n_is_by_the_teams_rules():
    rules = replace(RULES, thresholds=Thresholds(fail_after=3, fail_of=5))
    verdict = after(UP, *(bad(NOW + n) if n % 2 else good(NOW + n) for n in range(6)), rules=rules)
    assert (verdict.standing.status, verdict.standing.failing_since) == (Status.DOWN, NOW + 1)


BUSY = Load(running=2, kv_cache_usage=0.5, generation_tokens=20, deferred=0)


def at_rest(at: float, **changes) -> Reading:
    return replace(good(at), load=replace(BUSY, **changes))


def test_requests_that_stand_still_may_be_stuck_until_a_canary_gets_its_token():
    verdict = after(UP, *(at_rest(NOW + 15 * n) for n in range(4)))
    assert (verdict.finding.cause, verdict.memory.stalled) == (Cause.MAY_BE_STUCK, Still(3, NOW + 15))
    worked = after(verdict, replace(at_rest(NOW + 60), canary=Canary("m", 5.0, 1)))
    assert (worked.finding.cause, worked.memory.stalled) == (None, Still())


def test_the_more_urgent_of_what_a_reading_and_its_canary_show_counts():
    rules = replace(RULES, expected_models=("gone",), canary_models=("m",))
    for failure, cause in [(Cause.SATURATED, Cause.MODEL_MISSING), (Cause.WEDGED, Cause.WEDGED)]:
        asked = replace(good(), canary=Canary("m", failure=Failure(failure, "canary")))
        assert after(UP, asked, rules=rules).finding.cause is cause
    assert after(UP, *(at_rest(NOW + 15 * n) for n in range(4)), rules=rules).finding.cause is Cause.MODEL_MISSING


def test_what_is_asleep_is_neither_stuck_nor_judged_by_an_older_canary():
    last = remembering(UP, canary=CanaryMemory(ok=False, cause="wedged"))
    asleep = after(last, good(sleep_state="weights_offloaded"), rules=replace(RULES, canary_models=("m",)))
    assert known(asleep) == ("asleep", "asleep")


GRID = int(NOW) + 30


@pytest.mark.parametrize(
    ("readings", "due"),
    [
        ([good()], GRID),
        ([bad()], int(NOW) + CONFIRM_FIRST),
        ([bad()] * 3, int(NOW) + CONFIRM_NEXT),  # of the second; the third, which left no doubt, goes by what is due
    ],
)
def test_what_speaks_against_the_standing_is_probed_again_soon(readings, due):
    assert after(remembering(UP, due_at=GRID), *readings).due_at == due


def test_a_probe_that_was_put_off_for_its_canary_goes_back_to_its_grid():
    asked = replace(good(), exchanges=(Exchange("canary", "POST /v1/completions", 200, total_ms=5.0),))
    put_off = remembering(UP, due_at=GRID + 100)
    assert after(put_off, asked).due_at == next_due(NOW, RULES.interval, RULES.key)
    assert after(put_off, good()).due_at == GRID + 100


def test_a_paused_endpoint_is_not_due():
    assert after(UP, bad()).due_at is None


def test_a_failed_probe_forgets_nothing_but_the_load():
    model = Model("m")
    before = after(UP, replace(good(), facts=Facts("1", (model,)), load=BUSY))
    failed = after(before, bad(NOW + 5)).memory
    assert (failed.facts, failed.seen_at) == (Facts("1", (model,)), NOW)
    assert (failed.load, failed.refused, before.memory.refused) == (Load(), True, False)


def test_judging_changes_none_of_what_it_is_given():
    memory, standing, reading = before = (Memory(due_at=GRID, starts=(40,)), UP.standing, bad())
    judge(memory, standing, reading, RULES, "", NOW)
    assert before == (Memory(due_at=GRID, starts=(40,)), Standing(Status.UP, None), bad())
