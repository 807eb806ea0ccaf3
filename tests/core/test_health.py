"""The health pages."""

import socket
import time
from contextlib import closing

import pytest
from django.db import OperationalError

from core import health, schedule
from core.health import BEAT_KEY, DELIVERY_KEY, MAIL_KEY, PROBE_KEY, PROBING_KEY, WATCH_KEY
from ops import health_pages, starting
from teams import tokens
from teams.models import Scope
from tests.broker import Broker

pytestmark = pytest.mark.django_db
OWN = {"x-plimsoll-health": health_pages.own_pass()}


def show_life(valkey, **ages):
    for key in (BEAT_KEY, PROBE_KEY, DELIVERY_KEY):
        valkey.set(key, time.time() - ages.get(key.split(":")[1], 0))


def test_live_answers_strangers(client):
    assert client.get("/health/live").status_code == 200


@pytest.mark.postgres
def test_ready_when_every_part_shows_life(client, valkey):
    show_life(valkey)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert set(response.json().values()) == {"ok"}


@pytest.mark.parametrize(
    ("silent", "part", "sentence"),
    [
        ("tick", "dispatcher", "has shown no life for 42 s."),
        ("pulse", "workers", "The probe worker has shown no life for 42 s."),
        ("delivery", "workers", "The delivery worker has shown no life for 42 s."),
    ],
)
def test_a_part_that_stands_still_is_named(client, valkey, silent, part, sentence):
    show_life(valkey, **{silent: 42})
    response = client.get("/health/ready", headers=OWN)
    assert response.status_code == 503
    assert sentence in response.json()[part]
    assert sum(text != "ok" for text in response.json().values()) == 1


def test_a_sign_of_life_from_the_future_is_none(client, valkey):
    for name in ("tick", "pulse", "delivery"):
        valkey.set(f"plimsoll:{name}", time.time() + 3600)
    parts = client.get("/health/ready", headers=OWN).json()
    assert "since the clock was set back" in parts["dispatcher"] and "since the clock was set back" in parts["workers"]


def test_not_ready_before_the_first_sign_of_life(client, valkey):
    assert "no life yet" in client.get("/health/ready", headers=OWN).json()["workers"]


def test_a_broker_that_is_away_is_named(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/health/ready", headers=OWN)
    assert response.status_code == 503
    assert response.json()["broker"].startswith("The broker does not answer")
    assert response.json()["database"] == "ok"


@pytest.mark.parametrize(("key", "part"), [(MAIL_KEY, "mail"), (WATCH_KEY, "watch")])
def test_mail_and_the_watch_speak_for_themselves(client, valkey, key, part):
    show_life(valkey)
    valkey.set(key, "")
    assert client.get("/health/ready").status_code == 200
    valkey.set(key, "It can't be seen.")
    response = client.get("/health/ready", headers=OWN)
    assert response.status_code == 503
    assert response.json()[part] == "It can't be seen."


TROUBLE = "mail.example.org:25 answers 554 go away"


@pytest.fixture
def trouble(valkey) -> str:
    """The mail server's words, which are for administrators."""
    show_life(valkey)
    valkey.set(MAIL_KEY, TROUBLE)
    return TROUBLE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-plimsoll-health": ""},
        {"x-plimsoll-health": "é" * 64},
        {"x-plimsoll-health": OWN["x-plimsoll-health"][:-1]},
        {"authorization": "Bearer plim_nonsense"},
        {"authorization": "Basic YTpi"},
        {"x-forwarded-for": "127.0.0.1"},
    ],
)
def test_strangers_read_the_names_of_the_parts_only(client, trouble, headers):
    response = client.get("/health/ready", headers=headers)
    assert response.status_code == 503
    assert response.json() == {
        "database": "ok", "broker": "ok", "workers": "ok", "dispatcher": "ok", "mail": "not ok", "watch": "ok",
        "schedule": "ok",
    }  # fmt: skip


def test_strangers_do_not_read_where_the_broker_is_or_what_it_says(client, settings):
    settings.REDIS_URL = "redis://user:broker-password@127.0.0.1:1/0"
    assert set(client.get("/health/ready").json().values()) == {"ok", "not ok"}
    words = str(client.get("/health/ready", headers=OWN).json())
    assert "127.0.0.1:1" in words and "broker-password" not in words


def test_administrators_read_the_sentences(client, trouble, alice, bob):
    client.force_login(bob)
    assert client.get("/health/ready").json()["mail"] == "not ok"
    alice.is_superuser = True
    alice.save()
    client.force_login(alice)
    assert client.get("/health/ready").json()["mail"] == trouble


def test_an_administrators_token_reads_the_sentences_and_nobody_elses(client, trouble, alice, team):
    def said(secret: str) -> str:
        return client.get("/health/ready", headers={"authorization": f"Bearer {secret}"}).json()["mail"]

    _, status = tokens.make("status", [Scope.STATUS], 7, alice)
    _, of_team = tokens.make("team", [Scope.STATUS], 7, alice, team)
    assert said(status) == "not ok"
    alice.is_superuser = True
    alice.save()
    _, metrics = tokens.make("metrics", [Scope.METRICS], 7, alice)
    assert [said(status), said(of_team), said(metrics)] == [trouble, "not ok", "not ok"]
    alice.is_active = False
    alice.save()
    assert said(status) == "not ok"


def test_without_the_database_nobody_is_an_administrator_and_the_start_still_learns_why(client, valkey, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("could not connect to db.example.org")

    client.cookies["plimsoll_session"] = "any"
    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", away)
    assert client.get("/health/ready").json()["database"] == "not ok"
    assert "db.example.org" in client.get("/health/ready", headers=OWN).json()["database"]


def test_calls_share_a_connection_to_the_broker(client, valkey):
    show_life(valkey)
    client.get("/health/ready")
    before = valkey.info("stats")["total_connections_received"]
    for _ in range(20):
        client.get("/health/ready")
    assert valkey.info("stats")["total_connections_received"] == before


def test_a_broker_that_was_restarted_is_asked_by_the_same_client(client, settings, tmp_path):
    broker = Broker(str(tmp_path))
    settings.REDIS_URL = broker.start().url
    try:
        assert client.get("/health/ready").json()["broker"] == "ok"
        broker.stop()
        assert client.get("/health/ready").json()["broker"] == "not ok"
        broker.start()
        assert client.get("/health/ready").json()["broker"] == "ok"
    finally:
        broker.stop()


@pytest.mark.parametrize("planted", [b"\x80\x04N.", b"", b"soon", b"nan", b"9" * 15, b"9" * 400])
def test_what_is_no_sign_of_life_is_none(client, valkey, planted):
    show_life(valkey)
    valkey.set(BEAT_KEY, planted)
    assert client.get("/health/ready").json()["dispatcher"] == "not ok"


def test_a_start_waits_for_neither_mail_nor_the_watch(client, valkey, live_server):
    address = (live_server.thread.host, live_server.thread.port)
    valkey.set(MAIL_KEY, "The mail server is away.")
    assert "no life yet" in starting._ask_web(address, list(health.NEEDED), OWN)
    show_life(valkey)
    assert client.get("/health/ready").status_code == 503
    assert starting._ask_web(address, list(health.NEEDED), OWN) == ""


def test_a_broker_that_hangs_costs_a_page_half_a_second_once(settings):
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        settings.REDIS_URL = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
        began = time.monotonic()
        first = health.glance.troubles()
        assert 0.3 < time.monotonic() - began < 1.2
        began = time.monotonic()
        assert health.glance.troubles() is first
        assert time.monotonic() - began < 0.1
    assert [trouble.part for trouble in first] == ["broker"]


def test_the_banner_is_for_those_who_are_signed_in(client, valkey, alice):
    show_life(valkey, tick=42)
    assert client.get("/health/banner/").status_code == 302
    assert b"banner" not in client.get("/guide/").content
    client.force_login(alice)
    health.glance.forget()
    answer = client.get("/health/banner/")
    assert b"is not running" in answer.content
    page = client.get("/incidents/").content
    assert b"is not running" in page
    seen = page.split(b"?seen=")[1].split(b'"')[0].decode()
    assert client.get("/health/banner/", {"seen": seen}).status_code == 204


def test_scheduled_work_that_does_not_get_done_is_named_in_words(client, valkey, alice):
    show_life(valkey)
    long_ago = time.time() - 3600
    valkey.hset(
        schedule.KEY, mapping={f"{task}|finished": time.time() for task in schedule.table()} | {"since": long_ago}
    )
    assert client.get("/health/ready").status_code == 200
    valkey.hset(schedule.KEY, "fleet.tasks.deliver|finished", long_ago)
    valkey.hset(schedule.KEY, "fleet.tasks.deliver|runs", time.time())
    response = client.get("/health/ready", headers=OWN)
    assert response.status_code == 503
    assert "does not get done: delivery of mails. It is still running" in response.json()["schedule"]
    client.force_login(alice)
    health.glance.forget()
    assert b"delivery of mails" in client.get("/incidents/").content


def test_endpoints_not_probed_in_time_are_trouble_of_the_watch(client, valkey, alice):
    show_life(valkey)
    valkey.set(PROBING_KEY, "12 endpoints have not been probed in time, the oldest since 12:03 UTC.")
    response = client.get("/health/ready", headers=OWN)
    assert response.status_code == 503 and response.json()["watch"].startswith("12 endpoints")
    client.force_login(alice)
    health.glance.forget()
    assert b"Not all endpoints have been probed in time" in client.get("/incidents/").content
