"""vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html and .../usage/metrics.html

GET /health answers 503 with an empty body when the engine died: it reads a flag, without a round trip to the engine.
GET /openapi.json shows the routes that the model's tasks brought; it is slow to make the first time. Tensor
parallelism, max_num_seqs and whether /v1/responses keeps state cannot be seen. Nothing is ever posted.
"""

from dataclasses import replace

from . import counters, vllm_metrics
from .errors import Cause, NotReady
from .learning import Learned
from .lenient import LIST_BYTES, mapping, mappings, text
from .openai_models import metrics_are_free
from .prometheus import METRICS_BYTES
from .questions import LIST_OF_MODELS, Question
from .reading import Identity
from .refusal import error_message, is_bare_503
from .visit import Visit, check

FIGURES = vllm_metrics.FIGURES
COUNTERS = vllm_metrics.COUNTERS
NAME, LABEL, PORT = "vllm", "vLLM", 8000
LISTENS_LATE = True  # it takes no connections until its model is loaded

VERSION_EVERY = 300.0
HOUR = 3600.0
PAGE_BYTES = 2 * 1024 * 1024

_ROUTES = {
    "completions": "/v1/completions",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
    "messages": "/v1/messages",
}
_CAPABILITIES = {"completions": "completion", "chat": "completion", "embeddings": "embedding"}
_OPEN_ROUTES = (
    "An API key is set, but it guards only /v1 and a few more: /metrics answers without it, "
    "and as a rule /tokenize and /invocations do too. Put a proxy in front if others can reach this port."
)


def identify(visit: Visit) -> Identity | None:
    """LocalAI has the same /version, so it takes the metrics, or vLLM's way to refuse a missing key."""
    found = visit.maybe("/version")
    version = text(found.get("version"))
    if version is None or not metrics_are_free(visit):
        return None
    page = visit.get("/metrics", max_bytes=METRICS_BYTES)
    if page.status == 200 and (b"\nvllm:" in page.body or page.body.startswith(b"vllm:")):
        return Identity(NAME, f"GET /version gives version {version}, and GET /metrics has vllm: lines.")
    if set(found) != {"version"}:  # a gateway has its own version, and may pass on vLLM's list
        return None
    refusal = visit.get("/v1/models", max_bytes=LIST_BYTES)
    if any(card.get("owned_by") == NAME for card in mappings(visit.maybe("/v1/models").get("data"))):
        proof = f"GET /version gives version {version}, and GET /v1/models lists a model owned_by {NAME}."
        return Identity(NAME, proof, strong=False)
    if refusal.status == 401 and error_message(refusal) == "Unauthorized":
        proof = f'GET /version gives version {version}, and GET /v1/models refuses with error "Unauthorized".'
        return Identity(NAME, proof, strong=False)
    return None


HEALTH = ("GET /health",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Raises NotReady when the engine is dead or changes its size."""
    if is_bare_503(visit.get("/health")):
        raise NotReady(Cause.ENGINE_DEAD, "GET /health answered HTTP 503 with an empty body: its engine has died.")
    visit.health("/health")


def _learn_version(visit: Visit, learned: Learned) -> None:
    learned.version = text(visit.maybe("/version").get("version")) or learned.version


def _learn_load(visit: Visit, learned: Learned) -> None:
    page = visit.get("/metrics", max_bytes=METRICS_BYTES)
    check(page, "GET /metrics")
    learned.metrics = page.text
    learned.load, capacity = vllm_metrics.read(learned.metrics)
    learned.memory.update(capacity)


def _new_version(learned: Learned) -> bool:
    return learned.memory.get("routes_of") != learned.version


def _wants_routes(learned: Learned) -> bool:
    return _new_version(learned) or not learned.api


def _learn_routes(visit: Visit, learned: Learned) -> None:
    """A server without this page (it can be switched off) is not worse, only less known."""
    learned.memory["routes_of"], learned.api = learned.version, {}
    if paths := mapping(visit.maybe("/openapi.json", max_bytes=PAGE_BYTES).get("paths")):
        learned.api = {surface: "yes" if path in paths else "no" for surface, path in _ROUTES.items()}


def _learn_open_routes(visit: Visit, learned: Learned) -> None:
    refused = visit.get("/v1/models", auth=False).status == 401
    metrics = visit.get("/metrics", auth=False, max_bytes=METRICS_BYTES).text if refused else ""
    learned.warn("open routes", [_OPEN_ROUTES] if vllm_metrics.PREFIX in metrics else [])


def _finish_models(visit: Visit, learned: Learned) -> None:
    """The list shows neither whether the engine sleeps nor what its models can do."""
    awake = learned.load.sleep_state in (None, "awake")
    can = tuple(dict.fromkeys(word for s, word in _CAPABILITIES.items() if learned.api.get(s) == "yes"))
    if any((model.loaded, model.capabilities) != (awake, can) for model in learned.models):
        learned.models = tuple(replace(model, loaded=awake, capabilities=can) for model in learned.models)


QUESTIONS = (
    LIST_OF_MODELS,
    Question("version", _learn_version, ("GET /version",), every=VERSION_EVERY),
    Question("load", _learn_load, ("GET /metrics",), step="load", cost="about 50 kB of text from its counters"),
    counters.question(COUNTERS),
    Question(
        "routes",
        _learn_routes,
        ("GET /openapi.json",),
        every=HOUR,
        when=_wants_routes,
        sooner=_new_version,
        cost="made once by the server, up to a second; asked once per version, hourly where it is switched off",
    ),
    Question(
        "open routes",
        _learn_open_routes,
        ("GET /v1/models and /metrics without the key",),
        every=HOUR,
        cost="as the same requests with the key",
    ),
    Question("state of the models", _finish_models, ()),
)
