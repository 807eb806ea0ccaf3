"""Text Generation Inference: https://huggingface.co/docs/text-generation-inference/reference/api_reference

It serves one model. The project is in maintenance mode.
"""

from itertools import chain
from typing import Any

from . import counters
from .counters import Figures
from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import text, whole
from .prometheus import METRICS_BYTES, Page
from .questions import Question
from .reading import Identity, Load, Model
from .visit import Visit, check

NAME, LABEL, PORT = "tgi", "Text Generation Inference", 3000

INFO_EVERY = 300.0
FIGURES = {
    "running": ("tgi_batch_current_size",),
    "waiting": ("tgi_queue_size",),
    "requests": ("tgi_request_success", "tgi_request_success_total"),
}

COUNTERS = Figures(
    counts={
        "requests": FIGURES["requests"],
        "prompt_tokens": ("tgi_request_input_length_sum",),
        "generation_tokens": ("tgi_request_generated_tokens_sum",),
    },
    parts={"rejected": (("tgi_request_failure", "tgi_request_failure_total"), "err", "overloaded")},
    histograms={
        "itl": ("tgi_request_mean_time_per_token_duration",),  # each request's mean
        "queue": ("tgi_request_queue_duration",),
        "e2e": ("tgi_request_duration",),
    },
)


def identify(visit: Visit) -> Identity | None:
    """Others have an /info as well; only this one names its router."""
    info = visit.maybe("/info")
    return Identity(NAME, f"GET /info names the router {text(info['router'])}.") if _is_tgi(info) else None


HEALTH = ("GET /health",)


def check_health(visit: Visit, learned: Learned) -> None:
    """It answers 200 with an empty body when it can generate."""
    visit.health("/health")


def _is_tgi(info: dict[str, Any]) -> bool:
    return (text(info.get("router")) or "").startswith("text-generation-router")


def _learn_info(visit: Visit, learned: Learned) -> None:
    info = visit.json("/info")
    name = text(info.get("model_id"))
    if not _is_tgi(info) or name is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /info: expected TGI's router and model.")
    learned.version = text(info.get("version"))
    learned.memory["slots"] = whole(info.get("max_concurrent_requests"))
    learned.models = (Model(name, context_length=whole(info.get("max_total_tokens")), loaded=True),)
    learned.api = dict.fromkeys(("completions", "chat"), "yes")


def _learn_load(visit: Visit, learned: Learned) -> None:
    slots = whole(learned.memory.get("slots"))
    learned.load = Load(slots=slots)
    page = visit.get("/metrics", max_bytes=METRICS_BYTES)
    check(page, "GET /metrics")
    learned.metrics = page.text
    learned.load = Load(**Page(learned.metrics, chain(*FIGURES.values())).counts(FIGURES), slots=slots)


QUESTIONS = (
    Question("models", _learn_info, ("GET /info",), every=INFO_EVERY),
    Question("load", _learn_load, ("GET /metrics",), step="load", cost="a page of text from its counters"),
    counters.question(COUNTERS),
)
