"""The short form of `make chaos`: all of it at the same time, each on a product of its own, within a minute."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from . import crowds, scenarios
from .outcome import Outcome
from .rig import Rig

pytestmark = pytest.mark.skipif(not shutil.which("setpriv"), reason="ends its processes the Linux way")

Shorts = dict[str, "Future[Outcome]"]


@pytest.fixture(scope="module")
def running() -> Iterator[Shorts]:
    """What runs, by name. Mostly it waits, so that all of it together takes as long as the longest."""
    plan: dict[str, Callable[[Rig], Outcome]] = {
        "storm": lambda rig: crowds.storm(rig, 30),
        "kill": lambda rig: scenarios.kill(rig, ("worker-general", "worker-probe", "valkey"), rounds=3, seed=4),
        "mail": lambda rig: scenarios.smtp(rig, "451 try later", 9),
        "emptied": lambda rig: scenarios.broker(rig, "emptied"),
        "frozen": lambda rig: scenarios.frozen(rig, "worker-probe", 12),
    }
    with ThreadPoolExecutor(len(plan)) as threads:
        yield {name: threads.submit(_on_a_rig, scenario) for name, scenario in plan.items()}


def _on_a_rig(scenario: Callable[[Rig], Outcome]) -> Outcome:
    with Rig() as rig:
        return scenario(rig)


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
