"""The shared cache: it is used while it answers, and each process counts for itself while it does not."""

import json
import os
import pickle
import time

import pytest
import time_machine
from django.core.cache import CacheHandler

from config import settings as product
from config.celery import app
from core import cache
from core.cache import Cache
from tests.broker import Broker
from tests.conftest import free_port
from tests.hostile_server import HostileServer


def cache_at(url: str) -> Cache:
    """A cache object as a thread has one, for this server."""
    return Cache(url, {"KEY_PREFIX": "test", "OPTIONS": cache.OPTIONS})


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch) -> None:
    monkeypatch.setattr(cache, "_ask_again", {})
    monkeypatch.setattr(cache, "_say_again", {})


@pytest.fixture
def nobody() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


def everything(c: Cache) -> list[object]:
    """What each method says."""
    return [
        c.add("tries", 1, 60),
        c.add("tries", 1, 60),
        c.incr("tries"),
        c.decr("tries"),
        c.get("tries"),
        c.set("history", [2.5], 60),
        c.get("history"),
        c.touch("history", 60),
        c.get_many(["tries", "history", "none"]),
        "history" in c,
        c.set_many({"a": 1, "b": "c"}, 60),
        c.delete_many(["a"]),
        c.get("a", "gone"),
        c.delete("b"),
        c.delete("b"),
        c.get_or_set("b", 7, 60),
    ]


def test_it_behaves_the_same_with_and_without_the_server(valkey_server, valkey, nobody):
    shared, alone = everything(cache_at(valkey_server)), everything(cache_at(nobody))
    assert shared == alone
    assert shared[:5] == [True, False, 2, 1, 1]


def test_with_the_server_every_process_sees_the_same(valkey_server, valkey):
    cache_at(valkey_server).set("tries", 4, 60)
    assert [key.decode() for key in valkey.keys("*")] == ["test:1:tries"]
    assert cache_at(valkey_server).get("tries") == 4


def test_without_it_all_threads_of_a_process_count_together_and_keys_still_end(nobody):
    cache_at(nobody).add("tries", 1, 60)
    assert cache_at(nobody).incr("tries") == 2
    with time_machine.travel(time.time() + 61):
        assert cache_at(nobody).get("tries") is None


def test_a_silent_server_holds_a_page_up_once(caplog):
    def silent(connection, stop) -> bool:
        stop.wait(20)
        return False

    with HostileServer(greeting=silent) as server:
        c = cache_at(f"redis://127.0.0.1:{server.port}/0")
        start = time.monotonic()
        everything(c)
        everything(cache_at(c.address))
        assert cache.TIMEOUT <= time.monotonic() - start < 2 * cache.TIMEOUT
        assert server.connections == 1
    assert "counts by itself" in caplog.text


def test_a_server_that_talks_nonsense_is_as_good_as_none():
    def nonsense(connection, stop) -> bool:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return False

    with HostileServer(greeting=nonsense) as server:
        assert cache_at(f"redis://127.0.0.1:{server.port}/0").add("tries", 1, 60)


@pytest.mark.parametrize(("pause", "shown"), [(60, 1), (0, 9)])
def test_the_log_has_an_outage_once_in_a_while(nobody, caplog, monkeypatch, pause, shown):
    monkeypatch.setattr(cache, "PAUSE", 0)
    monkeypatch.setattr(cache, "SAY_AGAIN", pause)
    for _ in range(9):
        cache_at(nobody).get("tries")
    assert len(caplog.records) == shown


def test_a_server_that_comes_back_is_used_again_even_by_old_connections(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "PAUSE", 0)
    broker = Broker(str(tmp_path)).start()
    c = cache_at(broker.url)
    try:
        c.set("tries", 1, 60)
        broker.stop()
        assert c.get("tries") is None
        c.set("tries", 2, 60)
        assert c.get("tries") == 2
        broker.start()
        c.set("tries", 3, 60)
        assert cache_at(broker.url).get("tries") == 3
    finally:
        broker.stop()


def test_a_restart_between_two_requests_is_not_even_noticed(tmp_path, caplog):
    broker = Broker(str(tmp_path)).start()
    c = cache_at(broker.url)
    try:
        c.set("tries", 1, 60)
        broker.stop()
        broker.start()
        c.set("tries", 2, 60)
        assert c.get("tries") == 2
    finally:
        broker.stop()
    assert caplog.text == ""


class Planted:
    """What a pickle runs when it is read."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple:
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_planted_pickle_is_absent_and_not_run(valkey_server, valkey, tmp_path, protocol):
    trace = tmp_path / "trace"
    for key in ("a", "b"):
        valkey.set(f"test:1:{key}", pickle.dumps(Planted(f"touch {trace}"), protocol))
    c = cache_at(valkey_server)
    assert c.get("a") is None and c.get("a", "none") == "none"
    assert c.get_many(["a", "b"]) == {}
    c.set("b", [1.5], 60)
    assert c.get_many(["a", "b"]) == {"b": [1.5]}
    assert not trace.exists()


@pytest.mark.parametrize("stored", [b"", b"\xff", b"[" * 100_000, b"9" * 5000, b"{", b"NaN,"])
def test_what_is_no_json_is_absent(valkey_server, valkey, stored):
    valkey.set("test:1:a", stored)
    assert cache_at(valkey_server).get("a", "none") == "none"


@pytest.mark.parametrize("value", [7, -7, True, False, None, "text", "7", "", 2.5, [1.5, 2], {"a": [1, "b"]}])
def test_what_is_stored_comes_back_as_it_was(valkey_server, valkey, value):
    c = cache_at(valkey_server)
    c.set("a", value, 60)
    found = c.get("a", "none")
    assert found == value and type(found) is type(value)
    assert json.loads(valkey.get("test:1:a")) == value


def test_what_json_does_not_have_is_refused_when_it_is_stored_not_when_it_is_read(valkey_server, valkey):
    with pytest.raises(TypeError):
        cache_at(valkey_server).set("a", {1, 2}, 60)


@pytest.mark.django_db
def test_signing_in_runs_no_pickle_of_the_broker_and_still_counts_tries(client, valkey, settings, alice, tmp_path):
    trace = tmp_path / "trace"
    settings.CACHES = {"default": {**product.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    wrong = {"login": "alice", "password": "wrong"}
    client.post("/accounts/login/", wrong)
    keys = valkey.keys("*allauth*")
    assert keys and all(json.loads(valkey.get(key)) for key in keys)
    for key in keys:
        valkey.set(key, pickle.dumps(Planted(f"touch {trace}")))
    answers = [client.post("/accounts/login/", wrong).content for _ in range(7)]
    assert b"oo many" in answers[-1]
    assert not trace.exists()


def test_nothing_else_reads_pickles(settings):
    assert app.conf.accept_content == ["json"] and app.conf.task_serializer == "json"
    assert app.conf.result_backend is None
    assert product.CACHES["default"]["OPTIONS"]["serializer"].__class__ is cache.Json
    assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"


def test_the_product_uses_it_and_it_answers_at_once_before_the_broker_runs():
    made = CacheHandler(product.CACHES)["default"]
    assert isinstance(made, Cache)
    assert made.add("tries", 1, 60) and made.incr("tries") == 2
