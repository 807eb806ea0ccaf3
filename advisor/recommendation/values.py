"""What `recommend` takes and returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Answers = Mapping[str, str | tuple[str, ...]]
"""Question id -> option id, or a tuple of them for a question that takes many. Absent means "don't know"."""

OUTCOMES = ("open", "split", "conflict", "ollama", "start_with_ollama", "vllm", "lm_studio_first")
STRENGTHS = ("open", "leaning", "clear", "settled")


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


@dataclass(frozen=True, slots=True)
class Change:
    """The smallest set of other answers that leads to another engine."""

    answers: tuple[tuple[str, Any], ...]  # (question id, option id or tuple of them), in the order of the form
    verdict: Verdict
    hard: bool = False  # people can't easily change this
    limit: bool = False  # it brings or lifts a hard limit, so it is told apart from changes to the lists


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The whole computation; preview, page, Markdown, JSON and command line show parts of it."""

    outcome: str
    strength: str
    ollama: tuple[ListItem, ...]  # O1-O5
    vllm: tuple[ListItem, ...]  # V1-V5
    limits: tuple[str, ...]  # ids of the limits that apply
    unknown_limits: tuple[str, ...]  # limits that an unanswered question may still bring
    notes: tuple[str, ...]  # "linux_host_first", "verify_responses_state", "first_failure_mode", ...
    reasons: tuple[str, ...]  # ids of the strongest items or limits, at most three
    unanswered: tuple[str, ...]  # questions that apply and have no answer
    matter: tuple[str, ...]  # of these the ones that can still move the outcome or its engine
    next_question: str | None  # the one that most splits the remaining outcomes
    changes: tuple[Change, ...]  # nearest first
    ways_out: tuple[str, ...]  # in a conflict: ids, fewest changes first
    weights: tuple[str, ...]  # how far the weights could move, as sentences: one per list that reaches most
    triggers: tuple[str, ...]  # ids of what should make the team look again
    contradictions: tuple[str, ...]  # ids of answers that do not fit together
    catalogue_version: str
