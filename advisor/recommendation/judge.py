"""The outcome table, by hand as in the method: limits first, then two lists with equal votes, then a default."""

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
    return not (s.no_vllm or s.no_ollama or s.o >= MOST or s.v >= MOST)


def undecided(s: State) -> bool:
    """Whether neither limits nor lists decide, so that the pain or the default does."""
    return not (s.no_vllm or s.no_ollama) and (s.o >= MOST) == (s.v >= MOST)


def outcome(s: State) -> str:
    """The first row of the table that fits, once enough is answered or one of the other rows speaks by itself."""
    o_most, v_most = s.o >= MOST, s.v >= MOST
    if o_most and v_most and s.two_audiences and not s.no_vllm:
        return "split"
    if s.no_vllm:
        return _without_vllm(s, v_most)
    if s.no_ollama:
        return "conflict" if o_most and not v_most else "vllm"
    if o_most and not v_most:
        return _ollama(s)
    if v_most and not o_most:
        return "vllm"
    return "vllm" if s.serving_hurts else "start_with_ollama"


def _without_vllm(s: State, v_most: bool) -> str:
    if s.no_ollama or v_most:
        return "conflict"
    return "start_with_ollama" if s.growth or s.serving_hurts else "ollama"


def _ollama(s: State) -> str:
    if s.v == 0 and s.lone:
        return "lm_studio_first"
    return "start_with_ollama" if s.serving_hurts or s.growth or s.v >= MOST - 1 else "ollama"


def settled(s: State) -> bool:
    """Whether a hard limit decides. Beside a split the lists decide: a limit on one group leaves the other free."""
    return (s.no_vllm or s.no_ollama) and outcome(s) != "split"


def clear(s: State) -> bool:
    """Whether it is at least 4 to 1 for the engine that comes out, so no single list answer can turn it."""
    ahead, behind = (s.v, s.o) if outcome(s) == "vllm" else (s.o, s.v)
    return ENGINE[outcome(s)] in ("ollama", "vllm") and ahead >= 4 and behind <= 1
