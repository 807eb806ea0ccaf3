"""Which facts a result rests on: those of the team's own systems, of the engines it names, and of the limits."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..catalogue.values import Catalogue, Fact
from .judge import ENGINE
from .values import Answers, Recommendation, chosen

_WINDOWS = ("machines", frozenset({"windows"}))
_LINUX = ("machines", frozenset({"linux_pc", "linux_server"}))
_STATE = ("responses_state", frozenset({"required"}))
CONCERNS: Mapping[str, tuple[str, frozenset[str]]] = {
    "ollama-macos-floor": ("machines", frozenset({"mac"})),
    "ollama-windows-floor": _WINDOWS,
    "ollama-windows-gpus": _WINDOWS,
    "vllm-no-native-windows": _WINDOWS,
    "vllm-windows-lead": _WINDOWS,
    "ollama-linux-install": _LINUX,
    "ollama-linux-gpus": _LINUX,
    "ollama-responses-stateless": _STATE,
    "vllm-prefix-caching": ("scaling", frozenset({"prefix_cache"})),
    "vllm-parallelism": ("scaling", frozenset({"data_parallel", "tensor_parallel"})),
    "vllm-multi-node": ("scaling", frozenset({"multi_node"})),
}
"""Fact -> a question, and the answers that make the fact concern a team. The other facts concern everybody."""


def relied_on(answers: Answers, r: Recommendation, catalogue: Catalogue) -> tuple[Fact, ...]:
    """The facts under the limits that apply or may, and under the items that hold, where they concern the team."""
    of_limits = _of_limits((*r.limits, *r.unknown_limits), catalogue)
    held = {line.id for line in r.ollama + r.vllm if line.holds}
    sections = {section for item in catalogue.items if item.id in held for section in item.sections}
    return tuple(
        fact
        for fact in catalogue.facts
        if (fact.id in of_limits or fact.section in sections) and concerns(fact.id, r.outcome, of_limits, answers)
    )


def concerns(fact: str, outcome: str, of_limits: Iterable[str], answers: Answers) -> bool:
    """Whether a team has what a fact is about. What the team has not answered may still concern it under a limit."""
    question, options = CONCERNS.get(fact, ("", frozenset()))
    given = chosen(answers, question)
    if question and not given & options and (given or fact not in of_limits):
        return False
    engine = ENGINE[outcome]
    return fact in of_limits or engine in ("", "both") or fact.startswith(f"{engine}-")


def limits_of(states: Iterable[Mapping[str, str]], catalogue: Catalogue) -> set[str]:
    """The facts under the limits of frozen advice that applied, or that an answer could still bring."""
    return _of_limits([line["id"] for line in states if line["state"] != "does not apply"], catalogue)


def fact_as_json(fact: Fact) -> dict[str, Any]:
    """A fact as JSON keeps it: dates as texts, and "" for what is not known."""
    return {name: str(value) if value else "" for name, value in asdict(fact).items()}


def _of_limits(ids: Iterable[str], catalogue: Catalogue) -> set[str]:
    return {fact for limit in catalogue.limits if limit.id in ids for fact in limit.facts}
