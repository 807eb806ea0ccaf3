"""LM Studio: https://lmstudio.ai/docs/developer/rest

It answers HTTP 200 to any path, so only the body counts. Its list of 0.4.0 shows how many requests each loaded model
works on at once. The queue, the version and the work going on cannot be seen. Nothing is posted: a generation would
load a model and may push out another.
"""

from collections.abc import Iterator
from typing import Any

from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import LIST_BYTES, keep, mapping, mappings, text, texts, whole
from .openai_models import REFUSED
from .questions import Question
from .reading import Identity, Load, Model
from .visit import Visit

NAME, LABEL, PORT = "lmstudio", "LM Studio", 1234

GREETING = "/lmstudio-greeting"
_API = dict.fromkeys(("completions", "chat", "embeddings"), "yes")


def identify(visit: Visit) -> Identity | None:
    """The greeting is what the vendor's own client checks."""
    return Identity(NAME, f"GET {GREETING} answers lmstudio: true.") if _greets(visit) else None


HEALTH = (f"GET {GREETING}",)


def check_health(visit: Visit, learned: Learned) -> None:
    """The greeting; where a proxy keeps that from us, the list of models."""
    if not _greets(visit):
        _entries(visit)


def _greets(visit: Visit) -> bool:
    return visit.maybe(GREETING).get("lmstudio") is True


def _entries(visit: Visit) -> tuple[list[Any], bool]:
    """The models, and whether they are listed in the way of 0.4.0."""
    entries = visit.json("/api/v1/models", ok=(200, 404), max_bytes=LIST_BYTES).get("models")
    if isinstance(entries, list):
        return entries, True
    entries = visit.json("/api/v0/models", max_bytes=LIST_BYTES).get("data")
    if not isinstance(entries, list):
        raise BadAnswer(Cause.WRONG_SHAPE, "Neither GET /api/v1/models nor /api/v0/models gave a list of models.")
    return entries, False


def _learn_models(visit: Visit, learned: Learned) -> None:
    entries, native = _entries(visit)
    # Stateful /v1/responses came with 0.3.29, so the API of 0.4.0 has it; older ones do not show.
    learned.api = {**_API, "responses": "stateful"} if native else dict(_API)
    models = map(_model, mappings(entries)) if native else map(_old_model, mappings(entries))
    learned.models, warnings = keep([model for model in models if model.name])
    learned.warn("models", warnings)
    learned.load = Load(slots=_slots(entries) if native else None)


QUESTIONS = (
    Question(
        "models",
        _learn_models,
        ("GET /api/v1/models (before 0.4.0: /api/v0/models)",),
        cost="lists what is on disk",
        decides=REFUSED,
    ),
)


def _model(entry: dict[str, Any]) -> Model:
    instances = list(mappings(entry.get("loaded_instances")))
    running = (whole(mapping(i.get("config")).get("context_length")) for i in instances)
    return Model(
        name=text(entry.get("key")) or "",
        size=whole(entry.get("size_bytes")),
        quantization=text(mapping(entry.get("quantization")).get("name")),
        parameters=text(entry.get("params_string")),
        context_length=next((n for n in running if n), None) or whole(entry.get("max_context_length")),
        capabilities=tuple(_capabilities(entry)),
        loaded=bool(instances),
    )


def _capabilities(entry: dict[str, Any]) -> Iterator[str]:
    able = mapping(entry.get("capabilities"))
    yield "embedding" if entry.get("type") == "embedding" else "completion"
    if able.get("vision") is True:
        yield "vision"
    if able.get("trained_for_tool_use") is True:
        yield "tools"
    if mapping(able.get("reasoning")):
        yield "thinking"


def _old_model(entry: dict[str, Any]) -> Model:
    kind = entry.get("type")
    able = ("embedding",) if kind == "embeddings" else ("completion", "vision") if kind == "vlm" else ("completion",)
    tools = ("tools",) if "tool_use" in texts(entry.get("capabilities")) else ()
    running = whole(entry.get("loaded_context_length"))
    return Model(
        name=text(entry.get("id")) or "",
        quantization=text(entry.get("quantization")),
        context_length=running or whole(entry.get("max_context_length")),
        capabilities=able + tools,
        loaded={"loaded": True, "not-loaded": False}.get(str(entry.get("state"))),
    )


def _slots(entries: list[Any]) -> int | None:
    """The requests that all loaded models together work on at once; unknown when one of them does not show it.

    Embedding models have no such figure: https://lmstudio.ai/docs/developer/rest/list
    """
    llms = [entry for entry in mappings(entries) if entry.get("type") != "embedding"]
    instances = [instance for entry in llms for instance in mappings(entry.get("loaded_instances"))]
    slots = [whole(mapping(instance.get("config")).get("parallel")) for instance in instances]
    return sum(n or 0 for n in slots) if slots and None not in slots else None
