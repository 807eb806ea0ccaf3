"""From the first failing check to the mail, one outage or many, and the memory before and after a storm."""

import time
from collections.abc import Iterator
from statistics import median

from .fill import TEAMS
from .living import Living
from .product import by_name, progress, wait_for
from .table import Row

GOALS = {1: 1.0, 3: 6.0}
"""fail_after -> seconds from the first failing check to the mail."""

RECOVERY = 150
"""Seconds within which all mails about an end should have come."""

MEMORY = 180
"""MiB of all processes, in rest and after a storm."""


def lone(living: Living) -> Iterator[Row]:
    """One outage in each team, at the moments of their checks: half with fail_after 1, half with the default.

    The fleet answers 503 and notes when it first did, and the sink when the mail came.
    """
    some = min(5, living.count // 5)
    # The last ones, of ten teams: those of the storm would count as flapping if they had failed before.
    quick = range(living.count - some, living.count)
    default = range(living.count - 2 * some, living.count - some)
    progress(f"lone outages of {len(quick)} endpoints with fail_after 1, {len(default)} with the default")
    living.engines.order(heal=True)
    began = time.time()
    living.engines.order(fail=[*quick, *default])

    def mailed(number: int) -> float | None:
        found = (mail.at for mail in living.sink.since(began, "DOWN") if f"e{number:05}" in mail.subject + mail.text)
        return next(found, None)

    for fail_after, numbers in ((1, quick), (3, default)):
        wait_for(lambda: all(map(mailed, numbers)), 120, f"no mail about an outage with fail_after {fail_after}")  # noqa: B023
        failed = living.engines.failed()
        took = sorted((mailed(number) or 0) - failed[number] for number in numbers)
        figure = f"lone outage, first failing check to mail, fail_after {fail_after}"
        note = f"median of {len(took)}, slowest {took[-1]:.2f} s"
        yield Row(figure + " (default)" * (fail_after == 3), median(took), "s", GOALS[fail_after], note=note)
    _recover(living, began, len(quick) + len(default))


def storm(living: Living) -> Iterator[Row]:
    """Many fail at once and come back: mails a team, and memory."""
    scale = living.scale
    yield _memory(living, "in rest")
    count = min(scale.storm, living.count - living.count // 5)
    teams = min(count, TEAMS)
    progress(f"storm of {count} outages for {scale.storm_lasts:.0f} s, and recovery")
    living.engines.order(heal=True)
    began = time.time()
    living.engines.order(fail=list(range(count)))
    time.sleep(scale.storm_lasts)
    failed = living.engines.failed()

    wait_for(lambda: len(living.sink.mailed(began, "DOWN")) >= teams, 120, "a team got no mail about the storm")
    last = living.sink.since(began, "DOWN")[-1].at - min(failed.values())
    yield Row(f"storm of {count}: first failing check to the last mail", last, "s")
    _recover(living, began, count, scale.storm_lasts)
    yield _one_each(living, f"storm of {count}: teams with exactly one mail about it", began, "DOWN", teams)
    yield _one_each(living, f"storm of {count}: teams with exactly one mail about its end", began, "UP", teams)
    yield _memory(living, f"after a storm of {count}")


def _recover(living: Living, began: float, count: int, at_least: float = 0) -> None:
    """Heals all, and waits for the mails that say so, but not for ever."""
    until = time.monotonic() + at_least
    living.engines.order(heal=True)
    progress(f"waiting until {count} are up again")
    teams = living.sink.mailed(began, "DOWN").keys()
    try:
        wait_for(lambda: living.sink.mailed(began, "UP").keys() >= teams, RECOVERY, "not all mails about the end")
    except TimeoutError as why:
        progress(f"{why}: {', '.join(mail.subject for mail in living.sink.mails)}")
    time.sleep(max(0.0, until - time.monotonic()))


def _one_each(living: Living, figure: str, began: float, kind: str, teams: int) -> Row:
    """How many teams got exactly one mail of that kind; of those that got more, which and when."""
    mails = living.sink.mailed(began, kind)
    once = sum(count == 1 for count in mails.values())
    below = [
        f"{figure}, {mail.recipient}: {mail.subject} after {mail.at - began:.1f} s"
        for mail in living.sink.since(began, kind)
        if mails[mail.recipient] > 1
    ]
    note = f"{mails.total()} mails to {len(mails)} teams"
    return Row(figure, once, "", teams, at_least=True, note=note, below=below)


def _memory(living: Living, when: str) -> Row:
    found = living.product.memory()
    below = by_name(f"MiB by process {when}", found, 0)
    return Row(f"memory (PSS), N = {living.count:,}, {when}", found.total(), "MiB", MEMORY, below=[below])
