"""A canary: one token asked of one model, since a server that answers may still be unable to work.

Ollama                     POST /api/generate     the first piece of the stream is enough: closing ends the rest
                           POST /api/embed        for a model that only embeds
All others                 POST /v1/completions   max_tokens 1; /v1/chat/completions or /v1/embeddings where need be

On Ollama and LM Studio only a model in memory is asked, as a request would load any other. Ollama gets no options,
which could make it load the model anew, and no keep_alive, which would overwrite the operator's; never a cloud model.
https://github.com/ollama/ollama/blob/main/docs/api.md, https://platform.openai.com/docs/api-reference/completions
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .answer import Answer
from .client import Client
from .errors import Cause, NotReady, ProbeError, Rejected
from .lenient import mapping, whole
from .probe import probe
from .reading import Canary, Exchange, Failure, Load, Model, Reading
from .visit import check

CANARY_DEADLINE = 10.0
CONFIRM_DEADLINE = 5.0
"""Seconds for the canary that confirms a doubt."""

AGAIN_DEADLINE = 2.5
LONGEST = CANARY_DEADLINE + AGAIN_DEADLINE + CONFIRM_DEADLINE
"""Seconds that a canary with all that follows its failure takes at most."""

_ONLY_LOADED = ("ollama", "lmstudio")
_COUNTS_EACH_TOKEN = ("vllm",)
"""Engines whose counters move with every step. Others count a request when it is over, so theirs may rest."""

_PROMPT = "Hi"


def suitable(engine: str, models: Iterable[Model], allowed: Sequence[str]) -> list[Model]:
    """The models that may be asked: allowed ones, here, and in memory where asking would load them.

    "x" allows "x:latest", Ollama's way of naming.
    """
    names = {name.lower() for name in allowed}
    return [m for m in models if _names(m) & names and not m.remote_host and _is_loaded(engine, m)]


def _names(model: Model) -> set[str]:
    name = model.name.lower()
    return {name, name.removesuffix(":latest")}


def _is_loaded(engine: str, model: Model) -> bool:
    return bool(model.loaded) if engine in _ONLY_LOADED else model.loaded is not False


def ask(
    base_url: str,
    engine: str,
    model: Model,
    reading: Reading,
    *,
    api_key: str | None = None,
    username: str | None = None,
    timeout: float = CANARY_DEADLINE,
    verify: bool = True,
) -> Reading:
    """`reading`, a good one of just now, with the canary and its requests added; `timeout` in seconds. Never raises
    a ProbeError: what went wrong is the canary's failure, or its note when it says nothing about the engine."""
    asker = _Asker(base_url, engine, model, reading, {"api_key": api_key, "username": username, "verify": verify})
    canary = asker.ask(timeout)
    return replace(reading, canary=canary, exchanges=(*reading.exchanges, *asker.exchanges))


class _Asker:
    def __init__(self, base_url: str, engine: str, model: Model, reading: Reading, options: dict[str, Any]) -> None:
        self.base_url, self.engine, self.model, self.reading = base_url, engine, model, reading
        self.options = options
        self.exchanges: list[Exchange] = []

    def ask(self, timeout: float) -> Canary:
        path, payload = question(self.engine, self.model, self.reading.facts.api)
        try:
            answer = self._post(path, payload, timeout, whole=path != "/api/generate")
            note = self._refusal(answer, path)
            tokens = 0 if note else spent(_body(answer, path))
            return Canary(self.model.name, self.exchanges[0].total_ms, tokens, note=note)
        except ProbeError as error:
            failure = self._failure(error, timeout)
            return Canary(self.model.name, self.exchanges[0].total_ms if self.exchanges else None, failure=failure)

    def _post(self, path: str, payload: dict[str, Any], timeout: float, whole: bool = True) -> Answer:
        """POST over a connection of its own. A ProbeError gets its step and loses the API key."""
        with Client(self.base_url, deadline=timeout, **self.options) as client:
            client.step = "canary"
            try:
                return client.post(path, payload, whole=whole)
            except ProbeError as error:
                error.step = "canary" if client.connected else "connect"
                error.detail = client.scrub(error.detail)
                raise
            finally:
                self.exchanges += client.exchanges

    def _refusal(self, answer: Answer, path: str) -> str:
        """Why it did not want to be asked; empty when it took the question. Raises what speaks of the engine."""
        no_such_path = self.engine == "lmstudio" and "Unexpected endpoint" in answer.text  # its way of 404 is a 200
        if no_such_path or (400 <= answer.status < 500 and answer.status != 429):
            said = f': "{answer.quote}"' if answer.body.strip() else ""
            return f"POST {path} answered HTTP {answer.status}{said}"[:300]
        try:
            check(answer, f"POST {path}")
        except NotReady:
            raise
        except Rejected as error:
            if answer.status == 503:
                raise Rejected(Cause.SATURATED, error.detail) from None
            raise
        return ""

    def _failure(self, error: ProbeError, timeout: float) -> Failure:
        if error.cause is Cause.TIMED_OUT and error.step == "canary":
            return self._why_late(timeout)
        return Failure(error.cause, error.step or "canary", error.detail)

    def _why_late(self, timeout: float) -> Failure:
        """Busy is not wedged: look at the load again, and say so when work went on meanwhile."""
        again = probe(
            self.base_url, engine=self.engine, known=self.reading.facts, timeout=AGAIN_DEADLINE, **self.options
        )
        self.exchanges += [replace(exchange, step="canary") for exchange in again.exchanges]
        if again.failure:
            return again.failure
        late = f"{self.model.name} gave no token within {timeout:g} s"
        if why := self._why_busy(again):
            return Failure(Cause.SATURATED, "canary", f"{late}, but {why}")
        return Failure(Cause.WEDGED, "canary", f"{late}{_stood_still(again.load)}")

    def _why_busy(self, again: Reading) -> str:
        before, after = self.reading.load, again.load
        if moved(before, after):
            return "others got theirs meanwhile"
        if self.engine not in _COUNTS_EACH_TOKEN and (before.running or before.waiting):
            return f"{(before.running or 0) + (before.waiting or 0)} other requests were under way"
        if self.engine == "ollama":
            return self._why_ollama_is_busy(again)
        return ""

    def _why_ollama_is_busy(self, again: Reading) -> str:
        """Ollama shows no work in progress. A request without a prompt waits for no other request, but Ollama asks
        the model's own process whether it lives before it answers: so a long queue answers, a frozen process not."""
        if _in_memory(self.reading) != _in_memory(again):
            return "Ollama is moving models in or out of memory"
        try:
            self._post("/api/generate", {"model": self.model.name, "stream": False}, CONFIRM_DEADLINE)
        except ProbeError:
            return ""
        return "its process answers: others may be before it"


def question(engine: str, model: Model, api: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The path and the body that ask this model for as little as it can give."""
    embeds = "embedding" in model.capabilities and "completion" not in model.capabilities
    if engine == "ollama":
        if embeds:
            return "/api/embed", {"model": model.name, "input": _PROMPT}
        return "/api/generate", {"model": model.name, "prompt": _PROMPT, "stream": True}
    if embeds:
        return "/v1/embeddings", {"model": model.name, "input": _PROMPT}
    least = {"model": model.name, "max_tokens": 1, "temperature": 0}
    if api.get("completions") == "no":
        return "/v1/chat/completions", {**least, "messages": [{"role": "user", "content": _PROMPT}]}
    return "/v1/completions", {**least, "prompt": _PROMPT}


def moved(before: Load, after: Load) -> bool:
    """Whether the engine worked between two looks, by its counters of tokens. Not by that of finished requests where
    there is a better one: a request that was given up counts as finished too."""
    if before.process_start != after.process_start:
        return False
    pairs = [(before.generation_tokens, after.generation_tokens), (before.prompt_tokens, after.prompt_tokens)]
    if all(None in pair for pair in pairs):
        pairs = [(before.requests, after.requests)]
    return any(old is not None and new is not None and new > old for old, new in pairs)


def spent(body: dict[str, Any]) -> int:
    """The tokens that an answer cost; at least one, as the first piece of a stream does not tell."""
    told = whole(mapping(body.get("usage")).get("total_tokens"))
    counted = sum(whole(body.get(name)) or 0 for name in ("prompt_eval_count", "eval_count"))
    return max(told or counted, 1)


def _body(answer: Answer, path: str) -> dict[str, Any]:
    """The JSON answered, of a stream its first line. An error can come with status 200."""
    line = answer.body.strip().partition(b"\n")[0]
    body: dict[str, Any] = replace(answer, body=line if path == "/api/generate" else answer.body).json(dict)
    if body.get("error"):
        raise Rejected(Cause.SERVER_ERROR, f'POST {path} answered with an error. It said: "{answer.quote}"')
    return body


def _in_memory(reading: Reading) -> set[str]:
    return {model.name for model in reading.facts.models if model.loaded}


def _stood_still(load: Load) -> str:
    return " while its token counters stood still" if load.generation_tokens is not None else ""
