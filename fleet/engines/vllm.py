"""vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html and .../usage/metrics.html

Every probe         GET /health         503 with an empty body: the engine died (a flag; no round trip to it)
                    GET /metrics        how hard it works, and whether it sleeps
Every 5 min         GET /v1/models      the served models and LoRA adapters; needs the API key
                    GET /version
On a new version    GET /openapi.json   the routes that the model's tasks brought; slow to make the first time
Every hour          GET /v1/models and /metrics without the key: is one set, and does it guard everything?

Nothing is ever posted. Tensor parallelism, max_num_seqs and whether /v1/responses keeps state cannot be seen.
"""

from dataclasses import replace

from . import vllm_metrics
from .answer import Answer
from .errors import BadAnswer, Cause, NotReady, ProbeError
from .learning import Learned
from .lenient import mapping, text
from .openai_models import learn_models
from .reading import Facts, Identity, Load
from .visit import Visit, check

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
    version = _version(visit)
    if version is None:
        return None
    page = visit.get("/metrics", max_bytes=PAGE_BYTES)
    if page.status == 200 and (b"\nvllm:" in page.body or page.body.startswith(b"vllm:")):
        return Identity(NAME, f"GET /version gives version {version}, and GET /metrics has vllm: lines.")
    refusal = visit.get("/v1/models")
    if refusal.status == 401 and _error(refusal) == "Unauthorized":
        proof = f'GET /version gives version {version}, and GET /v1/models refuses with error "Unauthorized".'
        return Identity(NAME, proof, strong=False)
    return None


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises NotReady when the engine is dead or changes its size, Rejected when the key is."""
    learned = Learned(visit, NAME)
    _check_health(visit)
    learn_models(visit, learned)
    if learned.due("version", VERSION_EVERY):
        learned.version = _version(visit)
        learned.answered("version")
    with visit.step("load"):
        load, capacity = vllm_metrics.read(_metrics(visit))
    learned.memory.update(capacity)
    awake = load.sleep_state in (None, "awake")
    _learn_routes(visit, learned)
    if learned.due("open routes", HOUR):
        learned.answered("open routes", [_OPEN_ROUTES] if _guards_too_little(visit) else [])
    can = tuple(dict.fromkeys(word for s, word in _CAPABILITIES.items() if learned.api.get(s) == "yes"))
    learned.models = tuple(replace(m, loaded=awake, capabilities=can) for m in learned.models)
    return learned.facts(), load


def _check_health(visit: Visit) -> None:
    answer = visit.get("/health")
    if answer.status == 503 and not answer.body.strip():
        raise NotReady(Cause.ENGINE_DEAD, "GET /health answered HTTP 503 with an empty body: its engine has died.")
    if answer.status == 404:  # behind a proxy that passes on /v1 only
        visit.json("/v1/models")
        return
    check(answer, "GET /health")
    if answer.body.strip():  # LM Studio, for one, answers 200 to every path
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /health: expected an empty body, as vLLM sends it.")


def _version(visit: Visit) -> str | None:
    answer = visit.get("/version")
    try:
        found = mapping(answer.json()) if answer.status == 200 else {}
    except BadAnswer:
        return None
    return text(found.get("version")) if set(found) == {"version"} else None


def _error(answer: Answer) -> object:
    try:
        return mapping(answer.json()).get("error")
    except BadAnswer:
        return None


def _metrics(visit: Visit) -> str:
    """The page, or nothing: a server without it is not worse, only less known."""
    try:
        page = visit.get("/metrics", max_bytes=PAGE_BYTES)
    except BadAnswer:
        return ""
    return page.text if page.status == 200 else ""


def _learn_routes(visit: Visit, learned: Learned) -> None:
    """Asked once per version, and once an hour where it stayed without an answer."""
    same = learned.memory.get("routes_of") == learned.version
    if same and (learned.api or not learned.due("routes", HOUR)):
        return
    learned.memory["routes_of"], learned.api = learned.version, {}
    learned.answered("routes")
    try:
        with visit.step("models"):
            paths = mapping(visit.json("/openapi.json", max_bytes=PAGE_BYTES).get("paths"))
    except ProbeError:  # off by a flag, or too slow to make: it says nothing about the engine's health
        return
    if paths:
        learned.api = {surface: "yes" if path in paths else "no" for surface, path in _ROUTES.items()}


def _guards_too_little(visit: Visit) -> bool:
    try:
        with visit.step("models"):
            refused = visit.get("/v1/models", auth=False).status == 401
            return refused and vllm_metrics.PREFIX in visit.get("/metrics", auth=False, max_bytes=PAGE_BYTES).text
    except ProbeError:  # a side question: the reading stands without it
        return False
