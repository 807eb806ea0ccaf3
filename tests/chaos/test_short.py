"""The short form of `make chaos`: all of it at the same time, each on a product of its own, within a minute."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from . import clients, crowds, neighbours, poison, scenarios
from .outcome import Outcome
from .rig import Rig, on_a_rig

pytestmark = [
    pytest.mark.product,
    pytest.mark.skipif(not shutil.which("setpriv"), reason="ends its processes the Linux way"),
]

KILLED = ("worker-general", "worker-probe", "valkey")
AT_ONCE = 5
"""Each is a product of its own with five processes; two cores carry so many without being late themselves."""

Shorts = dict[str, "Future[Outcome]"]


@pytest.fixture(scope="module")
def running() -> Iterator[Shorts]:
    """What runs, by name. Mostly it waits, so that all of it together takes as long as the longest."""
    quick = {"FLAPPING_ALERT_AFTER": "10"}
    plan: dict[str, Callable[[], Outcome]] = {
        "storm": partial(on_a_rig, partial(crowds.storm, count=30)),
        "two-storms": partial(on_a_rig, partial(crowds.storm, count=12, times=2), **quick),
        "kill": partial(on_a_rig, partial(scenarios.kill, parts=KILLED, rounds=3, seed=4)),
        "mail": partial(on_a_rig, partial(scenarios.smtp, how="451 try later", seconds=9)),
        "emptied": partial(on_a_rig, partial(scenarios.broker, how="emptied")),
        "frozen": partial(on_a_rig, partial(scenarios.frozen, name="worker-probe", seconds=12)),
        "poison": partial(on_a_rig, partial(poison.rows, seconds=12)),
        "silent-webhook": partial(on_a_rig, partial(poison.silent_webhook, count=4)),
        "hanging": partial(on_a_rig, partial(neighbours.hanging, count=60, seconds=20, within=5)),
        "postgres": partial(neighbours.on_small_postgres, 60, 20, within=5),
    }
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield {name: threads.submit(scenario) for name, scenario in plan.items()}


def _streams_and_pickles(rig: Rig) -> Outcome:
    """The web server among many event streams; after that somebody plants pickles."""
    first, second = clients.streams(rig, count=300, people=20, seconds=4, within=10), clients.pickles(rig)
    return Outcome(first.done, first.expected, f"{first.seen}; {second.seen}", first.ok and second.ok)


def test_event_streams_hold_no_threads_and_planted_pickles_are_not_run():
    with Rig(wrap=clients.SMALL, DEBUG="on") as rig:
        outcome = _streams_and_pickles(rig)
    assert outcome.ok, outcome.line()


def _check(found: "Future[Outcome]") -> None:
    outcome = found.result(240)
    assert outcome.ok, outcome.line()


def test_an_emptied_broker_loses_no_mail(running):
    _check(running["emptied"])


def test_a_worker_that_stood_still_makes_no_false_alarm(running):
    _check(running["frozen"])


def test_a_kill_of_any_process_loses_no_mail(running):
    _check(running["kill"])


def test_a_mail_server_that_puts_off_delays_mails_and_no_probe(running):
    _check(running["mail"])


def test_a_storm_is_one_mail_a_team_and_one_when_it_is_over(running):
    _check(running["storm"])


def test_a_second_storm_names_every_endpoint_again(running):
    _check(running["two-storms"])


def test_rows_of_one_team_that_raise_cost_no_other_team_a_mail_or_a_probe(running):
    _check(running["poison"])


def test_a_silent_webhook_of_one_team_delays_no_other_teams(running):
    _check(running["silent-webhook"])


def test_hanging_endpoints_of_another_team_hold_up_no_probe(running):
    _check(running["hanging"])


def test_slow_endpoints_do_not_use_up_the_connections_to_postgresql(running):
    outcome = running["postgres"].result(240)
    if outcome.ok is None:
        pytest.skip(outcome.seen)
    assert outcome.ok, outcome.line()
