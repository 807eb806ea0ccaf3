"""The verdict on an endpoint after one more reading. Pure.

1. status.find: what the reading by itself shows
2. stall and canary: whether the engine works, not only answers
3. starts: whether what fails is a start
4. monitor_blind: whether the fault may be the monitor's own
5. status.decide: whether the finding is believed yet
6. flapping, schedule: what to remember, and when the next probe is due
"""

from dataclasses import dataclass

from ..engines.errors import Cause
from ..engines.reading import Reading
from ..engines.registry import LISTENS_LATE
from . import canary, schedule, stall
from .flapping import turned
from .memory import Memory, Rules
from .monitor_blind import suspicious
from .starts import Habits, learned, weigh
from .status import TROUBLE, Finding, Standing, Status, decide, doubts, find


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one more reading makes of an endpoint."""

    standing: Standing
    finding: Finding  # what this reading shows, believed or not
    memory: Memory  # for the next reading

    @property
    def due_at(self) -> int | None:
        """When the next probe is due (unix seconds); None while paused."""
        return self.memory.due_at


def judge(memory: Memory, standing: Standing, reading: Reading, rules: Rules, blind: str, now: float) -> Verdict:
    """The verdict at `now` (unix seconds). `blind`: why the monitor can't reach anything; "" when it can."""
    at, load = reading.at, reading.load
    engine = reading.identity.engine if reading.identity else rules.engine
    finding = find(reading, rules.expected_models, rules.slow_after)

    stalled = stall.after(memory.stalled, memory.load, reading, engine)
    asked = canary.remembered(memory.canary, reading, engine, rules.canary_models)
    work = None
    if not reading.failure and not load.asleep:
        work = canary.failed(memory.canary, reading, rules) or stall.wedged(stalled, load, at)
    if work is None and finding.status not in TROUBLE:
        work = stall.may_be_stuck(stalled, load, at)
    if work and (work.status in TROUBLE or finding.status not in TROUBLE):
        finding = work

    habits = Habits(memory.starts, rules.start_within, rules.engine in LISTENS_LATE)
    finding, starting = weigh(finding, habits, memory.starting, standing.status not in TROUBLE, at)
    starts = memory.starts
    if not reading.failure:
        starts = learned(
            starts,
            at=at,
            process_start=load.process_start,
            answered_before=memory.seen_at if memory.refused or memory.starting else None,
            stretch=memory.starting,
        )

    if blind and finding.status in TROUBLE and suspicious(finding.cause or "", finding.step):
        finding = Finding(Cause.BLIND, finding.step, blind)

    after = decide(standing, finding, rules.thresholds, at)
    turns = memory.turns
    if after.status is not Status.UNKNOWN:
        trouble = after.status in TROUBLE
        turns = turned(turns, trouble, (after.failing_since or at) if trouble else at)

    due_at = memory.due_at
    if due_at is not None:
        if any(exchange.step == "canary" for exchange in reading.exchanges):
            due_at = schedule.next_due(now, rules.interval, rules.key)  # it was put off until the canary is over
        due_at = schedule.due_after(at, now, due_at, doubts(after, rules.thresholds))

    remembered = Memory(
        facts=memory.facts if reading.failure else reading.facts,
        load=load,
        refused=any(exchange.error == Cause.CONNECTION_REFUSED for exchange in reading.exchanges[-1:]),
        seen_at=memory.seen_at if reading.failure else at,
        due_at=due_at,
        canary=asked,
        stalled=stalled,
        starts=starts,
        starting=starting,
        turns=turns,
    )
    return Verdict(after, finding, remembered)


def depends_on_blindness(memory: Memory, reading: Reading) -> bool:
    """Whether a verdict on this reading may be another one while the monitor is blind, so that it has to be asked."""
    failed = [(each.cause, each.step) for each in (reading.failure, reading.canary and reading.canary.failure) if each]
    if memory.canary.doubted:
        failed.append((Cause(memory.canary.cause), "canary"))
    return any(suspicious(*each) for each in failed)
