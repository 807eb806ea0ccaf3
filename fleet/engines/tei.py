"""Text Embeddings Inference: https://huggingface.co/docs/text-embeddings-inference/

It serves one model, which embeds, ranks or classifies; it generates nothing and lists no models. Its metrics may be on
a port of their own (--prometheus-port), and then the load is not known.
"""

from typing import Any

from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import mapping, text, whole
from .prometheus import METRICS_BYTES, metrics
from .questions import Question
from .reading import Identity, Load, Model
from .visit import Visit

NAME, LABEL, PORT = "tei", "Text Embeddings Inference", 80

EVERY = 300.0
_KINDS = {"embedding": "embedding", "reranker": "rerank", "classifier": "classify"}
"""Its word for a kind of model -> our capability."""

FIGURES = {
    "waiting": ("te_queue_size",),
    "requests": ("te_request_success", "te_request_success_total"),
}


def identify(visit: Visit) -> Identity | None:
    """TGI has an /info as well, but names no kind of model."""
    info = visit.maybe("/info")
    return Identity(NAME, f"GET /info gives the model_type {_kind(info)}.") if _kind(info) else None


HEALTH = ("GET /health",)


def check_health(visit: Visit, learned: Learned) -> None:
    """It answers 200 with an empty body when its backend works."""
    visit.health("/health")


def _kind(info: dict[str, Any]) -> str | None:
    return next((kind for kind in mapping(info.get("model_type")) if kind in _KINDS), None)


def _learn_info(visit: Visit, learned: Learned) -> None:
    info = visit.json("/info")
    name, kind = text(info.get("model_id")), _kind(info)
    if name is None or kind is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /info: expected a model_id and its model_type.")
    learned.version = text(info.get("version"))
    learned.memory["slots"] = whole(info.get("max_concurrent_requests"))
    length = whole(info.get("max_input_length"))
    learned.models = (Model(name, context_length=length, capabilities=(_KINDS[kind],), loaded=True),)
    learned.api = {"embeddings": "yes"} if kind == "embedding" else {}


def _learn_load(visit: Visit, learned: Learned) -> None:
    slots = whole(learned.memory.get("slots"))
    learned.load = Load(slots=slots)
    if visit.get("/metrics", max_bytes=METRICS_BYTES).status != 404:
        learned.load = Load(**metrics(visit, *FIGURES.values()).counts(FIGURES), slots=slots)


QUESTIONS = (
    Question("models", _learn_info, ("GET /info",), every=EVERY),
    Question("load", _learn_load, ("GET /metrics",), step="load", cost="a page of text from its counters"),
)
