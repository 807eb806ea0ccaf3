"""What a canary asks of which model, and what the answer means. Pure.

Where a request would load any model, only one in memory is asked, and never a cloud model. The routes are those that
may answer for it, and the body asks it for as little as it can give:

Ollama        POST /api/generate       num_predict 1; /api/embed for a model that only embeds
All others    POST /v1/completions     max_tokens 1; a server that has no such route is asked the next one:
              POST /v1/chat/completions, /v1/embeddings, and those that some servers have at the root

https://github.com/ollama/ollama/blob/main/docs/api.md, https://platform.openai.com/docs/api-reference/completions
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .errors import Cause, NotReady, Rejected
from .http.answer import Answer
from .lenient import mapping, whole
from .products import ON_DEMAND
from .reading import Model
from .refusal import refused

_GENERATE = ["/v1/completions", "/v1/chat/completions", "/chat/completions"]
_EMBED = ["/v1/embeddings", "/embeddings"]
_OLLAMA = (["/api/generate"], ["/api/embed"])
_SURFACES = {"completions": "/v1/completions", "chat": "/v1/chat/completions", "embeddings": "/v1/embeddings"}
_WITHOUT_CANARY = frozenset({"rerank", "reranking", "classify", "score"})
"""Abilities that no route here asks for."""

_ON_DEMAND = frozenset({"ollama", "ollama_herd", "lmstudio", "localai"}) | ON_DEMAND
"""Engines and products that load a model when it is asked for."""

PROMPT = "Hi"


def suitable(engine: str, models: Iterable[Model], allowed: Sequence[str], product: str | None = None) -> list[Model]:
    """The models that may be asked: allowed ones, here, able to answer, and in memory where asking would load them.

    "x" allows "x:latest", Ollama's way of naming.
    """
    names = {name.lower() for name in allowed}
    here = [m for m in models if _names(m) & names and not _in_a_cloud(m)]
    on_demand = not _ON_DEMAND.isdisjoint((engine, product))
    return [m for m in here if (m.loaded or (m.loaded is None and not on_demand)) and routes(engine, m, {})]


def _in_a_cloud(model: Model) -> bool:
    """Ollama's cloud models have a tag like this, also where a gateway passes on nothing but their names."""
    _, colon, tag = model.name.lower().rpartition(":")
    return bool(model.remote_host) or (bool(colon) and (tag == "cloud" or tag.endswith("-cloud")))


def _names(model: Model) -> set[str]:
    name = model.name.lower()
    return {name, name.removesuffix(":latest")}


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


def refusal(answer: Answer, path: str) -> str:
    """Why it did not want to be asked; empty when it took the question. Raises what speaks of the engine."""
    if no_such_route(answer) or (400 <= answer.status < 500 and answer.status != 429):
        said = f': "{answer.quote}"' if answer.body.strip() else ""
        return f"POST {path} answered HTTP {answer.status}{said}"[:300]
    if answer.status == 200:
        return ""
    error = refused(answer, f"POST {path}")
    if answer.status == 503 and isinstance(error, Rejected) and not isinstance(error, NotReady):
        raise Rejected(Cause.SATURATED, error.detail)
    raise error


def reply_of(answer: Answer, path: str) -> dict[str, Any]:
    """The JSON answered; should Ollama stream, its last line. An error can come with status 200."""
    line = answer.body.strip().rpartition(b"\n")[2]
    reply: dict[str, Any] = replace(answer, body=line if path == "/api/generate" else answer.body).json(dict)
    if reply.get("error"):
        raise Rejected(Cause.SERVER_ERROR, f'POST {path} answered with an error. It said: "{answer.quote}"')
    return reply


def spent(answer: dict[str, Any]) -> int:
    """The tokens that an answer cost; at least one, as not every server counts them."""
    total = whole(mapping(answer.get("usage")).get("total_tokens"))
    counted = sum(whole(answer.get(name)) or 0 for name in ("prompt_eval_count", "eval_count"))
    return max(total or counted, 1)


def times(reply: dict[str, Any]) -> dict[str, Any]:
    """Ollama's own times in milliseconds, by the fields of a Canary; empty where the answer lacks one of them.

    What is left of the whole beside loading and computing is the wait for a slot: exact to 3 ms on 0.9.3, where the
    time that the client measures was up to 130 ms off.
    """
    names = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
    found = [ns / 1e6 for name in names if (ns := whole(reply.get(name))) is not None]
    if len(found) < len(names):
        return {}
    total, load, prompt, generation = found
    return {"wait_ms": max(total - load - prompt - generation, 0.0), "load_ms": load, "prompt_ms": prompt}
