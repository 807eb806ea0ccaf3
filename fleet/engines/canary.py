"""A canary: one token asked of one model, since a server that answers may still be unable to work.

It must change nothing: Ollama's models are asked only while they are in memory, with the context they are loaded with.
Who may be asked, what is asked, and what the answer means: canary_questions.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .canary_questions import body, no_such_route, refusal, reply_of, spent, times
from .errors import Cause, ProbeError
from .http.answer import Answer
from .http.client import Client
from .lenient import whole
from .ollama_memory import in_memory, loaded_again
from .probe import probe
from .reading import Canary, Exchange, Failure, Load, Model, Reading

CANARY_DEADLINE = 10.0
CONFIRM_DEADLINE = 5.0
"""Seconds for the canary that confirms a doubt."""

AGAIN_DEADLINE = 2.5
LONGEST = CANARY_DEADLINE + 3 * AGAIN_DEADLINE + CONFIRM_DEADLINE
"""Seconds that a canary with all that follows its failure takes at most."""

_COUNTS_EACH_TOKEN = ("vllm",)
"""Engines whose counters move with every step. Others count a request when it is over, so theirs may rest."""

UNLOADED = "it left the memory just before"


def ask(
    base_url: str,
    engine: str,
    model: Model,
    paths: Sequence[str],
    reading: Reading,
    *,
    api_key: str | None = None,
    username: str | None = None,
    timeout: float = CANARY_DEADLINE,
    verify: bool = True,
) -> Reading:
    """`reading`, a good one of just now, with the canary and its requests added; `timeout` in seconds.

    `paths` are the routes to ask until the server has one. Never raises a ProbeError: what went wrong is the canary's
    failure, or its note when it shows nothing of the engine.
    """
    asker = _Asker(base_url, engine, model, reading, {"api_key": api_key, "username": username, "verify": verify})
    canary = asker.ask_ollama(timeout, paths) if engine == "ollama" else asker.ask(timeout, paths)
    return replace(reading, canary=canary, exchanges=(*reading.exchanges, *asker.exchanges))


class _Asker:
    def __init__(self, base_url: str, engine: str, model: Model, reading: Reading, options: dict[str, Any]) -> None:
        self.base_url, self.engine, self.model, self.reading = base_url, engine, model, reading
        self.options = options
        self.exchanges: list[Exchange] = []
        self.context: int | None = None  # tokens with which Ollama has the model loaded
        self.reply: dict[str, Any] = {}  # what the model answered

    def ask_ollama(self, timeout: float, paths: Sequence[str]) -> Canary | None:
        """Only what is in memory now is asked, and with the context it is loaded with. None: what is, is not known.

        A canary that failed does not count as one that made Ollama load the model: it replaces a process that hangs or
        crashed. One that came too late while models moved does.
        """
        name, canary = self.model.name, None
        try:
            before = in_memory(self._send("GET", "/api/ps", AGAIN_DEADLINE).json(dict))
            if name not in before:
                return Canary(name, skipped=UNLOADED)
            self.context = before[name].context_length
            canary = self.ask(timeout, paths)
            if canary.note or (canary.failure and canary.failure.cause is not Cause.SATURATED):
                return canary
            after = in_memory(self._send("GET", "/api/ps", AGAIN_DEADLINE).json(dict))
        except ProbeError:
            return canary
        loaded = loaded_again(name, whole(self.reply.get("load_duration")), before, after)
        busy = name in after and (after[name].expires_at or 0) <= (before[name].expires_at or 0)
        return replace(canary, loaded=loaded, left_busy=busy)

    def ask(self, timeout: float, paths: Sequence[str]) -> Canary:
        """The first route that the server has decides."""
        name, until, first = self.model.name, time.monotonic() + timeout, ""
        try:
            for path in paths:
                answer = self._send("POST", path, until - time.monotonic(), body(path, name, self.context))
                note = refusal(answer, path)
                if not note:
                    self.reply = reply_of(answer, path)
                    return Canary(
                        name, self._ms(), spent(self.reply), path=path, status=answer.status, **times(self.reply)
                    )
                if not no_such_route(answer):
                    return Canary(name, self._ms(), note=note, status=answer.status)
                first = first or note
            return Canary(name, self._ms(), note=first)
        except ProbeError as error:
            ms, status = self._ms(), self.exchanges[-1].status if self.exchanges else None
            return Canary(name, ms, failure=self._failure(error, timeout), status=status)

    def _ms(self) -> float | None:
        return self.exchanges[-1].total_ms if self.exchanges else None

    def _send(self, method: str, path: str, seconds: float, payload: dict[str, Any] | None = None) -> Answer:
        """A request over a connection of its own. A ProbeError gets its step and loses the API key."""
        with Client(self.base_url, deadline=max(seconds, 0.0), **self.options) as client:
            client.step = "canary"
            try:
                return client.get(path) if payload is None else client.post(path, payload)
            except ProbeError as error:
                error.step = "canary" if client.connected else "connect"
                error.detail = client.scrub(error.detail)
                raise
            finally:
                self.exchanges += client.exchanges

    def _failure(self, error: ProbeError, timeout: float) -> Failure:
        if error.cause is Cause.TIMED_OUT and error.step == "canary":
            # Busy is not wedged: read the load again, and report it when work went on meanwhile.
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
        return Failure(error.cause, error.step or "canary", error.detail)

    def _why_busy(self, again: Reading) -> str:
        before, after = self.reading.load, again.load
        if after.worked_since(before):
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
            unasked = {**body("/api/generate", self.model.name, self.context), "prompt": ""}
            self._send("POST", "/api/generate", CONFIRM_DEADLINE, unasked)
        except ProbeError:
            return ""
        return "its process answers: others may be before it"


def _in_memory(reading: Reading) -> set[tuple[str, int | None]]:
    return {(model.name, model.size_loaded) for model in reading.facts.models if model.loaded}


def _stood_still(load: Load) -> str:
    return " while its token counters stood still" if load.generation_tokens is not None else ""
