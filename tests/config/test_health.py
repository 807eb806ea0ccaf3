"""The health pages."""

import socket
import time
from contextlib import closing

import pytest

from config import health, supervisor
from config.health import BEAT_KEY, DELIVERY_KEY, MAIL_KEY, PROBE_KEY, WATCH_KEY

pytestmark = pytest.mark.django_db


def show_life(valkey, **ages):
    for key in (BEAT_KEY, PROBE_KEY, DELIVERY_KEY):
        valkey.set(key, time.time() - ages.get(key.split(":")[1], 0))


def test_live_answers_strangers(client):
    assert client.get("/health/live").status_code == 200


@pytest.mark.database
def test_ready_when_every_part_shows_life(client, valkey):
    show_life(valkey)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert set(response.json().values()) == {"ok"}


@pytest.mark.parametrize(
    ("silent", "part", "sentence"),
    [
        ("tick", "beat", "has shown no life for 42 s."),
        ("pulse", "workers", "The probe worker has shown no life for 42 s."),
        ("delivery", "workers", "The delivery worker has shown no life for 42 s."),
    ],
)
def test_a_part_that_stands_still_is_named(client, valkey, silent, part, sentence):
    show_life(valkey, **{silent: 42})
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert sentence in response.json()[part]
    assert sum(text != "ok" for text in response.json().values()) == 1


def test_a_sign_of_life_from_the_future_is_none(client, valkey):
    for name in ("tick", "pulse", "delivery"):
        valkey.set(f"plimsoll:{name}", time.time() + 3600)
    parts = client.get("/health/ready").json()
    assert "since the clock was set back" in parts["beat"] and "since the clock was set back" in parts["workers"]


def test_not_ready_before_the_first_sign_of_life(client, valkey):
    assert "no life yet" in client.get("/health/ready").json()["workers"]


def test_a_broker_that_is_away_is_named(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["broker"].startswith("The broker does not answer")
    assert response.json()["database"] == "ok"


@pytest.mark.parametrize(("key", "part"), [(MAIL_KEY, "mail"), (WATCH_KEY, "watch")])
def test_mail_and_the_watch_speak_for_themselves(client, valkey, key, part):
    show_life(valkey)
    valkey.set(key, "")
    assert client.get("/health/ready").status_code == 200
    valkey.set(key, "It can't be seen.")
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()[part] == "It can't be seen."


def test_a_start_waits_for_neither_mail_nor_the_watch(client, valkey, live_server):
    address = (live_server.thread.host, live_server.thread.port)
    valkey.set(MAIL_KEY, "The mail server is away.")
    assert "no life yet" in supervisor._ask_web(address, list(health.NEEDED))
    show_life(valkey)
    assert client.get("/health/ready").status_code == 503
    assert supervisor._ask_web(address, list(health.NEEDED)) == ""


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
    assert client.get("/health/banner/").status_code == 204
    assert b"banner" not in client.get("/guide/").content
    client.force_login(alice)
    health.glance.forget()
    answer = client.get("/health/banner/")
    assert b"stands still" in answer.content
    page = client.get("/incidents/").content
    assert b"stands still" in page
    seen = page.split(b"?seen=")[1].split(b'"')[0].decode()
    assert client.get("/health/banner/", {"seen": seen}).status_code == 204
