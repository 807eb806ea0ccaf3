"""What each answer does to the result, as bits: items that become true, limits that apply, and a few marks.

Effects only add up (bitwise or), so an answer of "don't know" is simply no effect.
"""

from collections.abc import Iterable, Mapping
from itertools import chain, combinations, product
from typing import Any

from .values import Answers, chosen

BITS = (
    *("O1", "O2", "O3", "O4", "O5", "V1", "V2", "V3", "V4", "V5", "G1", "G2", "G3"),
    *("two", "serving", "growth", "runtime", "me", "tools"),
)
"""Items, limits, then: two audiences, serving hurts, growth expected, and the three signs of a lone laptop."""
BIT = {name: 1 << place for place, name in enumerate(BITS)}

_OPTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "goal": {"runtime": ("runtime",), "serving": ("V5",), "both": ("V5", "two")},
    "callers": {"me": ("O3", "me"), "small_local": ("O3",), "many": ("V4",), "both": ("O3", "V4", "two")},
    "stage": {"individual": (), "prototype": (), "growing_api": (), "product": ("V4",)},
    "growth": {"yes": ("growth",), "no": ()},
    "front_ends": {"local_tools": ("O4", "tools"), "own_app": (), "both": ("O4",)},
    "accelerator": {"cpu": (), "apple": (), "one_gpu": (), "multi_gpu": ("V4",), "tpu": ("V4",)},
    "api": {"swap": (), "contract": ("V2",), "none": (), "both": ("V2",)},
    "responses_state": {"required": ("G2",), "not_needed": ()},
    "load": {"occasional": (), "some": (), "many": ("V4",)},
    "workflow": {"quick_start": ("O2",), "server_setup": (), "both": ("O2",)},
    "priority": {"setup": ("O5",), "architecture": (), "both": ("O5",)},
    "pain": {"access": (), "serving": ("serving",), "none": ()},
}
_EFFECT = {
    question: {option: sum(BIT[name] for name in names) for option, names in options.items()}
    for question, options in _OPTIONS.items()
}

PERSONAL = frozenset({"mac", "windows", "linux_pc"})
LINUX = frozenset({"linux_pc", "linux_server"})
DATED = frozenset({"mac", "windows"})
"""Machines whose systems can be too old for Ollama."""
MACHINES = ("mac", "windows", "linux_pc", "linux_server")


def known(answers: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """The answers that say something and belong to a question that applies."""
    said = {key: tuple(value) if isinstance(value, list) else value for key, value in answers.items() if value}
    return {key: value for key, value in said.items() if applies(key, said)}


def applies(question: str, answers: Answers) -> bool:
    """Whether a question is to be asked. The two conditional ones wait until their condition is known to hold."""
    machines = set(answers.get("machines", ()))
    if question == "linux_route":
        return machines == {"windows"}
    return question != "os_floor" or bool(machines & DATED)


def effects(answers: Answers) -> dict[str, int]:
    """The effect of every answer, by question. Takes what `known` returns; ids it does not know have no effect."""
    machines = frozenset(answers.get("machines", ()))
    return {question: _effect(question, answer, machines) for question, answer in answers.items()}


def total(parts: Iterable[int]) -> int:
    together = 0
    for part in parts:
        together |= part
    return together


def alternatives(question: str, answers: Answers) -> tuple[int, ...]:
    """The distinct effects that answering an open question could have, beside these answers."""
    if question == "machines":
        return _PLATFORMS
    if question == "scaling":
        return (0, BIT["V3"])
    if question == "linux_route":
        return (0, BIT["G1"])
    if question == "os_floor":
        return (0,) if LINUX & set(answers.get("machines", ())) else (0, BIT["G3"])
    return tuple(dict.fromkeys(_EFFECT[question].values()))


def _effect(question: str, answer: str | tuple[str, ...], machines: frozenset[str]) -> int:
    if question == "machines":
        return BIT["O1"] * bool(machines & PERSONAL) | BIT["V1"] * ("linux_server" in machines)
    if question == "scaling":
        return BIT["V3"] * any(option != "none" for option in answer)
    if question == "linux_route":
        return BIT["G1"] * (answer == "native_only")
    if question == "os_floor":
        return BIT["G3"] * (answer == "not_met" and not machines & LINUX)
    options = _EFFECT.get(question, {})
    if question == "accelerator":
        return total(options.get(option, 0) for option in chosen({question: answer}, question))
    return options.get(answer, 0) if isinstance(answer, str) else 0


def _platforms() -> tuple[int, ...]:
    """Every effect that naming machines can have, with the two questions that follow from it."""
    some = chain.from_iterable(combinations(MACHINES, count) for count in range(1, len(MACHINES) + 1))
    found = []
    for machines, route, floor in product(some, ("native_only", "possible"), ("met", "not_met")):
        found.append(total(effects(known({"machines": machines, "linux_route": route, "os_floor": floor})).values()))
    return tuple(dict.fromkeys(found))


_PLATFORMS = _platforms()
