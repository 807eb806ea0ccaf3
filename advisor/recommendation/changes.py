"""The nearest changes: the smallest sets of other answers that lead to another engine."""

from collections.abc import Iterator
from itertools import combinations, product
from typing import NamedTuple

from advisor.catalogue.values import Catalogue

from .effects import BIT, applies, effects, known, total
from .judge import ENGINE, outcome, state
from .values import Answers, Change, Judge, Value, Verdict, chosen

LARGEST = 3
SHOWN = 6
"""How many sets of one kind (lists, limits) are given at most."""

OFFERED: dict[str, tuple[Value, ...]] = {
    "goal": ("runtime", "serving", "both"),
    "callers": ("small_local", "many", "both"),
    "stage": ("prototype", "product"),
    "front_ends": ("local_tools", "own_app"),
    "linux_route": ("possible", "native_only"),
    "os_floor": ("met",),
    "api": ("swap", "contract"),
    "responses_state": ("not_needed", "required"),
    "load": ("some", "many"),
    "scaling": (("none",), ("data_parallel",)),
    "workflow": ("quick_start", "server_setup"),
    "priority": ("setup", "architecture"),
    "pain": ("none", "serving"),
}
"""One option for each effect an answer can have. Growth is left out: it changes no engine.
Nor is what nobody would bring about: systems that are too old, or a way to Linux that is taken away."""
_PLATFORM = ("machines", "linux_route", "os_floor")
_LIMITS = BIT["G1"] | BIT["G2"] | BIT["G3"]


class Move(NamedTuple):
    question: str
    value: Value
    group: str  # moves of one group exclude each other
    effect: int  # of the whole group afterwards


def nearest(answers: Answers, verdict: Verdict, catalogue: Catalogue, judge: Judge) -> tuple[Change, ...]:
    """The smallest sets for the lists and the smallest for the limits, nearest first; at most SHOWN of each kind.

    None for an open result, and no set that would leave it open.
    """
    if verdict.outcome == "open":
        return ()
    order = [question.id for question in catalogue.questions]
    hard = {question.id for question in catalogue.questions if question.hard}
    parts = _parts(answers)
    moves = _moves(answers, parts)
    changes: list[Change] = []
    found: list[set[Move]] = []
    counts = {False: 0, True: 0}
    for size in range(1, LARGEST + 1):
        wanted = [kind for kind, count in counts.items() if not count]
        for picked, limit in _sets(parts, moves, size, ENGINE[verdict.outcome]):
            if limit not in wanted or counts[limit] == SHOWN or any(smaller <= set(picked) for smaller in found):
                continue
            pairs = sorted(((move.question, move.value) for move in picked), key=lambda pair: order.index(pair[0]))
            after = judge({**answers, **dict(pairs)}, catalogue)
            if after.outcome != "open":
                counts[limit] += 1
                found.append(set(picked))
                changes.append(Change(tuple(pairs), after, any(name in hard for name, _ in pairs), limit))
    return tuple(sorted(changes, key=lambda change: (len(change.answers), change.hard, change.limit)))


def _sets(
    parts: dict[str, int], moves: dict[str, list[Move]], size: int, engine: str
) -> Iterator[tuple[tuple[Move, ...], bool]]:
    before = total(parts.values()) & _LIMITS
    for groups in combinations(moves, size):
        rest = total(effect for group, effect in parts.items() if group not in groups)
        for picked in product(*(moves[group] for group in groups)):
            effect = total((rest, *(move.effect for move in picked)))
            if ENGINE[outcome(state(effect))] != engine:
                yield picked, effect & _LIMITS != before


def _parts(answers: Answers) -> dict[str, int]:
    """The effect of each group of answers: the machines with what follows from them, and every other by itself."""
    parts: dict[str, int] = {}
    for question, effect in effects(answers).items():
        group = _group(question)
        parts[group] = parts.get(group, 0) | effect
    return parts


def _group(question: str) -> str:
    return "machines" if question in _PLATFORM else question


def _moves(answers: Answers, parts: dict[str, int]) -> dict[str, list[Move]]:
    """Every other answer with another effect, by group."""
    moves: dict[str, list[Move]] = {}
    offered = {"machines": _machines(answers), **OFFERED, "accelerator": _accelerators(answers)}
    for question, values in offered.items():
        if not applies(question, answers):
            continue
        group = _group(question)
        for value in values:
            if value == "native_only" and question in answers:
                continue
            effect = _parts(known({**answers, question: value})).get(group, 0)
            if effect != parts.get(group, 0):
                moves.setdefault(group, []).append(Move(question, value, group, effect))
    return moves


def _machines(answers: Answers) -> tuple[Value, ...]:
    """Other sets of machines. A Linux machine comes or goes; a Mac or a PC is never proposed to anybody."""
    named = tuple(answers.get("machines", ()))
    without = tuple(machine for machine in named if machine != "linux_server")
    if "linux_server" in named:
        return (without, ("linux_pc", "linux_server")) if without else (("linux_pc",), ("linux_pc", "linux_server"))
    return ((*named, "linux_server"),) if named else (("linux_pc",), ("linux_server",))


def _accelerators(answers: Answers) -> tuple[Value, ...]:
    """The named kinds without those that mean a deployment, and with several GPUs."""
    named = chosen(answers, "accelerator")
    small, large = named - {"multi_gpu", "tpu"} or {"one_gpu"}, named | {"multi_gpu"}
    return tuple(sorted(small)), tuple(sorted(large))
