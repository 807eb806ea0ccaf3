"""A search of this machine: which inference servers answer at the usual ports?"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from django.db.models import QuerySet

from ..engines.probe import probe
from ..engines.reading import Identity, Reading
from ..engines.registry import label
from ..models import Endpoint
from .actions import suggested_name

PORTS = (11434, 8000, 1234, 8080, 30000)
"""The default ports of Ollama, vLLM, LM Studio, llama.cpp (and LocalAI) and SGLang."""

DEADLINE = 2.0
"""Seconds for each port; all are asked at the same time."""


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answers on this machine."""

    url: str
    name: str  # a suggestion
    engine: str
    label: str
    proof: str
    version: str | None
    models: tuple[str, ...]
    reading: Reading
    watched_as: Endpoint | None = None


def find_servers(
    known: QuerySet[Endpoint],
    ports: Iterable[int] = PORTS,
    own_ports: Iterable[int] = (),
    host: str = "localhost",
) -> list[Found]:
    """The servers found at `ports` of this machine, leaving out our own, and which of the `known` endpoints they are.

    Takes up to DEADLINE seconds.
    """
    urls = [f"http://{host}:{port}" for port in ports if port not in set(own_ports)]
    with ThreadPoolExecutor(max_workers=max(1, len(urls))) as pool:
        readings = list(pool.map(partial(probe, timeout=DEADLINE, identify=True), urls))
    watched = {e.url: e for e in known.select_related("team").filter(url__in=_spellings(urls))}
    return [
        _found(url, reading, reading.identity, next((watched[s] for s in _spellings([url]) if s in watched), None))
        for url, reading in zip(urls, readings, strict=True)
        if reading.identity is not None
    ]


def _spellings(urls: Iterable[str]) -> list[str]:
    """The same addresses as people write them."""
    return [url.replace("localhost", host) for url in urls for host in ("localhost", "127.0.0.1")]


def _found(url: str, reading: Reading, identity: Identity, watched_as: Endpoint | None) -> Found:
    return Found(
        url=url,
        name=suggested_name(url),
        engine=identity.engine,
        label=label(identity.engine),
        proof=identity.proof,
        version=reading.facts.version,
        models=tuple(model.name for model in reading.facts.models),
        reading=reading,
        watched_as=watched_as,
    )
