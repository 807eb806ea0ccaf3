"""The decision path as steps: the first branch that fits gives the outcome. Drawn, and told in words."""

from collections.abc import Callable
from dataclasses import dataclass

from advisor.catalogue import Catalogue
from advisor.recommendation.judge import MOST, State


@dataclass(frozen=True, slots=True)
class Branch:
    """A way off the path: when it fits, and the outcome it leads to.

    A test follows `fits` through every state and compares with the recommendation itself.
    """

    when: str
    outcome: str
    fits: Callable[[State], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """A question on the path. When no branch fits, the next step is asked."""

    title: str
    branches: tuple[Branch, ...]
    notes: tuple[str, ...] = ()


def steps(catalogue: Catalogue) -> tuple[Step, ...]:
    """The path, with the limits as the catalogue words them."""
    limits = {limit.id: f"{limit.id}: {limit.text}" for limit in catalogue.limits}
    return (
        Step(
            "Is enough known?",
            # never true of the states that this is tested with: they are of enough answers
            (Branch("Most questions unanswered, no limit, and no list that reaches most", "open", lambda s: False),),
        ),
        Step("Are there two audiences?", (_SPLIT,)),
        Step("Is vLLM ruled out?", _WITHOUT_VLLM, (limits["G1"],)),
        Step("Is Ollama ruled out?", _WITHOUT_OLLAMA, (limits["G2"], limits["G3"])),
        Step("No limit: which lists reach most?", _BY_LISTS),
    )


def _o(s: State) -> bool:
    return s.o >= MOST


def _v(s: State) -> bool:
    return s.v >= MOST


_SPLIT = Branch(
    "Both lists reach most, the goal or the callers are both, and G1 does not apply",
    "split",
    lambda s: _o(s) and _v(s) and s.two_audiences and not s.no_vllm,
)
_WITHOUT_VLLM = (
    Branch("G1, and G2 or G3 as well", "conflict", lambda s: s.no_vllm and s.no_ollama),
    Branch("G1, and the vLLM list reaches most", "conflict", lambda s: s.no_vllm and _v(s)),
    Branch(
        "G1, and growth is expected or serving already hurts",
        "start_with_ollama",
        lambda s: s.no_vllm and (s.growth or s.serving_hurts),
    ),
    Branch("G1, otherwise", "ollama", lambda s: s.no_vllm),
)
_WITHOUT_OLLAMA = (
    Branch(
        "G2 or G3, and only the Ollama list reaches most",
        "conflict",
        lambda s: s.no_ollama and _o(s) and not _v(s),
    ),
    Branch("G2 or G3, otherwise", "vllm", lambda s: s.no_ollama),
)
_BY_LISTS = (
    Branch("Both, and serving hurts today", "vllm", lambda s: _o(s) and _v(s) and s.serving_hurts),
    Branch("Both, otherwise", "start_with_ollama", lambda s: _o(s) and _v(s)),
    Branch("Only vLLM's", "vllm", _v),
    Branch(
        "Only Ollama's: a lone laptop user, local tools, nothing true for vLLM",
        "lm_studio_first",
        lambda s: _o(s) and s.lone and s.v == 0,
    ),
    Branch(
        "Only Ollama's, and serving hurts, growth is expected or two of vLLM's hold",
        "start_with_ollama",
        lambda s: _o(s) and (s.serving_hurts or s.growth or s.v == 2),
    ),
    Branch("Only Ollama's, otherwise", "ollama", _o),
    Branch("Neither, and serving hurts today", "vllm", lambda s: s.serving_hurts),
    Branch("Neither, otherwise", "start_with_ollama", lambda s: True),
)


def outcome_name(id: str) -> str:
    """What an outcome is called in one or two words."""
    return _NAMES.get(id, id.replace("_", " ").capitalize())


_NAMES = {
    "open": "Open",
    "split": "Both, split",
    "conflict": "Conflict",
    "ollama": "Ollama",
    "start_with_ollama": "Start with Ollama",
    "vllm": "vLLM",
    "lm_studio_first": "LM Studio first",
}
