"""The ways out of a conflict: what could be given up so that an engine fits again."""

from collections.abc import Callable
from itertools import combinations

from advisor.catalogue.values import Catalogue

from .effects import effects, total
from .judge import state
from .remarks import lm_studio_fits
from .values import Answers, Judge, Value, Verdict, chosen

MOST_TOGETHER = 3
"""Steps in one way out at most: as many as there are limits."""
_TIER: dict[str, tuple[frozenset[str], Value]] = {
    "goal": (frozenset({"serving", "both"}), "runtime"),
    "callers": (frozenset({"many", "both"}), "small_local"),
    "stage": (frozenset({"product"}), "prototype"),
    "accelerator": (frozenset({"multi_gpu", "tpu"}), ("one_gpu",)),
    "api": (frozenset({"contract", "both"}), "swap"),
    "load": (frozenset({"many"}), "some"),
}
"""The answers that describe a shared tier, and what stands in for each once it is dropped."""


def ways_out(answers: Answers, verdict: Verdict, catalogue: Catalogue, judge: Judge) -> tuple[str, ...]:
    """The ids of what would end a conflict, fewest changed answers first; "+" joins those that go together."""
    if verdict.outcome != "conflict":
        return ()
    steps = [name for name in STEPS if after(name, answers) != answers]
    found: list[tuple[str, ...]] = []
    for size in range(1, MOST_TOGETHER + 1):
        for names in combinations(steps, size):
            less = any(set(smaller) <= set(names) for smaller in found)
            if not less and judge(after("+".join(names), answers), catalogue).outcome not in ("conflict", "open"):
                found.append(names)
    ways = ["+".join(names) for names in found]
    return tuple(sorted(ways, key=lambda way: _changed(answers, after(way, answers))))


def after(way: str, answers: Answers) -> dict[str, Value]:
    """The answers once a way out was taken: what a link to the form carries."""
    changed = dict(answers)
    for name in way.split("+"):
        changed |= STEPS[name](changed)
    return changed


def _changed(before: Answers, later: Answers) -> int:
    return sum(before.get(question) != value for question, value in later.items())


def _swap(question: str, given: str, other: str) -> Callable[[Answers], dict[str, Value]]:
    """The step that gives one answer in place of another."""
    return lambda answers: {question: other} if answers.get(question) == given else {}


def _lm_studio(answers: Answers) -> dict[str, Value]:
    """The state is then LM Studio's matter, so neither of the two engines has to keep it."""
    fits = lm_studio_fits(answers, total(effects(answers).values()))
    return {"responses_state": "not_needed"} if fits else {}


def _linux_tier(answers: Answers) -> dict[str, Value]:
    """The desktops stay as they are, and only what is shared moves to Linux."""
    if answers.get("linux_route") != "native_only":
        return {}
    return {"machines": (*answers["machines"], "linux_server"), "goal": "both", "callers": "both"}


def _linux_server(answers: Answers) -> dict[str, Value]:
    """Everything moves to a Linux server that others run as a serving layer."""
    if answers.get("linux_route") == "native_only":
        return {}
    named = tuple(answers.get("machines", ()))
    machines = named if "linux_server" in named else (*named, "linux_server")
    moved: dict[str, Value] = {"goal": "serving", "callers": "many", "priority": "architecture"}
    return {**moved, "workflow": "server_setup", "machines": machines}


def _drop_tier(answers: Answers) -> dict[str, Value]:
    if state(total(effects(answers).values())).v == 0:
        return {}
    dropped = {name: instead for name, (shared, instead) in _TIER.items() if chosen(answers, name) & shared}
    scaling = answers.get("scaling")
    return {**dropped, "scaling": ("none",)} if scaling and scaling != ("none",) else dropped


STEPS: dict[str, Callable[[Answers], dict[str, Value]]] = {
    "allow_linux": _swap("linux_route", "native_only", "possible"),
    "keep_state_in_app": _swap("responses_state", "required", "not_needed"),
    "lm_studio": _lm_studio,
    "update_system": _swap("os_floor", "not_met", "met"),
    "linux_tier": _linux_tier,
    "drop_shared_tier": _drop_tier,
    "linux_server": _linux_server,
}
