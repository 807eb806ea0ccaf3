"""The evidence about a decision, from its choice and the load verdicts on the endpoints that it covers.

It holds while every endpoint's verdict fits the choice. Trouble that tuning may end, and trouble seen in one window
only, strains it; trouble that speaks for another choice contradicts it once two windows running have it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from fleet.evidence.signals import TEAMS_CALLING
from fleet.evidence.verdict import Advice, Confidence, Signal, Verdict
from fleet.evidence.verdict import State as Load
from fleet.evidence.window import DAY

from .values import Case, Covered, Evidence, Finding, State

CONTRADICTING = {
    "ollama": {Load.OUTGROWN, Load.CANNOT_MOVE},
    "lm_studio": {Load.OUTGROWN, Load.CANNOT_MOVE},
    "vllm": {Load.OVERKILL},
}
"""Choice -> the load verdicts that speak for another one."""

STRAINING = {Load.DISAGREE, Load.TUNE_FIRST, Load.SATURATED, Load.OUTGROWN, Load.CANNOT_MOVE}
"""For every choice. What misses its service target is one of these: fleet.evidence judges by the target first."""

ENGINES = {
    "ollama": ("ollama",),
    "lm_studio": ("lmstudio",),
    "vllm": ("vllm",),
    "both": ("ollama", "vllm"),
}
"""Choice -> the engines that it names. A choice that is not here is not judged."""

NAMELESS = ("", "openai_compatible")
"""Engines that may be any other behind a proxy."""

FRESH = 2 * DAY
"""Seconds after which a verdict, renewed each hour, says nothing about now."""

FIGURES = 3
"""Figures in one sentence, at most."""


def is_another(engine: str, choice: str) -> bool:
    """Whether an engine (its name in fleet.engines.registry) is known not to be one that was chosen."""
    return choice in ENGINES and engine not in NAMELESS and engine not in ENGINES[choice]


def judge(case: Case) -> Evidence:
    """What the evidence says. The choice is one of ENGINES."""
    bearing = [each for each in case.covered if not each.gateway]
    if not bearing:
        return Evidence(State.NOT_ENOUGH, (), Confidence.LOW, missing=(_nothing_covered(case),))
    findings, seen = [_by_load(each, case) for each in bearing], {}
    confidence = min((found.confidence for found in findings), key=list(Confidence).index)
    for each in bearing:
        for fact, words in _no_longer_true(each, case):
            key = f"{fact} {each.pk}"
            seen[key] = since = case.seen.get(key, case.now)
            confirmed = case.now - since >= case.window
            state = State.CONTRADICTED if confirmed else State.STRAINED
            sure = "confirmed" if confirmed else "likely"
            findings.append(Finding(each.pk, each.name, state, f"{words} ({sure}: since {_day(since)})."))
    findings.sort(key=lambda found: (-found.state.weight, found.name, found.words))
    return Evidence(findings[0].state, tuple(findings), confidence, seen=seen)


def _nothing_covered(case: Case) -> str:
    if case.covered:
        return "It covers only gateways, which bear no load of their own. Name the servers behind them as well."
    return "It covers no endpoint. Supersede it by one that names the endpoints it is about, and they are judged."


def _by_load(each: Covered, case: Case) -> Finding:
    """What its load says: its heaviest verdict by what that means for the choice."""
    if not each.verdicts:
        missing = "There is no load verdict on it yet. The first comes within an hour of its first probes."
        return Finding(each.pk, each.name, State.NOT_ENOUGH, "Not judged yet.", missing=(missing,))
    if case.now - each.judged > FRESH:
        missing = f"It was last judged on {_day(each.judged)}. Is it paused, or is Plimsoll not running?"
        return Finding(each.pk, each.name, State.NOT_ENOUGH, "Not judged any more.", missing=(missing,))
    weighed = [(_meaning(case.choice, found), found) for found in each.verdicts]
    judged = [pair for pair in weighed if pair[0] is not State.NOT_ENOUGH] or weighed
    state, found = max(judged, key=lambda pair: pair[0].weight)
    advice = next(map(_advice, found.advice), "") if state is not State.HOLDS else ""
    return Finding(each.pk, each.name, state, _sentence(found), found.against, found.missing, advice, found.confidence)


def _meaning(choice: str, found: Verdict) -> State:
    """What a load verdict means for a choice."""
    if found.state is Load.NOT_ENOUGH:
        return State.NOT_ENOUGH
    if found.state in CONTRADICTING.get(choice, ()) and found.confirmed:
        return State.CONTRADICTED
    strains = found.state in STRAINING or (found.state is Load.OVERKILL and "vllm" in ENGINES[choice])
    return State.STRAINED if strains else State.HOLDS


def _no_longer_true(each: Covered, case: Case) -> Iterator[tuple[str, str]]:
    """The facts of the decision that the endpoint shows to be otherwise, each with a key and a sentence's beginning."""
    if is_another(each.engine, case.choice):
        yield "engine", f"{each.engine_label} answers there, which is not what was chosen"
    callers = [found for verdict in each.verdicts for found in verdict.signals if found.words == TEAMS_CALLING]
    crossed = next((found for found in callers if found.crossed), None)
    if crossed and case.answers.get("callers") in ("me", "small_local"):
        yield "teams", f"{crossed.value} teams call it by a gateway, and the answers had one small team"
    machines = case.answers.get("accelerator")
    if machines and each.on_gpu and set(machines) == {"cpu"}:
        yield "machine", "Its models use a GPU, and the answers had the CPU alone"
    if machines and each.on_gpu is False and "cpu" not in machines:
        yield "machine", "No model in its memory uses a GPU, and the answers had none on the CPU alone"


def _sentence(found: Verdict) -> str:
    sure = f" ({found.firm_words})" if found.firm_words else ""
    limit = f", limit: {found.limit}" if found.limit else ""
    model = f", model {found.model}" if found.model else ""
    figures = [each for each in found.signals if each.crossed] or list(found.signals)
    shown = "; ".join(map(_figure, figures[:FIGURES]))
    said = f"{found.state}{sure}{limit}{model}. {shown}"
    return said[0].upper() + said[1:].rstrip(". ") + "."


def _figure(each: Signal) -> str:
    threshold = f", threshold {each.threshold}" if each.threshold else ""
    return f"{each.words}: {each.value}{threshold}"


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%-d %B}"


def _advice(each: Advice) -> str:
    return f"{each.words} {each.setting}".strip()
