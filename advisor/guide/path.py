"""The decision path as steps, from the table that the recommendation computes with. Drawn, and written in words."""

from dataclasses import dataclass
from itertools import groupby

from advisor.catalogue import Catalogue
from advisor.recommendation.judge import NO_OLLAMA, NO_VLLM, TABLE

_LIMITS = {NO_VLLM: ("G1",), NO_OLLAMA: ("G2", "G3")}
"""The limits that a step is about."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A way off the path: when it fits, and the outcome it leads to."""

    when: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Step:
    """A question on the path. When no branch fits, the next step is asked."""

    title: str
    branches: tuple[Branch, ...]
    notes: tuple[str, ...] = ()


def steps(catalogue: Catalogue) -> tuple[Step, ...]:
    """The path, with the limits as the catalogue words them."""
    limits = {limit.id: f"{limit.id}: {limit.text}" for limit in catalogue.limits}
    known = Branch("Most questions unanswered, no limit, and no list that reaches most", "open")
    path = [Step("Is enough known?", (known,))]
    for title, rows in groupby(TABLE, key=lambda row: row.step):
        branches = tuple(Branch(row.when, row.outcome) for row in rows)
        path.append(Step(title, branches, tuple(limits[id] for id in _LIMITS.get(title, ()))))
    return tuple(path)


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
