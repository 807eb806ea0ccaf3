"""Asking a fake engine, as the tests of the engine modules do it: by the real client, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from fleet.engines import canary
from fleet.engines.canary_questions import routes
from fleet.engines.http.client import Client
from fleet.engines.probe import probe
from fleet.engines.reading import Facts, Model, Reading
from fleet.engines.visit import Visit
from tests.fake_engine import FakeEngine

NOW = 1_800_000_000.0
MINUTE = 60.0
DAY = 86_400.0


def probed(
    engine: FakeEngine, name: str, after: Reading | None = None, seconds: float = 0, **options: object
) -> Reading:
    """A probe of a server known to be `name`, `seconds` after the probe that gave `after`."""
    known, now = (after.facts, after.at + seconds) if after else (None, NOW)
    return probe(engine.url, engine=name, known=known, now=now, **{"timeout": 5.0, **options})  # type: ignore[arg-type]


def good(engine: FakeEngine, name: str, after: Reading | None = None, seconds: float = 0, **options: object) -> Reading:
    """Like probed(), for a probe that must succeed."""
    reading = probed(engine, name, after, seconds, **options)
    assert reading.failure is None, reading.failure
    return reading


def requests(reading: Reading) -> list[str]:
    return [exchange.request for exchange in reading.exchanges]


def by_name(reading: Reading) -> dict[str, Model]:
    return {model.name: model for model in reading.facts.models}


@contextmanager
def visiting(engine: FakeEngine) -> Iterator[Visit]:
    with Client(engine.url) as client:
        yield Visit(client, Facts(), NOW)


def ask_canary(url: str, engine: str, model: Model, reading: Reading, path: str = "", **options: object) -> Reading:
    """A canary by the routes that the model may have; `path` is the one that took its last one."""
    paths = routes(engine, model, reading.facts.api, path)
    return canary.ask(url, engine, model, paths, reading, **options)  # type: ignore[arg-type]
