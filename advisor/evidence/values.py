"""What a decision is judged by, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fleet.evidence.verdict import Confidence, Verdict


class State(StrEnum):
    """What the evidence says of a decision, the lightest first: the heaviest of its endpoints decides."""

    HOLDS = "holds"
    NOT_ENOUGH = "not enough evidence"
    STRAINED = "strained"
    CONTRADICTED = "contradicted"

    @property
    def weight(self) -> int:
        """The place in this order."""
        return list(State).index(self)


@dataclass(frozen=True, slots=True)
class Covered:
    """An endpoint that the decision covers, as it is known now."""

    pk: int
    name: str
    engine: str = ""  # as fleet.engines.registry names it; empty: not known
    engine_label: str = ""
    gateway: bool = False  # it passes requests on and bears no load of its own
    on_gpu: bool | None = None  # whether models in its memory use a GPU; None: it does not show
    verdicts: tuple[Verdict, ...] = ()  # of its models, the worst first
    judged: int = 0  # unix seconds of these verdicts


@dataclass(frozen=True, slots=True)
class Case:
    """All that the evidence is made of."""

    choice: str  # a value of advisor.models.decision.Choice
    covered: tuple[Covered, ...]
    now: int  # unix seconds
    window: int  # seconds that a load verdict covers
    answers: Mapping[str, Any] = field(default_factory=dict)  # question id -> option id or a list of them
    seen: Mapping[str, int] = field(default_factory=dict)  # what was no longer true at the last judgement -> since when


@dataclass(frozen=True, slots=True)
class Finding:
    """What one endpoint says about the decision: by its load, or by a fact that is no longer true."""

    endpoint: int  # pk
    name: str  # of the endpoint
    state: State
    words: str  # a sentence without the name, with figures and thresholds
    against: tuple[str, ...] = ()  # sentences: counter-evidence
    missing: tuple[str, ...] = ()  # sentences: what would have to be measured, and when there will be enough
    advice: str = ""  # what to try next
    confidence: Confidence = Confidence.LOW


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all of them say."""

    state: State
    findings: tuple[Finding, ...]  # the heaviest first
    confidence: Confidence  # the lowest of the endpoints' own
    missing: tuple[str, ...] = ()  # sentences about the decision as a whole
    seen: Mapping[str, int] = field(default_factory=dict)  # for the next judgement
