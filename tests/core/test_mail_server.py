"""The connection to the mail server: the greeting, TLS from the start, and mails that every server takes."""

import email
import re
import socket
import ssl
import time
from email import policy

import pytest
from django.core.mail import EmailMessage
from django.core.mail.utils import DNS_NAME

from core import mail_server
from core.automatic_mail import automatic
from core.mail_refusals import words
from core.mail_server import MailServer
from tests.authority import Authority
from tests.odd_mail_server import OddMailServer

pytestmark = pytest.mark.usefixtures("smtp")


@pytest.fixture
def odd(settings):
    with OddMailServer(EHLO="250 odd.example") as server:
        settings.EMAIL_PORT = server.port
        yield server


def send(text_limit: float | None = None, **fields: str) -> None:
    server = MailServer(time.monotonic() + 10, text_limit)
    server.send_messages([automatic(EmailMessage(**{"subject": "s", "body": "b"} | fields, to=["a@example.org"]))])
    server.end()


@pytest.mark.parametrize(
    ("chosen", "site", "sender", "name"),
    [
        ("mx.example.net", "https://plimsoll.example.org", "a@example.com", "mx.example.net"),
        ("[10.0.0.5]", "https://plimsoll.example.org", "a@example.com", "[10.0.0.5]"),
        ("", "https://plimsoll.example.org:8443", "a@example.com", "plimsoll.example.org"),
        ("", "https://plimsoll.bücher.example", "a@example.com", "plimsoll.xn--bcher-kva.example"),
        ("", "http://localhost:8700", "Ops <a@example.com>", "example.com"),
        ("", "http://10.0.0.5:8700", "a@bücher.example", "xn--bcher-kva.example"),
        ("", "http://[fd00::1]:8700", "a@example.com", "example.com"),
        ("", "http://localhost:8700", "a@localhost", None),
        ("", "http://localhost:8700", "Ops, Night <a@example.com>", None),
    ],
)
def test_the_name_in_the_greeting_has_a_dot(settings, odd, monkeypatch, chosen, site, sender, name):
    settings.MAIL_HELO, settings.SITE_URL, settings.DEFAULT_FROM_EMAIL = chosen, site, sender
    monkeypatch.setattr(DNS_NAME, "_fqdn", "3f2c1a9b0d7e", raising=False)
    monkeypatch.setattr(socket, "getfqdn", lambda: "3f2c1a9b0d7e")
    server = MailServer()
    server.open()
    server.end()
    [line] = odd.verbs("EHLO")
    assert mail_server.helo_name() == name
    assert re.fullmatch(re.escape(name) if name else r"\[[0-9.]+\]", line.split()[1])


@pytest.mark.parametrize("text", ["Zoë's büro", "ü" * 2000, "plain", "a" * 2000, ".", "日本 🚢"])
def test_every_mail_is_ascii_with_short_lines_and_is_read_as_it_was_written(odd, settings, text):
    settings.DEFAULT_FROM_EMAIL = "Bücher <alerts@bücher.example>"
    send(subject=text[:60], body=text)
    [raw] = odd.texts
    assert raw.isascii() and max(map(len, raw.splitlines())) <= 998
    got = email.message_from_bytes(re.sub(rb"(?m)^\.\.", b".", raw), policy=policy.default)
    assert got["Subject"].strip() == text[:60] and got.get_content().strip() == text
    assert got["From"] == "Bücher <alerts@xn--bcher-kva.example>"
    assert re.fullmatch(r"<[!-~]+@xn--bcher-kva\.example>", got["Message-ID"].strip())
    assert got["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("text_limit", [None, 30.0])
def test_tls_from_the_start(settings, tmp_path, monkeypatch, text_limit):
    authority = Authority(tmp_path)
    settings.EMAIL_USE_SSL = True
    monkeypatch.setattr(MailServer, "ssl_context", ssl.create_default_context(cafile=authority.file))
    with OddMailServer(authority.tls()) as server:
        settings.EMAIL_PORT = server.port
        send(text_limit)
        assert len(server.texts) == 1


@pytest.mark.parametrize(
    ("encrypted", "said"),
    [(True, "has no certificate that this machine believes"), (False, "speaks no TLS there (WRONG_VERSION_NUMBER)")],
)
def test_what_is_wrong_with_tls_is_named(settings, tmp_path, encrypted, said):
    settings.EMAIL_USE_SSL = True
    with OddMailServer(Authority(tmp_path).tls() if encrypted else None) as server:
        settings.EMAIL_PORT = server.port
        with pytest.raises(ssl.SSLError) as refused:
            MailServer().open()
    assert said in words(refused.value)
