"""The list at GET /v1/models, which most engines share: https://platform.openai.com/docs/api-reference/models/list"""

from collections.abc import Iterator
from typing import Any

from .errors import BadAnswer, Cause, ProbeError
from .learning import Learned
from .lenient import LIST_BYTES, keep, mappings, text, texts, whole
from .reading import Model
from .visit import Visit

PATH = "/v1/models"
EVERY = 300.0
"""Seconds from one request for the list to the next, at an engine that has a health check of its own."""

REFUSED = frozenset({Cause.AUTH_REJECTED, Cause.BASIC_AUTH, Cause.RATE_LIMITED})
"""Causes by which the list decides: the server's users meet the same refusal."""


def is_list(answer: Any) -> bool:
    """Whether this is a proper list of models: each entry is an object with an id; an empty one must say "list"."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if data is None and isinstance(answer, dict):  # servers in Go send null for an empty list
        return answer.get("object") == "list"
    if not isinstance(data, list):
        return False
    first = data[0] if data else None
    if first is None:
        return answer.get("object") == "list"
    return isinstance(first, dict) and text(first.get("id")) is not None


def learn_models(visit: Visit, learned: Learned, path: str = PATH) -> None:
    """Brings learned.models up to date. Raises BadAnswer when it is no list."""
    learned.models, warnings = keep(list(_models(ask(visit, path))))
    learned.warn("models", warnings)


def ask(visit: Visit, path: str = PATH) -> dict[str, Any]:
    """The answer of the server, checked to be a list of models."""
    answer: dict[str, Any] = visit.json(path, max_bytes=LIST_BYTES)
    if not is_list(answer):
        raise BadAnswer(Cause.WRONG_SHAPE, f"GET {path}: expected a list of models.")
    return answer


_CAPABILITIES = {"embed": "embedding", "embedding": "embedding", "rerank": "rerank", "classify": "classify"}
"""What Infinity and Xinference say a model is for -> our word: such a model must not be asked to chat."""


def metrics_are_free(visit: Visit) -> bool:
    """False where GET /metrics takes its figures away from other readers: TensorRT-LLM keeps them in a queue.

    https://github.com/NVIDIA/TensorRT-LLM/blob/main/tensorrt_llm/serve/openai_server.py
    """
    try:
        cards = mappings(visit.maybe(PATH, max_bytes=LIST_BYTES).get("data"))
    except ProbeError:
        return True
    return all(card.get("owned_by") != "tensorrt_llm" for card in cards)


def _models(answer: dict[str, Any]) -> Iterator[Model]:
    """`max_model_len` and `parent` are vLLM's and SGLang's, `capabilities` Infinity's, `model_type` Xinference's."""
    for card in mappings(answer.get("data")):
        if name := text(card.get("id")):
            words = (*texts(card.get("capabilities")), text(card.get("model_type")))
            yield Model(
                name,
                context_length=whole(card.get("max_model_len")),
                capabilities=tuple(dict.fromkeys(_CAPABILITIES[word] for word in words if word in _CAPABILITIES)),
                parent=text(card.get("parent")),
            )
