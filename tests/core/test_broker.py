"""Calls of a broker that may be away."""

import logging
from types import SimpleNamespace

import pytest
import redis
from kombu.exceptions import OperationalError

from core import broker
from tests.broker import free_port


@pytest.fixture
def elsewhere(settings) -> None:
    """A broker that no other test has found to be away."""
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("error", [redis.ConnectionError, redis.TimeoutError, OperationalError])
def test_a_broker_that_is_away_is_left_alone_for_a_moment_and_logged_once(error, monkeypatch, caplog):
    clock, calls = [100.0], []
    monkeypatch.setattr(broker, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def call() -> None:
        calls.append(clock[0])
        raise error("nobody listens")

    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            broker.attempt(call, "nothing is sent.")
            clock[0] += 0.05
        assert len(calls) <= 100 * 0.05 / broker.RETRY and len(caplog.messages) == 1
        clock[0] += broker.LOG_EVERY
        broker.attempt(call, "nothing is sent.")
    assert len(caplog.messages) == 2 and "nothing is sent. (nobody listens)" in caplog.messages[0]


@pytest.mark.usefixtures("elsewhere")
def test_a_broker_that_is_there_is_always_called_and_another_fault_is_not_hidden():
    calls: list[int] = []
    for n in range(3):
        broker.attempt(lambda n=n: calls.append(n), "nothing is sent.")
    assert calls == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        broker.attempt(lambda: 1 / 0, "nothing is sent.")
