"""The fake engine does what its switches say; many of them are cheap."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fleet.engines.errors import TimedOut, Unreachable
from fleet.engines.http.client import Client
from fleet.engines.probe import probe
from tests.fake_engine import FakeEngine, many


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    with FakeEngine("vllm") as running:
        yield running


def status(engine: FakeEngine, path: str = "/health") -> int:
    with Client(engine.url, deadline=2) as client:
        return client.get(path).status


def test_it_goes_down_and_comes_back_on_the_same_port(engine: FakeEngine) -> None:
    port = engine.port
    engine.down()
    with pytest.raises(Unreachable):
        status(engine)
    engine.start()
    assert (engine.port, status(engine)) == (port, 200)


def test_going_down_cuts_requests_that_hang(engine: FakeEngine) -> None:
    engine.hang = True
    with ThreadPoolExecutor(1) as pool, Client(engine.url, deadline=5) as client:
        waiting = pool.submit(client.get, "/health")
        while not engine.requests:
            threading.Event().wait(0.005)
        engine.down()
        with pytest.raises(Unreachable):
            waiting.result()


def test_it_hangs_and_recovers(engine: FakeEngine) -> None:
    engine.hang = True
    with pytest.raises(TimedOut), Client(engine.url, deadline=0.2) as client:
        client.get("/health")
    engine.hang = False
    assert status(engine) == 200


def test_it_answers_late(engine: FakeEngine) -> None:
    engine.delay = 0.1
    with Client(engine.url, deadline=2) as client:
        client.get("/health")
        assert (client.exchanges[0].total_ms or 0) >= 100


def test_one_status_for_everything(engine: FakeEngine) -> None:
    engine.status = 503
    assert status(engine, "/v1/models") == 503
    engine.status = None
    assert status(engine, "/v1/models") == 200


def test_its_queue_its_sleep_and_its_requests_are_ours_to_set(engine: FakeEngine) -> None:
    engine.waiting, engine.running, engine.sleep_state = 12, 4, "discard_all"
    load = probe(engine.url, engine="vllm").load
    assert (load.waiting, load.running, load.sleep_state) == (12, 4, "discard_all")
    assert engine.asked("GET /metrics") >= 1


def test_many_engines_share_a_port_and_the_hanging_ones_cost_no_thread() -> None:
    server = many(60, hanging=20)
    before = threading.active_count()
    clients = [Client(f"http://127.0.0.1:{server.port}/e/{n}", deadline=0.5) for n in range(20)]
    try:
        with ThreadPoolExecutor(20) as pool:
            errors = list(pool.map(_error_of, clients))
        assert threading.active_count() <= before
        assert errors == [TimedOut] * 20
        assert [probe(f"http://127.0.0.1:{server.port}/e/{n}").identity.engine for n in (20, 59)] == ["ollama", "vllm"]  # type: ignore[union-attr]
    finally:
        server.close()


def _error_of(client: Client) -> type[Exception] | None:
    with client:
        try:
            client.get("/api/version")
        except (TimedOut, Unreachable) as error:
            return type(error)
    return None
