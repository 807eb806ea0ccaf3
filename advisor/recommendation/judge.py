"""The outcome table as in the method: limits first, then two lists with equal votes, then a default. Pure."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from .effects import BIT, total

MOST = 3
"""How many of five are "most". The article gives no number; this is the house reading."""
ENGINE = {
    "open": "",
    "conflict": "",
    "split": "both",
    "vllm": "vllm",
    "ollama": "ollama",
    "start_with_ollama": "ollama",
    "lm_studio_first": "ollama",
}
"""The engine an outcome comes to. Three outcomes are one engine, so moving among them is no change of engine."""

_O = total(BIT[f"O{number}"] for number in range(1, 6))
_V = total(BIT[f"V{number}"] for number in range(1, 6))
_LONE = BIT["runtime"] | BIT["me"] | BIT["tools"]


class State(NamedTuple):
    """All of the answers that the outcome depends on."""

    o: int  # how many of O1-O5 hold
    v: int  # how many of V1-V5 hold
    no_vllm: bool  # G1
    no_ollama: bool  # G2 or G3
    two_audiences: bool
    serving_hurts: bool
    growth: bool
    lone: bool  # a runtime for one person with local tools

    @property
    def o_most(self) -> bool:
        return self.o >= MOST

    @property
    def v_most(self) -> bool:
        return self.v >= MOST


class Row(NamedTuple):
    step: str  # the question of the decision path that it answers
    when: str  # the condition as the guide words it
    outcome: str
    fits: Callable[[State], bool]


_AUDIENCES = "Are there two audiences?"
NO_VLLM, NO_OLLAMA = "Is vLLM ruled out?", "Is Ollama ruled out?"
_LISTS = "No limit: which lists reach most?"
TABLE = (
    Row(
        _AUDIENCES,
        "Both lists reach most, the goal or the callers are both, and G1 does not apply",
        "split",
        lambda s: s.o_most and s.v_most and s.two_audiences and not s.no_vllm,
    ),
    Row(NO_VLLM, "G1, and G2 or G3 as well", "conflict", lambda s: s.no_vllm and s.no_ollama),
    Row(NO_VLLM, "G1, and the vLLM list reaches most", "conflict", lambda s: s.no_vllm and s.v_most),
    Row(
        NO_VLLM,
        "G1, and growth is expected or serving already hurts",
        "start_with_ollama",
        lambda s: s.no_vllm and (s.growth or s.serving_hurts),
    ),
    Row(NO_VLLM, "G1, otherwise", "ollama", lambda s: s.no_vllm),
    Row(
        NO_OLLAMA,
        "G2 or G3, and only the Ollama list reaches most",
        "conflict",
        lambda s: s.no_ollama and s.o_most and not s.v_most,
    ),
    Row(NO_OLLAMA, "G2 or G3, otherwise", "vllm", lambda s: s.no_ollama),
    Row(_LISTS, "Both, and serving hurts today", "vllm", lambda s: s.o_most and s.v_most and s.serving_hurts),
    Row(_LISTS, "Both, otherwise", "start_with_ollama", lambda s: s.o_most and s.v_most),
    Row(_LISTS, "Only vLLM's", "vllm", lambda s: s.v_most),
    Row(
        _LISTS,
        "Only Ollama's: a lone laptop user, local tools, nothing true for vLLM",
        "lm_studio_first",
        lambda s: s.o_most and s.lone and s.v == 0,
    ),
    Row(
        _LISTS,
        "Only Ollama's, and serving hurts, growth is expected or two of vLLM's hold",
        "start_with_ollama",
        lambda s: s.o_most and (s.serving_hurts or s.growth or s.v == MOST - 1),
    ),
    Row(_LISTS, "Only Ollama's, otherwise", "ollama", lambda s: s.o_most),
    Row(_LISTS, "Neither, and serving hurts today", "vllm", lambda s: s.serving_hurts),
    Row(_LISTS, "Neither, otherwise", "start_with_ollama", lambda s: True),
)
"""The first row that fits gives the outcome, once enough is answered; the guide draws the same rows."""


def state(effect: int) -> State:
    """The state that all effects together make."""
    return State(
        o=(effect & _O).bit_count(),
        v=(effect & _V).bit_count(),
        no_vllm=bool(effect & BIT["G1"]),
        no_ollama=bool(effect & (BIT["G2"] | BIT["G3"])),
        two_audiences=bool(effect & BIT["two"]),
        serving_hurts=bool(effect & BIT["serving"]),
        growth=bool(effect & BIT["growth"]),
        lone=effect & _LONE == _LONE,
    )


def silent(s: State) -> bool:
    """Whether no limit applies and neither list has most: while most questions are unanswered, that stays open."""
    return not (s.no_vllm or s.no_ollama or s.o_most or s.v_most)


def undecided(s: State) -> bool:
    """Whether neither limits nor lists decide, so that the pain or the default does."""
    return not (s.no_vllm or s.no_ollama) and s.o_most == s.v_most


@cache
def outcome(s: State) -> str:
    """The outcome of a state of which enough is known. There are 2,304 states, asked for thousands of times a form."""
    return next(row.outcome for row in TABLE if row.fits(s))


def settled(s: State) -> bool:
    """Whether a hard limit decides. Beside a split the lists decide: a limit on one group leaves the other free."""
    return (s.no_vllm or s.no_ollama) and outcome(s) != "split"


def clear(s: State) -> bool:
    """Whether it is at least 4 to 1 for the engine that comes out, so no single list answer can turn it."""
    ahead, behind = (s.v, s.o) if outcome(s) == "vllm" else (s.o, s.v)
    return ENGINE[outcome(s)] in ("ollama", "vllm") and ahead >= 4 and behind <= 1
