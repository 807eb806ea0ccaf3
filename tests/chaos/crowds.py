"""Many endpoints at once: storms, flapping, hanging."""

import json
import time
from collections import Counter

from .engines import Engine
from .outcome import Outcome, p99
from .rig import Rig
from .scenarios import also

QUIET = 10
"""Seconds without a mail and with an empty outbox after which no more is expected."""


ENDS_WITHIN = 200
"""Seconds within which the mail about an end comes, also where it waits for two minutes of flapping."""


def storm(rig: Rig, count: int, times: int = 1) -> Outcome:
    """So many endpoints of two teams fail at the same moment, and come back at the same moment; `times` in a row."""
    teams: dict[str, dict[str, Engine]] = {
        team: {f"{team}-{n:03}": rig.engines.make() for n in range(count // 2)} for team in ("red", "blue")
    }
    numbers = [n for team, engines in teams.items() for n in rig.add(team, engines, f"{team}@example.org")]
    rig.wait(lambda: rig.all_up(numbers), 60, "the engines were not all seen up")
    everything = [engine for engines in teams.values() for engine in engines.values()]
    opened, last, begins = [], 0.0, time.time()
    for _ in range(times):
        began = time.time()
        for engine in everything:
            engine.down()
        rig.wait_up_to(90, lambda: _open(rig) == count)
        opened.append(_open(rig))
        _until_quiet(rig)
        last = max([last, *(mail.at - began for mail in rig.mail.mails if mail.kind == "DOWN")])
        for engine in everything:
            engine.start()
        rig.wait_up_to(90, lambda: _open(rig) == 0)
        _until_quiet(rig)
    took = time.time() - begins
    wanted = {(team, kind): times for team in teams for kind in ("DOWN", "UP")}
    rig.wait_up_to(ENDS_WITHIN, lambda: _counts(rig) == wanted)
    _until_quiet(rig)
    counts = _counts(rig)
    unnamed = [
        f"{name} is not in a {mail.kind} mail"
        for team, engines in teams.items()
        for mail in rig.mail.to(f"{team}@example.org")
        for name in engines
        if name not in mail.subject + mail.text
    ]
    shown = ", ".join(f"{team} {counts[team, 'DOWN']} DOWN and {counts[team, 'UP']} UP" for team in teams)
    twice = f", {times} times in {took:.0f} s" if times > 1 else ""
    return Outcome(
        f"{count} endpoints of two teams failed at once and came back at once{twice}",
        "one DOWN mail and one UP mail a team" + (" each time" if times > 1 else "") + ", every endpoint named in each",
        f"{opened} incidents; {shown}; the last DOWN after {last:.0f} s" + also(unnamed),
        counts == wanted and opened == [count] * times and not unnamed and took < 600,
    )


def _counts(rig: Rig) -> Counter[tuple[str, str]]:
    """(team, kind) -> how many mails."""
    return Counter((mail.recipient.partition("@")[0], mail.kind) for mail in rig.mail.mails)


def _open(rig: Rig) -> int:
    return rig.rows("SELECT count(*) FROM fleet_incident WHERE resolved_at IS NULL")[0][0]


def _until_quiet(rig: Rig, seconds: float = 120) -> None:
    """Waits until no mail came for QUIET seconds and none is left, for so long at most."""
    began = time.time()

    def quiet() -> bool:
        newest = max((mail.at for mail in rig.mail.mails), default=0)
        return time.time() - max(newest, began) > QUIET and not rig.undelivered()

    rig.wait_up_to(seconds, quiet)


def flapping(rig: Rig, seconds: float, phase: float = 12) -> Outcome:
    """One endpoint goes down and comes back every `phase` seconds, and stays up in the end."""
    engine = rig.engines.make()
    rig.steady()
    number = rig.add("flappers", {"flapper": engine}, "flappers@example.org")
    rig.wait(lambda: rig.all_up(number), 20, "the engine was not seen up")
    end, down = time.monotonic() + seconds, False
    marked = False
    while time.monotonic() < end:
        down = not down
        engine.down() if down else engine.start()
        rig.wait_up_to(phase)
        marked = marked or _marked(rig, number[0])
    mails = [mail.kind for mail in rig.mail.to("flappers@example.org")]
    engine.start()
    rig.wait_up_to(ENDS_WITHIN, lambda: rig.mail.to("flappers@example.org")[-1].kind == "UP")
    last = rig.mail.to("flappers@example.org")[-1].kind
    return Outcome(
        f"One endpoint went down and came back every {phase:g} s for {seconds / 60:g} min",
        "at most 3 mails, marked as flapping; UP is the last word",
        f"{len(mails)} mails ({', '.join(mails)}), {'marked' if marked else 'not marked'}; in the end {last}",
        1 <= len(mails) <= 3 and marked and last == "UP",
    )


def _marked(rig: Rig, number: int) -> bool:
    rows = rig.rows("SELECT marks FROM fleet_endpointstate WHERE endpoint_id = ?", number)
    return bool(json.loads(rows[0][0]).get("flapping"))


def hanging(rig: Rig, count: int, seconds: float) -> Outcome:
    """A fifth of the endpoints takes requests and never answers, for so long."""
    engines = {f"crowd-{n:02}": rig.engines.make() for n in range(count)}
    numbers = rig.add("crowd", engines, "crowd@example.org")
    rig.wait(lambda: rig.all_up(numbers), 30, "the engines were not all seen up")
    sick = list(engines.values())[: count // 5]
    began = time.time()
    for engine in sick:
        engine.play.hang = True
    rig.wait_up_to(seconds)
    ended = time.time()
    for engine in sick:
        engine.play.hang = False
    gaps = rig.spacing(numbers[count // 5 :], began, ended)
    rig.wait_up_to(60, lambda: _open(rig) == 0)
    _until_quiet(rig)
    kinds = Counter(mail.kind for mail in rig.mail.to("crowd@example.org"))
    return Outcome(
        f"{len(sick)} of {count} endpoints hung for {seconds:g} s",
        "the others are probed every 5 s; one DOWN mail, one UP mail",
        f"p99 between probes of the others {p99(gaps):.2f} s, longest {gaps[-1]:.2f} s; "
        f"{kinds['DOWN']} DOWN, {kinds['UP']} UP",
        p99(gaps) < 5.5 and kinds == {"DOWN": 1, "UP": 1},
    )
