"""What one team's rows do to another team: rows that raise, and services that are silent."""

import time

from tests import hostile_server as hostile
from tests.broker import free_port
from tests.hostile_server import HostileServer

from .engines import Engine
from .faults import Ledger
from .outcome import Outcome, p99
from .rig import Rig
from .scenarios import also, false_alarms

RARE = (
    "fleet.tasks.write_digests",
    "fleet.tasks.roll_up",
    "fleet.tasks.prune",
    "fleet.tasks.judge_load",
    "fleet.tasks.keep_load",
    "advisor.tasks.reviews",
    "advisor.tasks.watch_decisions",
)
"""Sweeps of the schedule that come too seldom to be waited for."""

SLOWER = 6.0
"""Seconds that mail, call or probe may take longer than without the other team: an interval and a machine's noise."""


def rows(rig: Rig, seconds: float) -> Outcome:
    """Rows of other teams that raise are in every sweep; a healthy team's outage is mailed as fast as without them."""
    steady, ledger = rig.steady(), Ledger(rig)
    began = time.time()
    usual = _delay(rig, ledger)
    usual_gap = p99(rig.spacing(steady, began, time.time()))
    kinds = rig.ask("plant", port=free_port())
    for task in RARE:
        rig.ask("start", task=task)
    unready: set[str] = set()
    began = time.time()
    rig.meanwhile.append(lambda: unready.update(_troubles(rig, began)))
    rig.wait_up_to(seconds)
    slowest = max(_delay(rig, ledger) for _ in range(2))
    ledger.settle(60)
    gap = p99(rig.spacing(steady, began, time.time()))
    wrong = ledger.lost() + ledger.strays() + false_alarms(rig, steady) + sorted(unready)
    return Outcome(
        f"Rows that raise in every sweep ({', '.join(kinds)}) of {len(kinds)} other teams",
        "a healthy team's mail as fast as without, probes every 5 s, ready all the time",
        f"DOWN after {slowest:.1f} s, {usual:.1f} s without; "
        f"p99 between probes {gap:.1f} s, {usual_gap:.1f} s without" + also(wrong),
        not wrong and slowest < usual + SLOWER and gap < usual_gap + SLOWER,
    )


def _delay(rig: Rig, ledger: Ledger) -> float:
    """Seconds from a new fault to its mail; 60 when none came by then."""
    faults = ledger.prepare(1)
    ledger.fail(faults)
    failed_at = time.time()
    rig.wait_up_to(60, lambda: ledger.alerted_down(faults))
    return time.time() - failed_at


ASK_HEALTH_EVERY = 2.0
"""Seconds."""


def _troubles(rig: Rig, began: float) -> list[str]:
    """What /health/ready has against the product, asked every few seconds."""
    if (time.time() - began) % ASK_HEALTH_EVERY > 0.1:
        return []
    report = rig.health()
    return [f"{part}: {words}" for part, words in report.items() if words != "ok"] if report else ["no answer"]


def silent_webhook(rig: Rig, count: int) -> Outcome:
    """`count` messages of one team go to a webhook that never answers, and of another to such an Apprise service."""
    with HostileServer(greeting=hostile.hang()) as silent, HostileServer() as prompt:
        prompt.on("/hook", hostile.answer(204))
        engines = {f"alpha-{n}": rig.engines.make() for n in range(2)}
        numbers = rig.add("alpha", engines, "alpha@example.org")
        rig.ask("notes", team="alpha", webhook_url=f"{prompt.url}/hook", apprise_url="", count=1)
        for team in ("hook", "service"):
            rig.add(team, {team: rig.engines.make()}, f"{team}@example.org")
        rig.wait(lambda: rig.all_up(numbers) and prompt.requests, 30, "the engines were not all seen up")
        usual = _called(rig, prompt, engines["alpha-0"])
        rig.ask("notes", team="hook", webhook_url=f"{silent.url}/hook", apprise_url="", count=count)
        service = f"json://127.0.0.1:{silent.port}/"
        rig.ask("notes", team="service", webhook_url="", apprise_url=service, count=count)
        rig.wait(lambda: silent.connections >= 2, 60, "the silent service was never called")
        slow = _called(rig, prompt, engines["alpha-1"])
        ready = rig.wait_up_to(20, rig.ready)
    return Outcome(
        f"{count} messages of each of two other teams went to a silent webhook and a silent Apprise service",
        "a healthy team's webhook called as fast as without; ready",
        f"called after {slow:.1f} s, {usual:.1f} s without; {'ready' if ready else f'not ready: {rig.health()}'}",
        slow < usual + SLOWER and ready,
    )


def _called(rig: Rig, server: HostileServer, engine: Engine) -> float:
    """Seconds from the engine's end to the next call of the webhook; 90 when none came by then."""
    before, began = len(server.requests), time.time()
    engine.down()
    rig.wait_up_to(90, lambda: len(server.requests) > before)
    return time.time() - began
