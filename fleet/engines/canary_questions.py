"""What a canary asks: the routes that may answer for a model, and the body that asks it for as little as it can give.

Ollama        POST /api/generate       num_predict 1; /api/embed for a model that only embeds
All others    POST /v1/completions     max_tokens 1; a server that has no such route is asked the next one:
              POST /v1/chat/completions, /v1/embeddings, and those that some servers have at the root

https://github.com/ollama/ollama/blob/main/docs/api.md, https://platform.openai.com/docs/api-reference/completions
"""

from typing import Any

from .http.answer import Answer
from .reading import Model

_GENERATE = ["/v1/completions", "/v1/chat/completions", "/chat/completions"]
_EMBED = ["/v1/embeddings", "/embeddings"]
_OLLAMA = (["/api/generate"], ["/api/embed"])
_SURFACES = {"completions": "/v1/completions", "chat": "/v1/chat/completions", "embeddings": "/v1/embeddings"}
_WITHOUT_CANARY = frozenset({"rerank", "reranking", "classify", "score"})
"""Abilities that no route here asks for."""

PROMPT = "Hi"


def routes(engine: str, model: Model, api: dict[str, str], worked: str = "") -> list[str]:
    """The paths to ask, one after the other until the server has one: `worked`, the one that did last time, first.

    `api` has the surfaces of the server, as in Facts. Empty for a model that can neither generate nor embed.
    """
    able = set(model.capabilities)
    generates, embeds = bool(able & {"completion", "chat"}), "embedding" in able
    if able and able <= _WITHOUT_CANARY:
        return []
    to_generate, to_embed = _OLLAMA if engine == "ollama" else (_GENERATE, _EMBED)
    found = to_generate if generates else to_embed if embeds else to_generate + to_embed
    absent = {path for surface, path in _SURFACES.items() if api.get(surface) == "no"}
    present = [path for path in found if path not in absent] or found
    return sorted(present, key=lambda path: path != worked)


def body(path: str, model: str, context: int | None = None) -> dict[str, Any]:
    """The JSON to post to `path`. `context` is the num_ctx, in tokens, with which Ollama has the model loaded: with any
    other, its own default too, Ollama would load it again. No keep_alive, which would overwrite the operator's."""
    loaded_with = {"num_ctx": context} if context else {}
    if path == "/api/generate":
        return {"model": model, "prompt": PROMPT, "stream": False, "options": {**loaded_with, "num_predict": 1}}
    if path == "/api/embed":
        return {"model": model, "input": PROMPT, **({"options": loaded_with} if context else {})}
    if path in _EMBED:
        return {"model": model, "input": PROMPT}
    least = {"model": model, "max_tokens": 1, "temperature": 0}
    if path.endswith("/chat/completions"):
        return {**least, "messages": [{"role": "user", "content": PROMPT}]}
    return {**least, "prompt": PROMPT}


def no_such_route(answer: Answer) -> bool:
    """Whether the server wants to be asked on another route: it has not this one, or not for this model."""
    words = answer.text.lower()
    if "unexpected endpoint" in words:  # LM Studio, with status 200
        return True
    if answer.status in (400, 403, 404, 422):
        elsewhere = "chat" in words or "does not support" in words
        return elsewhere or (answer.status in (403, 404) and "model" not in words)
    return answer.status in (405, 410, 501)
