"""What a reading is judged by, besides itself: what earlier probes left, and what the team set. Pure."""

from dataclasses import dataclass, field

from ..engines.reading import Facts, Load
from .canary_memory import CanaryMemory
from .flapping import Turn
from .stall import Still
from .starts import Stretch
from .status import Thresholds


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier probes of an endpoint left for the judgement of the next one. Times are in unix seconds."""

    facts: Facts = field(default_factory=Facts)  # of the last answer
    load: Load = field(default_factory=Load)  # of the probe before
    refused: bool = False  # the probe before ended with a refused connection
    seen_at: float | None = None  # the last answer
    due_at: int | None = None  # when the next probe is due; None while paused
    canary: CanaryMemory = field(default_factory=CanaryMemory)
    stalled: Still = field(default_factory=Still)
    starts: tuple[int, ...] = ()  # seconds that the latest starts took
    starting: Stretch | None = None  # the start under way
    turns: tuple[Turn, ...] = ()  # the latest ones into trouble and out of it, oldest first


@dataclass(frozen=True, slots=True)
class Rules:
    """What the team set for an endpoint, and how often it is probed for now."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    engine: str = ""  # as pinned by the team, else as identified; "" while nobody knows
    expected_models: tuple[str, ...] = ()
    slow_after: int | None = None  # milliseconds
    start_within: int | None = None  # seconds; None: learned from earlier starts
    canary_models: tuple[str, ...] = ()
    canary_every: int = 600  # seconds
    measures_waits: bool = False  # canaries are sent under load, too
    interval: int = 30  # seconds from one probe to the next
    key: str = ""  # gives the endpoint its seconds on the grids of schedule
