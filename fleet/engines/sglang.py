"""SGLang: https://docs.sglang.io/basic_usage/native_api.html and .../references/production_metrics.html

GET /health answers 503 with an empty body while it starts, 200 after its warm-up. The metrics are there only with
--enable-metrics; with --enable-metrics-for-all-schedulers each rank of a tensor-parallel group shows the same figures.
Of /server_info only two fields are kept: it repeats all settings of the server, keys too.
"""

from itertools import chain
from typing import Any

from . import counters
from .counters import Figures
from .errors import BadAnswer, Cause, NotReady
from .learning import Learned
from .lenient import text, whole
from .openai_models import EVERY
from .prometheus import METRICS_BYTES, Page
from .questions import LIST_OF_MODELS, Question
from .reading import Identity, Load
from .refusal import is_bare_503
from .visit import Visit, check

NAME, LABEL, PORT = "sglang", "SGLang", 30000
LISTENS_LATE = True  # it takes no connections until its model is loaded

FIGURES = {
    "running": ("sglang:num_running_reqs",),
    "waiting": ("sglang:num_queue_reqs",),
    "prompt_tokens": ("sglang:prompt_tokens_total",),
    "generation_tokens": ("sglang:generation_tokens_total",),
    "requests": ("sglang:num_requests_total",),
    "kv_cache_usage": ("sglang:token_usage",),
}
_RANKS = ("tp_rank", "pp_rank", "moe_ep_rank", "moe_tp_rank", "moe_dp_rank", "attn_tp_rank", "attn_cp_rank", "cp_rank")
"""The labels of ranks that show the same requests; those of data-parallel ranks (dp_rank) add up."""
COUNTERS = Figures(
    counts={
        **{name: FIGURES[name] for name in ("requests", "prompt_tokens", "generation_tokens")},
        "aborted": ("sglang:num_aborted_requests_total",),
        "preempted": ("sglang:num_retracted_requests_total",),
        "queried_tokens": FIGURES["prompt_tokens"],  # all of a prompt is sought in the cache
        "cached_tokens": ("sglang:cached_tokens_total",),
    },
    histograms={
        "ttft": ("sglang:time_to_first_token_seconds",),
        "itl": ("sglang:inter_token_latency_seconds", "sglang:time_per_output_token_seconds"),
        "queue": ("sglang:queue_time_seconds",),
        "e2e": ("sglang:e2e_request_latency_seconds",),
    },
    copies=_RANKS,
    processes=("dp_rank",),
)
_GAUGES = ("running", "waiting")
_PRIORITY = "priority"
"""With --enable-priority-scheduling a gauge has the total under priority="" and each priority beside it; a counter has
the priorities alone."""


def identify(visit: Visit) -> Identity | None:
    """vLLM's development mode has a /server_info too, but with other fields."""
    path, info = _server_info(visit)
    return Identity(NAME, f"GET {path} gives tp_size and internal_states.") if info else None


HEALTH = ("GET /health",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Raises NotReady while it starts."""
    if is_bare_503(visit.get("/health")):
        raise NotReady(Cause.LOADING, "GET /health answered HTTP 503 with an empty body: it is starting.")
    visit.health("/health")


def _server_info(visit: Visit) -> tuple[str, dict[str, Any]]:
    for path in ("/server_info", "/get_server_info"):
        info = visit.maybe(path)
        if whole(info.get("tp_size")) and "internal_states" in info:
            return path, info
    return "", {}


def _learn_info(visit: Visit, learned: Learned) -> None:
    _, info = _server_info(visit)
    if not info:
        check(visit.get("/server_info"), "GET /server_info")
        raise BadAnswer(Cause.WRONG_SHAPE, "Neither GET /server_info nor /get_server_info is as SGLang's.")
    learned.version = text(info.get("version"))
    learned.memory["slots"] = whole(info.get("max_running_requests"))
    learned.api = dict.fromkeys(("completions", "chat"), "yes")


def _learn_load(visit: Visit, learned: Learned) -> None:
    learned.load = Load(slots=whole(learned.memory.get("slots")))
    answer = learned.optional("/metrics", max_bytes=METRICS_BYTES)
    if answer is None:
        return
    learned.metrics = answer.text
    page = Page(learned.metrics, chain(*FIGURES.values()))
    counts: dict[str, Any] = {
        field: page.count(names, copies=(*_RANKS, _PRIORITY) if field in _GAUGES else _RANKS)
        for field, names in FIGURES.items()
    }
    counts["kv_cache_usage"] = page.highest(FIGURES["kv_cache_usage"])
    learned.load = Load(**counts, slots=learned.load.slots)


QUESTIONS = (
    LIST_OF_MODELS,
    Question("server info", _learn_info, ("GET /server_info (older: /get_server_info)",), every=EVERY),
    Question(
        "load",
        _learn_load,
        ("GET /metrics",),
        step="load",
        cost="a page of text from its counters; once an hour where it is switched off",
    ),
    counters.question(COUNTERS),
)
