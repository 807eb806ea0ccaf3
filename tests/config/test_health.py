"""The health pages."""

import time

import pytest

from config.health import BEAT_KEY, DELIVERY_KEY, PROBE_KEY

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
        ("tick", "beat", "No tick for 42 s"),
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


def test_not_ready_before_the_first_sign_of_life(client, valkey):
    assert "no life yet" in client.get("/health/ready").json()["workers"]


def test_a_broker_that_is_away_is_named(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["broker"].startswith("The broker does not answer")
    assert response.json()["database"] == "ok"
