"""Text Generation Inference: https://huggingface.co/docs/text-generation-inference/reference/api_reference

Every probe    GET /health     200 with an empty body when it can generate
               GET /metrics    batch and queue
Every 5 min    GET /info       version, the one model, its context, the most requests at once
"""

from typing import Any

from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import mapping, text, whole
from .prometheus import Page
from .reading import Facts, Identity, Load, Model
from .visit import Visit, check

NAME, LABEL, PORT = "tgi", "Text Generation Inference", 3000

INFO_EVERY = 300.0
_ALIASES = {
    "running": ("tgi_batch_current_size",),
    "waiting": ("tgi_queue_size",),
    "requests": ("tgi_request_success", "tgi_request_success_total"),
}

_NAMES = [name for names in _ALIASES.values() for name in names]


def identify(visit: Visit) -> Identity | None:
    """Others have an /info as well; only this one names its router."""
    answer = visit.get("/info")
    try:
        info = mapping(answer.json()) if answer.status == 200 else {}
    except BadAnswer:
        return None
    if _is_tgi(info):
        return Identity(NAME, f"GET /info names the router {text(info['router'])}.")
    return None


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises BadAnswer when /info is not its own."""
    learned = Learned(visit, NAME)
    check(visit.get("/health"), "GET /health")
    if learned.due("info", INFO_EVERY):
        with visit.step("models"):
            _learn_info(visit.json("/info"), learned)
    with visit.step("load"):
        answer = visit.get("/metrics")
    page = Page(answer.text if answer.status == 200 else "", _NAMES)
    counts: dict[str, Any] = {field: page.count(names) for field, names in _ALIASES.items()}
    return learned.facts(), Load(**counts, slots=whole(learned.memory.get("slots")))


def _is_tgi(info: dict[str, Any]) -> bool:
    return (text(info.get("router")) or "").startswith("text-generation-router")


def _learn_info(info: dict[str, Any], learned: Learned) -> None:
    name = text(info.get("model_id"))
    if not _is_tgi(info) or name is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /info: expected TGI's router and model.")
    learned.version = text(info.get("version"))
    learned.memory["slots"] = whole(info.get("max_concurrent_requests"))
    learned.models = (Model(name, context_length=whole(info.get("max_total_tokens")), loaded=True),)
    learned.api = dict.fromkeys(("completions", "chat"), "yes")
    learned.answered("info")
