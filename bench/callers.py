"""Callers that ask a model without a pause, or with one, each in a thread of its own and with prompts of its own.

Ollama by /api/generate, every other engine by /v1/completions, streamed, so that the first token has a time. Their own
heartbeat says how late this process was: where it is, the times are ours and not the engine's.
"""

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .product import quantile

WORDS = ("server", "queue", "token", "cache", "batch", "model", "slot", "prompt", "answer", "context", "memory")
BEAT = 0.01
"""Seconds between two heartbeats."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one caller asks for."""

    tokens: int  # of an answer
    words: int = 20  # of a prompt; no two prompts begin alike
    pause: float = 0.0  # seconds between an answer and the next question
    options: dict[str, Any] = field(default_factory=dict)  # of Ollama: num_ctx, ...


@dataclass(slots=True)
class Seen:
    """What the callers saw; times in milliseconds."""

    first: list[float] = field(default_factory=list)  # token
    whole: list[float] = field(default_factory=list)  # answer
    errors: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # heartbeats

    def summary(self) -> dict[str, Any]:
        """Percentiles for people. Where a twentieth of the heartbeats was late by much, the callers were too weak."""
        found = {name: _percentiles(getattr(self, name)) for name in ("first", "whole", "late")}
        return {**found, "answers": len(self.whole), "errors": sorted(set(self.errors))}


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{share:.0%}"[:-1]: round(quantile(values, share), 1) for share in (0.5, 0.95)} if values else {}


@contextmanager
def calling(address: str, engine: str, model: str, works: list[Work]) -> Iterator[Seen]:
    """One caller for each of `works`, from the beginning to the end of the context."""
    seen, over = Seen(), threading.Event()
    ask = _ollama if engine == "ollama" else _openai
    threads = [threading.Thread(target=_call, args=(address, ask, model, work, seen, over)) for work in works]
    threads.append(threading.Thread(target=_beat, args=(seen, over)))
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _call(address: str, ask: Any, model: str, work: Work, seen: Seen, over: threading.Event) -> None:
    host, chance = urlsplit(address).netloc, random.Random()
    while not over.is_set():
        path, question = ask(model, " ".join(chance.choices(WORDS, k=work.words)), work)
        began, first = time.perf_counter(), None
        connection = http.client.HTTPConnection(host, timeout=120)
        try:
            connection.request("POST", path, json.dumps(question), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            for line in answer:
                if line.strip() and first is None:
                    first = time.perf_counter()
            if answer.status != 200:
                seen.errors.append(f"HTTP {answer.status}")
            elif first:
                seen.first.append(1000 * (first - began))
                seen.whole.append(1000 * (time.perf_counter() - began))
        except (OSError, http.client.HTTPException) as error:
            seen.errors.append(type(error).__name__)
        finally:
            connection.close()
        over.wait(work.pause)


def _ollama(model: str, prompt: str, work: Work) -> tuple[str, dict[str, Any]]:
    options = {**work.options, "num_predict": work.tokens, "seed": random.randrange(10**6)}
    return "/api/generate", {"model": model, "prompt": prompt, "options": options}


def _openai(model: str, prompt: str, work: Work) -> tuple[str, dict[str, Any]]:
    question = {"model": model, "prompt": prompt, "max_tokens": work.tokens, "ignore_eos": True, "stream": True}
    return "/v1/completions", question


def _beat(seen: Seen, over: threading.Event) -> None:
    while not over.is_set():
        began = time.perf_counter()
        time.sleep(BEAT)
        seen.late.append(1000 * (time.perf_counter() - began - BEAT))
