"""The values of a load verdict: what it is, what speaks for and against it, and what to try next."""

from dataclasses import dataclass, field
from enum import StrEnum

from .target import Target
from .thresholds import Support


class State(StrEnum):
    """What the observations say of an endpoint, the lightest first."""

    NOT_ENOUGH = "not enough evidence"
    OVERKILL = "overkill"
    JUSTIFIED = "idle but justified"
    ROOM = "room to spare"
    FINE = "fine"
    DISAGREE = "clients disagree"
    TUNE_FIRST = "tune first"
    SATURATED = "saturated"
    OUTGROWN = "outgrown"
    CANNOT_MOVE = "cannot move"

    @property
    def weight(self) -> int:
        """The place in this order."""
        return list(State).index(self)


FIRM = frozenset({State.OVERKILL, State.DISAGREE, State.TUNE_FIRST, State.SATURATED, State.OUTGROWN, State.CANNOT_MOVE})
"""The states that a second window has to confirm."""


class Limit(StrEnum):
    """What holds requests up."""

    KV_CACHE = "KV cache"
    SEQUENCES = "sequence cap"
    DEFERRED = "deferred requests"
    SLOTS = "slots"
    UNKNOWN = "not known"


class Confidence(StrEnum):
    """How much there is to judge by. It falls with missing data and with nothing else."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Signal:
    """One figure of a window beside its threshold."""

    name: str  # of its threshold in RULES; empty where it has none
    words: str
    value: str  # with its unit, as people read it
    threshold: str  # the same
    samples: int
    support: Support
    crossed: bool  # it speaks for the verdict


@dataclass(frozen=True, slots=True)
class Advice:
    """The next thing to try."""

    words: str
    setting: str = ""  # in the engine's own words, to copy
    costs: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the team states of an endpoint, since no probe can see it."""

    slots: int | None = None  # OLLAMA_NUM_PARALLEL
    can_move: bool | None = None  # there is a machine on which vLLM would run
    reasons: tuple[str, ...] = ()  # that justify vLLM though it is idle: "LoRA adapters", ...
    target: Target = field(default_factory=Target)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the observations of one model (or of the whole server) say."""

    state: State
    model: str = ""
    limit: Limit | None = None
    signals: tuple[Signal, ...] = ()
    against: tuple[str, ...] = ()  # sentences
    missing: tuple[str, ...] = ()  # sentences: what would have to be measured, and when there will be enough
    advice: tuple[Advice, ...] = ()
    confidence: Confidence = Confidence.LOW
    confirmed: bool = False  # the window before said the same
    began: int = 0  # of the window, unix seconds
    until: int = 0
    probes: int = 0
    canaries: int = 0
    callers: int | None = None  # 95th percentile of those under way and waiting, in office hours
    at_work: float | None = None  # per cent of the probes of office hours that found it at work
    in_time: float | None = None  # per cent of the requests that met the target for certain

    @property
    def firm_words(self) -> str:
        """How sure it is: seen in one window, or in two running."""
        if self.state not in FIRM:
            return ""
        return "confirmed" if self.confirmed else "likely"
