"""SGLang: https://docs.sglang.io/basic_usage/native_api.html and .../references/production_metrics.html

Every probe    GET /health         503 while it starts, 200 after its warm-up
               GET /metrics        how hard it works; only with --enable-metrics, asked once an hour without
Every 5 min    GET /v1/models      models and their context
               GET /server_info    version and the number of requests at once (older: /get_server_info)

Of /server_info only these two fields are kept: it repeats all settings of the server, keys too.
"""

from typing import Any

from .errors import BadAnswer, Cause, NotReady
from .learning import Learned
from .lenient import mapping, text, whole
from .openai_models import EVERY, learn_models
from .prometheus import Page
from .reading import Facts, Identity, Load
from .visit import Visit, check

NAME, LABEL, PORT = "sglang", "SGLang", 30000
LISTENS_LATE = True  # it takes no connections until its model is loaded

HOUR = 3600.0
_ALIASES = {
    "running": ("sglang:num_running_reqs",),
    "waiting": ("sglang:num_queue_reqs",),
    "prompt_tokens": ("sglang:prompt_tokens_total",),
    "generation_tokens": ("sglang:generation_tokens_total",),
    "requests": ("sglang:num_requests_total",),
}
_USAGE = ("sglang:token_usage",)
_NAMES = [name for names in (*_ALIASES.values(), _USAGE) for name in names]


def identify(visit: Visit) -> Identity | None:
    """vLLM's development mode has a /server_info too, but with other fields."""
    path, info = _server_info(visit)
    if info:
        return Identity(NAME, f"GET {path} gives tp_size and internal_states.")
    return None


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises NotReady while it starts."""
    learned = Learned(visit, NAME)
    answer = visit.get("/health")
    if answer.status == 503:
        raise NotReady(Cause.LOADING, "GET /health answered HTTP 503: it is starting.")
    check(answer, "GET /health")
    learn_models(visit, learned)
    if learned.due("server info", EVERY):
        _, info = _server_info(visit)
        if not info:
            raise BadAnswer(Cause.WRONG_SHAPE, "Neither GET /server_info nor /get_server_info is as SGLang's.")
        learned.version = text(info.get("version"))
        learned.memory["slots"] = whole(info.get("max_running_requests"))
        learned.answered("server info")
        learned.api = dict.fromkeys(("completions", "chat"), "yes")
    with visit.step("load"):
        load = _load(visit, learned)
    return learned.facts(), load


def _server_info(visit: Visit) -> tuple[str, dict[str, Any]]:
    for path in ("/server_info", "/get_server_info"):
        answer = visit.get(path)
        try:
            info = mapping(answer.json()) if answer.status == 200 else {}
        except BadAnswer:
            continue
        if whole(info.get("tp_size")) and "internal_states" in info:
            return path, info
    return "", {}


def _load(visit: Visit, learned: Learned) -> Load:
    slots = whole(learned.memory.get("slots"))
    if learned.memory.get("no metrics") and not learned.due("metrics", HOUR):
        return Load(slots=slots)
    answer = visit.get("/metrics")
    learned.memory["no metrics"] = answer.status != 200
    learned.answered("metrics")
    page = Page(answer.text if answer.status == 200 else "", _NAMES)
    counts: dict[str, Any] = {field: page.count(names) for field, names in _ALIASES.items()}
    return Load(**counts, kv_cache_usage=page.highest(_USAGE), slots=slots)
