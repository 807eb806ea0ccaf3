"""The load verdict on an endpoint: each of its models, then the worst."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from . import counts, ollama, target, vllm
from .collect import SERVER
from .counts import Counts
from .thresholds import Thresholds
from .verdict import FIRM, Circumstances, Confidence, State, Verdict
from .window import DAY, OfficeHours, Row, Stretch, bins, percentile, stretches

MUCH_DAYS, MUCH_SAMPLES = 6, 500
"""Of a window, for high confidence."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a verdict is made of."""

    engine: str  # as fleet.engines.registry names it
    rows: tuple[Row, ...]  # of this window and the one before
    until: int  # unix seconds: where the window ends
    limits: Thresholds = field(default_factory=Thresholds)
    stated: Circumstances = field(default_factory=Circumstances)
    office: OfficeHours = field(default_factory=OfficeHours)
    gateway: tuple[Row, ...] = ()  # what gateways counted for this server
    samples_by: str = ""  # why there may be too few: "canaries are off"


def judge(case: Case) -> tuple[Verdict, ...]:
    """One verdict for each model, the worst first; one for the whole server where models are not kept apart.

    Never empty: without rows it is not enough evidence.
    """
    return confirmed(latest(case), case)


def latest(case: Case) -> tuple[Verdict, ...]:
    """The same from the last window alone, so that nothing is confirmed."""
    found = window(case, case.until - case.limits.window_days * DAY, case.until)
    return tuple(sorted(found, key=lambda each: (-each.state.weight, each.model)))


def confirmed(verdicts: tuple[Verdict, ...], case: Case) -> tuple[Verdict, ...]:
    """These verdicts of `latest`, confirmed where the window before it says the same. `case` has the rows of that."""
    if not any(each.state in FIRM for each in verdicts):
        return verdicts
    length = case.limits.window_days * DAY
    before = {(each.model, each.state) for each in window(case, case.until - 2 * length, case.until - length)}
    return tuple(
        replace(each, confirmed=each.state in FIRM and (each.model, each.state) in before) for each in verdicts
    )


def window(case: Case, began: int, until: int) -> list[Verdict]:
    """The verdicts of the hours between two moments (unix seconds), none of them confirmed."""
    rows = [row for row in case.rows if began <= row.start < until]
    counted = [row.counts for row in case.gateway if began <= row.start < until]
    gateway = counts.merged(counted)
    if gateway.get("refused"):
        gateway["refused"] = max(each.get("refused", 0) for each in counted)  # in one hour, as of our own canaries
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.model if case.engine == "ollama" else SERVER].append(row)
    if case.engine == "ollama" and len(groups) > 1:
        groups.pop(SERVER, None)  # it has what no model has, which is only how often it was probed
    verdicts = []
    for model, some in (groups or {SERVER: []}).items():
        whole, office = stretches(some, case.office)
        if case.engine == "ollama":
            found = ollama.judge(model, office, gateway, case.limits, case.stated)
            number = office.total.get("probes", 0) if found.state is State.DISAGREE else ollama.samples(office.total)
        else:
            found = vllm.judge(model, office, whole, gateway, case.limits, case.stated)
            number = office.total.get("gauges", 0)
        met = target.met(office, case.stated.target, canaries=case.engine == "ollama")
        found = replace(
            found,
            began=began,
            until=until,
            callers=_callers(office.total),
            at_work=_at_work(office.total),
            in_time=min((each.least for each in met), default=None),
        )
        verdicts.append(_sure(found, case, whole, number))
    return verdicts


def _callers(total: Counts) -> int | None:
    ends = [percentile(bins(total, name), 0.95) for name in ("running", "queued")]
    return sum(int(end[1]) for end in ends if end) if all(end and end[1] != "+Inf" for end in ends) else None


def _at_work(total: Counts) -> float | None:
    return 100 * total.get("at_work", 0) / total["gauges"] if total.get("gauges") else None


def _sure(found: Verdict, case: Case, whole: Stretch, number: int) -> Verdict:
    """The verdict with how sure it is; not enough evidence where there is too little."""
    limits, days = case.limits, {case.office.local(row.start).date() for row in whole.rows if row.counts.get("probes")}
    found = replace(found, probes=whole.total.get("probes", 0), canaries=whole.total.get("canaries", 0))
    if len(days) >= limits.least_days and number >= limits.least_samples:
        much = len(days) >= MUCH_DAYS and number >= MUCH_SAMPLES
        return replace(found, confidence=Confidence.HIGH if much else Confidence.MEDIUM)
    missing = [
        f"{len(days)} of at least {limits.least_days} days, {number} of at least {limits.least_samples} samples."
    ]
    if case.samples_by:
        missing.append(case.samples_by)
    elif number and (enough := _enough_on(case, whole, number)):
        missing.append(f"As it goes, there will be enough on {enough:%-d %B}.")
    return replace(found, state=State.NOT_ENOUGH, limit=None, missing=tuple(missing), advice=())


def _enough_on(case: Case, whole: Stretch, number: int) -> date | None:
    """The day on which there will be enough if samples come as they do; None if they come too slowly for a window."""
    first = min(row.start for row in whole.rows)
    passed = max((case.until - first) / DAY, 1 / 24)
    needed = max(float(case.limits.least_days), passed * case.limits.least_samples / number)
    if needed > case.limits.window_days:
        return None
    last: datetime = case.office.local(first)
    return (last + timedelta(days=needed)).date()
