"""Secrets of the settings in logs and messages."""

import base64
import logging

import pytest
import redis
from django.db import OperationalError, connection

from config import oidc
from config.environment import BadSettings, read
from core import health, mail_refusals, redaction


@pytest.fixture
def secrets(settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "mailer", "planted-smtp"
    settings.REDIS_URL = "redis://:planted%2Fbroker@127.0.0.1:1/0"
    settings.SECRET_KEY = "planted-signing-key"
    values = {"OIDC_URL": "https://login.example.org", "OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "planted-oidc"}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": oidc.apps({**values, "OIDC_NAME": "Harbour"})}}
    return settings


def test_a_log_line_and_its_traceback_have_no_secret(secrets):
    formatter = redaction.Formatter("{message}", style="{")
    try:
        raise OSError("redis://:planted%2Fbroker@127.0.0.1, planted/broker and planted-oidc")
    except OSError as error:
        record = logging.LogRecord("x", 30, "", 0, "signed with %s", ("planted-signing-key",), (OSError, error, None))
    line = formatter.format(record)
    assert line == "signed with ***\nOSError: redis://:***@127.0.0.1, *** and ***"


def test_every_handler_of_the_settings_masks(settings):
    formatters = settings.LOGGING["formatters"].values()
    assert [one["()"] for one in formatters] == ["core.redaction.Formatter"]


def test_what_a_mail_server_repeats_is_masked(secrets):
    shown = base64.b64encode(b"\0mailer\0planted-smtp").decode()
    words = mail_refusals.words(OSError(f"no planted-smtp, no {shown}, sorry"))
    assert "planted" not in words and shown.rstrip("=") not in words
    assert words.startswith("The mail server could not be reached: no ***") and words.endswith("sorry")


def test_health_has_no_password_of_the_broker(secrets, monkeypatch):
    def refuse(*_, **__):
        raise redis.AuthenticationError("invalid password planted/broker for redis://:planted%2Fbroker@127.0.0.1")

    monkeypatch.setattr(redis.Redis, "mget", refuse)
    (trouble,) = health._broker(timeout=0.1)
    assert trouble.now == "The broker does not answer: invalid password *** for redis://:***@127.0.0.1"


def test_health_has_no_password_of_the_database(settings, monkeypatch, db):
    class Refused:
        def __enter__(self):
            raise OperationalError("connection failed: planted-database is wrong")

        def __exit__(self, *_):
            """Nothing was opened."""

    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "planted-database")
    with monkeypatch.context() as away:
        away.setattr(connection, "cursor", Refused)
        (trouble,) = health._database()
    assert trouble.now == "The database does not answer: connection failed: *** is wrong"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMAIL_URL", "ftp://me:pla/nted@mail.example.org"),
        ("EMAIL_URL", "me:planted@mail.example.org"),
        ("DATABASE_URL", "mysql://me:planted#x@b/c"),
        ("DATABASE_URL", "postgres://me:pla/nted@b:port/c"),
        ("REDIS_URL", "redis://host/first?password=planted"),
    ],
)
def test_a_url_with_a_mistake_is_not_repeated(name, value):
    with pytest.raises(BadSettings) as refused:
        read({name: value})
    assert "pla" not in str(refused.value).replace("Plimsoll", "")
    assert str(refused.value).startswith(f"{name} can't be used: give ")


def test_short_words_are_left_alone():
    assert redaction.without("a cat sat", ["a", "cat", ""]) == "a cat sat"


def test_the_longest_secret_is_masked_first():
    assert redaction.without("key-and-more key-and", ["key-and", "key-and-more"]) == "*** ***"


def test_what_strangers_send_makes_no_long_lines():
    record = logging.LogRecord("django.request", logging.WARNING, "", 1, "Not Found: /%s", ("x" * 60_000,), None)
    assert len(redaction.Formatter().format(record)) < 1100
