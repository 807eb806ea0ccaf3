"""What `recommend` takes and returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..catalogue.values import Catalogue

Value = str | tuple[str, ...]
Answers = Mapping[str, Value]
"""Question id -> option id, or a tuple of them for a question that takes many. Absent means "don't know"."""


def chosen(answers: Answers, question: str) -> frozenset[str]:
    """The options that were chosen; empty for "don't know". Links of before 1.1 have one option where many may be."""
    value = answers.get(question, ())
    return frozenset((value,) if isinstance(value, str) else value)


OUTCOMES = ("open", "split", "conflict", "ollama", "start_with_ollama", "vllm", "lm_studio_first")
STRENGTHS = ("open", "leaning", "clear", "settled")
METHOD = "1.1"
"""The version of the rules. Advice that was frozen before they had one is of 1.0."""


@dataclass(frozen=True, slots=True)
class ListItem:
    """One line of a list as the answers make it."""

    id: str
    holds: bool | None  # None: not known


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome and strength: what a set of answers comes to."""

    outcome: str
    strength: str


Judge = Callable[[Answers, Catalogue], Verdict]


@dataclass(frozen=True, slots=True)
class Change:
    """The smallest set of other answers that leads to another engine."""

    answers: tuple[tuple[str, Any], ...]  # (question id, option id or tuple of them), in the order of the form
    verdict: Verdict
    hard: bool = False  # people can't easily change this
    limit: bool = False  # it brings or lifts a hard limit, so it is kept apart from changes to the lists


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The whole computation; preview, page, Markdown, JSON and command line show parts of it."""

    outcome: str
    strength: str
    leads: str  # "ollama" or "vllm": the list with more lines that hold; "" where they are level
    serving_hurts: bool
    grows: bool
    ollama: tuple[ListItem, ...]  # O1-O5
    vllm: tuple[ListItem, ...]  # V1-V5
    limits: tuple[str, ...]  # ids of the limits that apply
    unknown_limits: tuple[str, ...]  # limits that an unanswered question may still bring
    notes: tuple[str, ...]  # "linux_host_first", "verify_responses_state", "first_failure_mode", ...
    reasons: tuple[str, ...]  # ids of the strongest items or limits, at most three; while open: what speaks so far
    asked: int  # questions that apply
    unanswered: tuple[str, ...]  # questions that apply and have no answer
    matter: tuple[str, ...]  # of these the ones that can still move the outcome or its engine
    decisive: tuple[str, ...]  # of these the ones that can still move the engine, limits first
    next_question: str | None  # the one that most splits the remaining outcomes
    changes: tuple[Change, ...]  # nearest first
    ways_out: tuple[str, ...]  # in a conflict: ids, fewest changes first
    weights: tuple[str, ...]  # how far the weights could move, as sentences: one per list that reaches most
    triggers: tuple[str, ...]  # ids of what should make the team review it
    contradictions: tuple[str, ...]  # ids of answers that do not fit together
    action: str  # the first thing to do: "answer" the next question, "record" a decision, "change" a requirement
    catalogue_version: str
    method: str = METHOD

    @property
    def answered(self) -> int:
        """How many of the questions that apply have an answer."""
        return self.asked - len(self.unanswered)

    @property
    def score(self) -> tuple[int, int]:
        """How many lines hold of Ollama's list and of vLLM's."""
        return sum(item.holds is True for item in self.ollama), sum(item.holds is True for item in self.vllm)
