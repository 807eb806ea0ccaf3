"""llama.cpp server: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

Every probe    GET /health       200 {"status":"ok"}; 503 "Loading model" while it loads; never wants the key
               GET /slots        how many slots work on a request, where the server shows them
               GET /metrics      working and waiting requests, tokens; only with --metrics
Every 5 min    GET /v1/models    models with context, size and parameters
               GET /props        build, number of slots, what the model can do
Every hour     whether /slots and /metrics, where they were refused, are served now
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .errors import BadAnswer, Cause, Rejected
from .learning import Learned
from .lenient import keep, mapping, mappings, text, texts, whole
from .openai_models import EVERY, ask
from .prometheus import Page
from .reading import Facts, Identity, Load, Model
from .visit import Visit

NAME, LABEL, PORT = "llamacpp", "llama.cpp server", 8080

HOUR = 3600.0
_ALIASES = {
    "running": ("llamacpp:requests_processing",),
    "waiting": ("llamacpp:requests_deferred",),
    "prompt_tokens": ("llamacpp:prompt_tokens_total",),
    "generation_tokens": ("llamacpp:tokens_predicted_total",),
}

_NAMES = [name for names in _ALIASES.values() for name in names]
_LOADED = {"loaded": True, "unloaded": False}
"""The status of a model in router mode; else there is one model, and it is loaded once /health says so."""


def identify(visit: Visit) -> Identity | None:
    """It names itself in a header of every answer, also while it loads."""
    if visit.get("/").headers.get("Server", "") == "llama.cpp":
        return Identity(NAME, "The header Server of GET / says llama.cpp.")
    return None


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises NotReady while the model loads, Rejected when the key is not accepted."""
    learned = Learned(visit, NAME)
    if visit.json("/health").get("status") != "ok":
        raise BadAnswer(Cause.WRONG_SHAPE, 'GET /health: expected the status "ok".')
    if learned.due("models", EVERY):
        with visit.step("models"):
            _learn_models(visit, learned)
    with visit.step("load"):
        load = _load(visit, learned)
    return learned.facts(), replace(load, slots=whole(learned.memory.get("slots")))


def _learn_models(visit: Visit, learned: Learned) -> None:
    cards = list(mappings(ask(visit)["data"]))
    props = mapping(_optional(visit, learned, "/props", EVERY))
    learned.version = text(props.get("build_info"))
    learned.memory["slots"] = whole(props.get("total_slots"))
    running = whole(mapping(props.get("default_generation_settings")).get("n_ctx")) if len(cards) == 1 else None
    able = tuple(_capabilities(props)) if len(cards) == 1 else ()
    models = (_model(card, running, able) for card in cards)
    learned.models, warnings = keep([model for model in models if model.name])
    learned.answered("models", warnings)
    learned.api = dict.fromkeys(("completions", "chat"), "yes")


def _model(card: dict[str, Any], running: int | None, able: tuple[str, ...]) -> Model:
    meta = mapping(card.get("meta"))
    parameters = whole(meta.get("n_params"))
    return Model(
        name=text(card.get("id")) or "",
        size=whole(meta.get("size")),
        parameters=f"{parameters / 1e9:.1f}B" if parameters else None,
        context_length=running or whole(meta.get("n_ctx_train")),
        capabilities=able,
        loaded=_LOADED.get(str(mapping(card["status"]).get("value"))) if "status" in card else True,
    )


def _capabilities(props: dict[str, Any]) -> Iterator[str]:
    if mapping(props.get("modalities")).get("vision") is True:
        yield "vision"
    if mapping(props.get("modalities")).get("audio") is True:
        yield "audio"
    if mapping(props.get("chat_template_caps")).get("supports_tools") is True:
        yield "tools"


def _load(visit: Visit, learned: Learned) -> Load:
    page = _optional(visit, learned, "/metrics", HOUR)
    figures = Page(page if isinstance(page, str) else "", _NAMES)
    counts: dict[str, Any] = {field: figures.count(names) for field, names in _ALIASES.items()}
    if counts["running"] is None:
        slots = [slot.get("is_processing") for slot in mappings(_optional(visit, learned, "/slots", HOUR))]
        known = bool(slots) and all(isinstance(busy, bool) for busy in slots)
        counts["running"] = sum(slots) if known else None
    return Load(**counts)


def _optional(visit: Visit, learned: Learned, path: str, every: float) -> Any:
    """The answer of a route that may be switched off: JSON, or text for /metrics; None without one.

    A refusal is remembered, so that it is asked for again only after `every` seconds.
    """
    off = set(texts(learned.memory.get("off")))
    if path in off and not learned.due(path, every):
        return None
    try:
        answer = visit.get(path)
        found = None if answer.status != 200 else answer.text if path == "/metrics" else answer.json()
    except (BadAnswer, Rejected):
        found = None
    learned.answered(path)
    learned.memory["off"] = sorted(off - {path} if found is not None else off | {path})
    return found
