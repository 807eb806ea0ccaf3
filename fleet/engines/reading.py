"""The values a probe returns. Missing data is None ("unknown"), never zero."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import Cause

STEPS = ("connect", "identify", "health", "models", "load", "canary")
"""The ladder of a probe, in the order it is climbed."""

SURFACES = ("completions", "chat", "responses", "embeddings", "messages")
"""The API surfaces we distinguish. "messages" is the Anthropic-style route."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which engine answered, and how we know."""

    engine: str  # a registry name: "ollama", "vllm", ...
    proof: str  # a sentence naming the request and the field that gave it away
    strong: bool = True  # False: a proxy could pass the same answer on


@dataclass(frozen=True, slots=True)
class Model:
    """One model that an endpoint offers."""

    name: str
    size: int | None = None  # bytes on disk
    quantization: str | None = None
    parameters: str | None = None  # as the engine prints it: "8.2B"
    context_length: int | None = None  # tokens
    capabilities: tuple[str, ...] = ()  # "completion", "tools", "vision", "embedding", "thinking", ...
    loaded: bool | None = None
    size_vram: int | None = None  # bytes; Ollama's field
    size_loaded: int | None = None  # bytes in memory while loaded; VRAM share = size_vram / size_loaded
    expires_at: str | None = None  # ISO 8601; when Ollama would unload it
    parent: str | None = None  # a LoRA adapter's base model
    remote_host: str | None = None  # set when the work is done elsewhere (Ollama cloud models)
    digest: str | None = None

    @property
    def expiry(self) -> float | None:
        """`expires_at` in unix seconds; None where it is not known, or never set."""
        return moment(self.expires_at)


@dataclass(frozen=True, slots=True)
class Backend:
    """One server that a gateway passes requests on to, as the gateway sees it."""

    name: str  # an address or a name, as the gateway shows it
    healthy: bool | None = None
    running: int | None = None  # requests being worked on


@dataclass(frozen=True, slots=True)
class Load:
    """How hard the endpoint works right now."""

    running: int | None = None  # requests being worked on
    waiting: int | None = None  # requests queued for capacity
    deferred: int | None = None  # requests queued for something else (vLLM): no sign of too much work
    waiting_by_reason: dict[str, int] = field(default_factory=dict)
    kv_cache_usage: float | None = None  # 0..1
    preemptions: int | None = None  # counter
    prefix_cache_queries: int | None = None  # counter, tokens
    prefix_cache_hits: int | None = None  # counter, tokens
    prompt_tokens: int | None = None  # counter
    generation_tokens: int | None = None  # counter
    requests: int | None = None  # counter of finished requests
    slots: int | None = None  # requests it can work on at once, where the engine reports it
    busy: bool | None = None  # Ollama: a model is past its expires_at, so a request is running
    sleep_state: str | None = None  # vLLM: "awake", "weights_offloaded", "discard_all"
    process_start: float | None = None  # unix seconds; a change means a restart

    @property
    def asleep(self) -> bool:
        """Whether the server was put to sleep, or went to sleep by itself."""
        return self.sleep_state not in (None, "awake")

    @property
    def at_work(self) -> bool | None:
        """Whether the engine was working on a request; None when it is not known."""
        if self.busy is not None:
            return self.busy
        return None if self.running is None else self.running > 0

    @property
    def callers(self) -> int | None:
        """Requests being worked on and those that wait for it; None when it is not known."""
        return None if self.running is None else self.running + (self.waiting or 0)

    @property
    def share(self) -> float | None:
        """The callers as a share of what it works on at once (0..1 and more), else how full its KV cache is."""
        if self.callers is None:
            return None
        return self.callers / self.slots if self.slots else self.kv_cache_usage

    def worked_since(self, before: "Load") -> bool:
        """Whether the engine worked between two readings, by its counters of tokens. Not by that of finished requests
        where there is a better one: a request that was given up counts as finished too."""
        if before.process_start != self.process_start:
            return False
        pairs = [(before.generation_tokens, self.generation_tokens), (before.prompt_tokens, self.prompt_tokens)]
        if all(None in pair for pair in pairs):
            pairs = [(before.requests, self.requests)]
        return any(old is not None and new is not None and new > old for old, new in pairs)


@dataclass(frozen=True, slots=True)
class Facts:
    """What moves slowly, so it is not asked in every probe."""

    version: str | None = None
    models: tuple[Model, ...] = ()
    api: dict[str, str] = field(default_factory=dict)  # SURFACES -> "yes" | "no" | "stateless" | "stateful"
    warnings: tuple[str, ...] = ()  # sentences for the operator, e.g. open routes beside an API key
    asked: dict[str, float] = field(default_factory=dict)  # question -> unix seconds of its last answer
    memory: dict[str, Any] = field(default_factory=dict)  # an engine's own small notes (JSON values)
    product: str | None = None  # the server's own name where no engine module is for it: "Lemonade"
    behind: tuple[Backend, ...] = ()  # a gateway's servers; empty where it does not show them

    @property
    def in_memory(self) -> list[str]:
        """The loaded models; where an engine does not report what is loaded, all that it offers."""
        reported = any(model.loaded is not None for model in self.models)
        return [model.name for model in self.models if model.loaded or not reported]

    @property
    def missing_steps(self) -> frozenset[str]:
        """The steps of the ladder with a question that got no good answer (learning.Learned.unanswered)."""
        notes = self.memory.get("unanswered")
        values = notes.values() if isinstance(notes, dict) else ()
        return frozenset(str(note.get("step")) for note in values if isinstance(note, dict))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a probe with the time of each phase, in milliseconds."""

    step: str
    request: str  # "GET /api/version"
    status: int | None = None
    bytes: int = 0
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The step of the ladder that broke, and why."""

    cause: Cause
    step: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Canary:
    """What became of asking one model for one token; `skipped` says why nobody was asked."""

    model: str = ""
    ms: float | None = None
    tokens: int = 0  # that the server spent on it, prompt included where it is reported
    skipped: str = ""
    failure: Failure | None = None
    note: str = ""  # the server refused the question itself, which says nothing about the engine
    path: str = ""  # that took the question
    loaded: bool = False  # it made the engine load the model again
    measures: bool = False  # it is a sample of waits: also sent, or found unnecessary, whatever real traffic there is
    left_busy: bool = False  # Ollama's expires_at did not move when it ended: other requests were under way
    unused: bool = False  # skipped, since nobody had used the model: no caller waited
    status: int | None = None  # of the answer, where there was one
    wait_ms: float | None = None  # that it waited for a slot, by Ollama's own times
    load_ms: float | None = None  # that it waited for a load, its model's own or another's
    prompt_ms: float | None = None  # that the evaluation of its prompt took


BEHIND = " behind "
"""Stands before the address (host and port) of a server behind a gateway, in place of a model's name: no name begins
with a blank, as `lenient.text` takes it off."""

BUCKETS = 64
"""Buckets of a histogram that are kept at most."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What an engine has counted since it started, for one of its models or of the servers behind it."""

    model: str
    series: str  # which sets of labels were added up: another set has other sums
    counts: dict[str, float] = field(default_factory=dict)  # "requests", "preempted", ...: fleet.evidence.counts
    histograms: dict[str, dict[str, float]] = field(default_factory=dict)  # name -> upper edge -> values up to it
    teams: dict[str, float] = field(default_factory=dict)  # of a gateway: an anonymous mark for each team -> requests

    def to_json(self) -> dict[str, Any]:
        """As it is kept until the next reading."""
        kept = {"series": self.series, "counts": self.counts, "histograms": self.histograms}
        return kept | ({"teams": self.teams} if self.teams else {})

    @classmethod
    def from_json(cls, model: str, stored: dict[str, Any]) -> "Counted":
        """The inverse of `to_json`. Raises KeyError for what it can't have written."""
        return cls(model, stored["series"], stored["counts"], stored["histograms"], stored.get("teams", {}))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one probe learned."""

    at: float  # unix seconds, when the probe began
    identity: Identity | None = None
    facts: Facts = Facts()
    load: Load = Load()
    exchanges: tuple[Exchange, ...] = ()
    failure: Failure | None = None
    canary: Canary | None = None  # None: none was due
    certificate_until: float | None = None  # unix seconds; None without TLS
    counted: tuple[Counted, ...] = ()  # what the engine counts itself, read every few minutes

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds from the start of the first successful request to its last byte."""
        return next((e.total_ms for e in self.exchanges if e.error is None and e.total_ms is not None), None)


def moment(expires_at: str | None) -> float | None:
    """Unix seconds of an ISO 8601 time; None for no time, or one that stands for "never set" (the year 1)."""
    try:
        at = datetime.fromisoformat(expires_at or "")
        zoned = at if at.tzinfo else at.replace(tzinfo=UTC)
        return zoned.timestamp() if zoned.year >= 2000 else None
    except (ValueError, OverflowError):
        return None
