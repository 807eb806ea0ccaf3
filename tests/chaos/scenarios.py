"""What may happen to the processes, the mail server, the broker, the database and the clock."""

import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress

import redis

from .faults import TROUBLE, Ledger
from .outcome import Outcome, names, p99
from .rig import Rig

PARTS = ("web", "worker-probe", "worker-general", "valkey")
AIMED = 0.2
"""Share of the kills of the sender that hit the moment between the mail server's yes and our note of it."""

EXPLAINED = "with the same Message-ID: killed between the server's yes and our note"

LEASE = 150
"""Seconds after which a mail whose sender was killed is certainly sent again."""


def kill(rig: Rig, parts: tuple[str, ...], rounds: int, seed: int, width: int = 2) -> Outcome:
    """kill -9 of one of these parts at a random moment between fault and mail, `rounds` times.

    Each round makes `width` endpoints fail. The recovery mails of a round run into the kills of the next ones.
    """
    chance = random.Random(seed)
    steady, ledger = rig.steady(), Ledger(rig)
    alone = ledger.prepare(width)
    ledger.fail(alone)
    rig.wait(lambda: ledger.alerted_down(alone), 60, "no mail although nothing was broken")
    stretch = ledger.delays()[-1]
    for number in range(rounds):
        _round(rig, ledger, parts[number % len(parts)], chance, stretch, width)
    ledger.settle(LEASE + 60)
    again = rig.mail.repeated()
    lost, strays, false = ledger.lost(), ledger.strays(), false_alarms(rig, steady)
    seen = f"{2 * len(ledger.faults) - len(lost)} of {2 * len(ledger.faults)} mails came, {len(lost)} lost"
    seen += f" ({names(lost)})" if lost else ""
    twice = sum(count - 1 for count in again.values())
    seen += f"; {twice} came twice" + (f" {EXPLAINED}" if twice else "")
    return Outcome(
        f"kill -9 of {' or '.join(parts)}, {rounds} times between fault and mail (seed {seed})",
        "lost: 0, no false alarm",
        seen + also(strays) + also(false),
        not lost and not strays and not false,
    )


def _round(rig: Rig, ledger: Ledger, name: str, chance: random.Random, stretch: float, width: int) -> None:
    part, faults = rig.parts[name], ledger.prepare(width)
    kills = part.kills
    if name == "worker-general" and chance.random() < AIMED:
        mine = {fault.recipient for fault in faults}
        rig.mail.before_yes = lambda mail: part.kill() if mail.recipient in mine and part.kills == kills else None
        ledger.fail(faults)
        rig.wait_up_to(3 * stretch, lambda: part.kills > kills)
        rig.mail.before_yes = None
    else:
        moment = chance.uniform(0, stretch)
        ledger.fail(faults)
        rig.wait_up_to(moment, lambda: ledger.alerted_down(faults))
        part.kill()
    rig.wait(lambda: not part.runs, 5, f"{name} outlived kill -9")
    rig.wait(lambda: part.runs, 5, f"{name} was not started again")


def smtp(rig: Rig, how: str, seconds: float) -> Outcome:
    """For so long the mail server refuses connections, hangs, or answers this to every mail, while endpoints fail."""
    steady, ledger = rig.steady(), Ledger(rig)
    faults = ledger.prepare(3)
    spoil: dict[str, Callable[[], None]] = {"refuses connections": rig.mail.refuse, "hangs": rig.mail.hang}
    began = time.time()
    spoil.get(how, lambda: rig.mail.answer(how))()
    ledger.fail(faults)
    rig.wait_up_to(seconds)
    early = [fault.name for fault in faults if ledger.mails(fault, *TROUBLE)]
    ended = time.time()
    rig.mail.take()
    ledger.settle(LEASE + seconds)
    gap = p99(rig.spacing(steady, began, ended))
    lost, again, false = ledger.lost(), rig.mail.repeated(), false_alarms(rig, steady)
    answer = how if how in spoil else f'answers "{how}"'
    return Outcome(
        f"The mail server {answer} for {seconds:g} s while 3 endpoints fail",
        "lost: 0, none twice; probes every 5 s as before",
        f"{len(lost)} lost{also(lost)}, {len(again)} twice; p99 between probes {gap:.2f} s" + also(false),
        not lost and not again and not early and not false and gap < 6,
    )


def broker(rig: Rig, how: str) -> Outcome:
    """The broker is emptied, or away for 10 s, while endpoints fail."""
    steady, ledger = rig.steady(), Ledger(rig)
    for spoil_after in (0.0, 4.0):
        faults = ledger.prepare(2)
        ledger.fail(faults)
        rig.wait_up_to(spoil_after)
        if how == "emptied":
            with redis.Redis.from_url(rig.broker_url) as client:
                client.flushall()
        else:
            rig.parts["valkey"].stop(10)
            rig.wait_up_to(10)
            rig.wait(rig.broker_answers, 10, "the broker did not come back")
        rig.wait_up_to(60, lambda faults=faults: ledger.alerted_down(faults))
    ledger.settle(60)
    ready = rig.wait_up_to(20, rig.ready)
    what = "emptied (FLUSHALL)" if how == "emptied" else "stopped for 10 s"
    return _alerted_once(
        f"The broker was {what}, twice, while 4 endpoints failed",
        rig, ledger, steady, [] if ready else ["not ready afterwards"],
    )  # fmt: skip


def locked(rig: Rig, seconds: float) -> Outcome:
    """Somebody else holds the database's write lock while endpoints fail."""
    steady, ledger = rig.steady(), Ledger(rig)
    faults = ledger.prepare(2)
    with closing(sqlite3.connect(rig.database, timeout=10, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ledger.fail(faults)
        rig.wait_up_to(seconds)
        other.execute("ROLLBACK")
    ledger.settle(90)
    return _alerted_once(f"The database was locked for {seconds:g} s while 2 endpoints failed", rig, ledger, steady)


def disk_full(rig: Rig) -> Outcome:
    """The disk of the data folder is full while endpoints fail; then there is room again, and all goes on by itself."""
    steady, ledger = rig.steady(), Ledger(rig)
    faults, ballast = ledger.prepare(2), rig.data / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    ledger.fail(faults)
    named = rig.wait_up_to(30, lambda: "The disk is full" in rig.health().get("database", ""))
    rig.wait_up_to(20)
    ballast.unlink()
    ledger.settle(LEASE)
    ready = rig.wait_up_to(60, rig.ready)
    wrong = [] if named else ["/health/ready did not name it"]
    return _alerted_once(
        "The disk was full for half a minute while 2 endpoints failed",
        rig, ledger, steady, wrong + ([] if ready else ["not ready afterwards"]),
    )  # fmt: skip


def frozen(rig: Rig, name: str, seconds: float) -> Outcome:
    """A process stands still (SIGSTOP) while endpoints fail, and goes on (SIGCONT)."""
    steady, ledger = rig.steady(), Ledger(rig)
    faults, part = ledger.prepare(2), rig.parts[name]
    part.send(signal.SIGSTOP)
    ledger.fail(faults)
    rig.wait_up_to(seconds)
    part.send(signal.SIGCONT)
    ledger.settle(LEASE)
    ready = rig.wait_up_to(20, rig.ready)
    return _alerted_once(
        f"{name} stood still (SIGSTOP) for {seconds:g} s while 2 endpoints failed",
        rig, ledger, steady, [] if ready else ["not ready afterwards"],
    )  # fmt: skip


def clock(rig: Rig, turn: Callable[[float], None], hours: float) -> Outcome:
    """The system's clock jumps forth and back; `turn(seconds)` sets how far it is off."""
    steady, ledger = rig.steady(), Ledger(rig)
    silent = []
    for way, offset in (("forth", hours * 3600), ("back", 0.0), ("before its start", -hours * 3600)):
        turn(offset)
        before = _probes(rig, steady)
        wanted = {number: count + 2 for number, count in before.items()}
        again = rig.wait_up_to(60, lambda wanted=wanted: _reached(_probes(rig, steady), wanted))
        if not again:
            silent.append(f"not all probed within 60 s after the jump {way}")
            break
        ledger.fail(ledger.prepare(1))
        ledger.settle(90)
    return _alerted_once(
        f"The clock jumped {hours:g} h forth, back, and {hours:g} h before its start; an endpoint failed after each",
        rig, ledger, steady, silent,
    )  # fmt: skip


def _probes(rig: Rig, numbers: list[int]) -> dict[int, int]:
    rows = rig.rows("SELECT endpoint_id, count(*) FROM fleet_observation GROUP BY endpoint_id")
    return {number: count for number, count in rows if number in set(numbers)}


def _reached(counts: dict[int, int], wanted: dict[int, int]) -> bool:
    return all(counts.get(number, 0) >= count for number, count in wanted.items())


def false_alarms(rig: Rig, steady: list[int]) -> list[str]:
    """Mails about endpoints that nothing happened to."""
    found = [f"false alarm: {mail.subject}" for mail in rig.mail.to("steady@example.org")]
    marks = ", ".join("?" * len(steady))
    opened = rig.rows(f"SELECT count(*) FROM fleet_incident WHERE endpoint_id IN ({marks})", *steady)[0][0]
    return found + ([f"{opened} incidents of healthy endpoints"] if opened else [])


def also(found: list[str]) -> str:
    """ "; this, that" for the end of a sentence."""
    return f"; {names(found)}" if found else ""


def _alerted_once(done: str, rig: Rig, ledger: Ledger, steady: list[int], more: list[str] | None = None) -> Outcome:
    """The outcome where every fault is to be alerted once, its end too, and nothing else."""
    lost, strays, again = ledger.lost(), ledger.strays(), rig.mail.repeated()
    wrong = lost + strays + false_alarms(rig, steady) + (more or [])
    slowest = max(ledger.delays(), default=0)
    count = 2 * len(ledger.faults)
    seen = f"{count - len(lost)} of {count} mails came, {len(again)} twice; the slowest {slowest:.0f} s after its fault"
    return Outcome(
        done, "each fault and its end alerted once, no false alarm", seen + also(wrong), not wrong and not again
    )
