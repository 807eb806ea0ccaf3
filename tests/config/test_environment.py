"""The environment table: bad values are refused with a sentence, and docs/settings.md shows the same table."""

import os
import re
import subprocess
import sys
from unittest.mock import Mock
from zoneinfo import ZoneInfoNotFoundError

import pytest

from config import data_folder, parsers
from config.data_folder import ROOT
from config.environment import TABLE, BadSettings, read
from config.mail_url import email_url


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("PORT", "abc", "give a whole number from 1 to 65535"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("PORT", "\N{FULLWIDTH DIGIT EIGHT}700", "whole number"),
        ("HOST", "300.1.1.1", "IP address"),
        ("SITE_URL", "plimsoll.example.org", "such as https://"),
        ("SITE_URL", "https://example.org/path", "without a path"),
        ("SITE_URL", "http://host:port", "such as https://"),
        ("ALLOWED_HOSTS", "https://example.org", "without http://"),
        ("PLIMSOLL_DATA", "/dev/null/x", "can be created"),
        ("PLIMSOLL_DATA", "/dev/null", "can be created"),
        ("PLIMSOLL_DATA", "~nobody-of-this-name/x", "can be created"),
        ("PLIMSOLL_DATA", "x" * 300, "can be created"),
        ("CA_BUNDLE", "~nobody-of-this-name/x", "certificates in PEM"),
        ("DATABASE_URL", "mysql://a@b/c", "postgres://"),
        ("DATABASE_URL", "postgres://user@host:port/name", "postgres://"),
        ("DATABASE_URL", "postgres://host", "postgres://"),
        ("DATABASE_URL", "postgres://u:p@host/db?disable_server_side_cursors=maybe", "cursors=on or"),
        ("REDIS_PREFIX", "staging plimsoll", "letters, digits"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("REDIS_URL", "redis://host:6379/first", "redis://"),
        ("EMAIL_URL", "mail.example.org", "smtp://"),
        ("EMAIL_URL", "smtp://", "smtp://"),
        ("EMAIL_URL", "consolemail://", "smtp://"),
        ("EMAIL_URL", "smtp://mail.example.org:465", "465 is for TLS from the start"),
        ("EMAIL_URL", "smtp+tls://mail.example.org:465", "465 is for TLS from the start"),
        ("EMAIL_URL", "smtps://mail.example.org:587", "587 for STARTTLS"),
        ("EMAIL_URL", "smtp://mail.example.org?tls=maybe", "only tls=true or ssl=true"),
        ("EMAIL_URL", "smtp://mail.example.org?tls", "only tls=true or ssl=true"),
        ("EMAIL_URL", "smtp://mail.example.org?starttls=true", "only tls=true or ssl=true"),
        ("EMAIL_URL", "smtp://mail.example.org?timeout=5", "only tls=true or ssl=true"),
        ("EMAIL_URL", "smtp://mail.example.org?tls=true&tls=false", "two ways at once"),
        ("EMAIL_URL", "smtp://mail.example.org?tls=true&ssl=true", "two ways at once"),
        ("EMAIL_URL", "smtps://mail.example.org?tls=true", "two ways at once"),
        ("EMAIL_URL", "smtp+tls://mail.example.org?tls=false", "two ways at once"),
        ("EMAIL_URL", "smtp://me@mail.example.org", "a user goes with a password"),
        ("EMAIL_URL", "smtp://me:@mail.example.org", "a user goes with a password"),
        ("EMAIL_URL", "smtp://:sekrit@mail.example.org", "a user goes with a password"),
        ("EMAIL_URL", "smtp://me:p%C3%BC@mail.example.org", "ASCII letters"),
        ("EMAIL_URL", "smtp://me:a%0Db@mail.example.org", "ASCII letters"),
        ("EMAIL_URL", "smtp://me:%FF@mail.example.org", "smtp://"),
        ("EMAIL_URL", "smtp://me:a#b@mail.example.org", "smtp://"),
        ("EMAIL_URL", "smtp://mail.example.org/folder", "smtp://"),
        ("EMAIL_URL", "smtp://mail.example.org:0", "smtp://"),
        ("EMAIL_URL", "smtp://mail example.org", "smtp://"),
        ("MAIL_HELO", "plimsoll example", "a host name"),
        ("MAIL_HELO", "10.0.0.300", "a host name"),
        ("MAIL_FROM", "nobody", "an address"),
        ("MAIL_FROM", "a@example.org, Ops <plimsoll@example.org>", "an address"),
        ("MAIL_FROM", "x <a@" + "ü" * 60 + ".de>", "an address"),
        ("SECRET_KEY", "short", "32 random characters"),
        ("FIELD_KEYS", f"{'x' * 40},", "32 random characters"),
        ("HEARTBEAT_URL", "hc-ping.com/x", "whole address"),
        ("HEARTBEAT_URL", "https://me:sekrit@example.org/", "without user name"),
        ("WITNESS", "10.0.0.1", "host:port"),
        ("OUTBOUND_DENY", "10.0.0.1/8", "such as 10.0.0.0/8"),
        ("OUTBOUND_DENY", "10.0.0.0/8,", "commas between"),
        ("OUTBOUND_ALLOW", "gpu-1", "networks or addresses"),
        ("OUTBOUND_ALLOW", "::ffff:10.0.0.0/104", "networks or addresses"),
        ("WITNESS", "10.0.0.1:53,gateway:70000", "host:port"),
        ("TIME_ZONE", "Mars/Olympus", "time zone"),
        ("PROBE_THREADS", "0", "from 1 to 1000"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO"),
        ("DEBUG", "maybe", "on or off"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_with_what_to_give(name, value, hint):
    with pytest.raises(BadSettings) as caught:
        read({name: value})
    (problem,) = caught.value.problems
    assert problem.startswith(name)
    assert hint in problem


def test_a_machine_without_time_zones_is_named_with_what_brings_them(monkeypatch):
    monkeypatch.setattr(parsers, "ZoneInfo", Mock(side_effect=ZoneInfoNotFoundError))
    monkeypatch.setattr(parsers, "available_timezones", set)
    with pytest.raises(ValueError, match="tzdata"):
        parsers.time_zone("UTC")


def test_passwords_and_secrets_are_never_repeated():
    bad = {"DATABASE_URL": "mysql://me:sekrit@b/c", "EMAIL_URL": "ftp://me:sekrit@b", "SECRET_KEY": "sekrit"}
    with pytest.raises(BadSettings) as caught:
        read(bad)
    assert len(caught.value.problems) == 3
    assert "sekrit" not in str(caught.value)


def test_empty_means_default(tmp_path):
    values = read({"PORT": "", "SITE_URL": " ", "PLIMSOLL_DATA": str(tmp_path)})
    assert values["PORT"] == 8700
    assert values["SITE_URL"] is None
    assert values["DEBUG"] is False


def test_witnesses_are_hosts_with_ports():
    assert parsers.host_ports("10.0.0.1:53, gateway:80,[fd00::1]:22") == [
        ("10.0.0.1", 53),
        ("gateway", 80),
        ("fd00::1", 22),
    ]


SOCKET = "/var/run/PostgreSQL"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgres://u:p@%2Fvar%2Frun%2FPostgreSQL/db", SOCKET, ""),
        ("postgres://u:p@%2fvar%2frun%2fPostgreSQL:5433/db", SOCKET, 5433),
        ("postgresql://%2Fvar%2Frun%2FPostgreSQL/db?user=u&password=p", SOCKET, ""),
        ("postgres:///db?host=/var/run/PostgreSQL&port=5433&user=u&password=p", SOCKET, "5433"),
        ("postgres://u:p@/?dbname=db&host=%2Fvar%2Frun%2FPostgreSQL", SOCKET, ""),
        ("postgres://u:p@//var/run/PostgreSQL/db", SOCKET, ""),
        ("postgres://u:p@[::1]:5433/db", "::1", 5433),
        ("postgres://u:p@one,two:5433/db", "one,two", 5433),
    ],
)
def test_postgresql_is_found_where_libpq_would_find_it(url, host, port):
    config = parsers.database_url(url)
    assert (config["HOST"], config["PORT"]) == (host, port)
    assert (config["NAME"], config["USER"], config["PASSWORD"]) == ("db", "u", "p")
    assert not config.get("OPTIONS")


@pytest.mark.parametrize(
    ("query", "off"),
    [
        ("", True),
        ("?disable_server_side_cursors=true", True),
        ("?disable_server_side_cursors=False&sslmode=require", False),
        ("?disable_server_side_cursors=false", False),
        ("?disable_server_side_cursors=0", False),
        ("?DISABLE_SERVER_SIDE_CURSORS=off", False),
    ],
)
def test_server_side_cursors_are_off_unless_asked_for(query, off):
    assert parsers.database_url(f"postgres://u:p@host/db{query}")["DISABLE_SERVER_SIDE_CURSORS"] is off


@pytest.mark.parametrize(
    ("url", "switch", "value"),
    [
        ("postgres://u:p@host/db?atomic_requests=false", "ATOMIC_REQUESTS", False),
        ("postgres://u:p@host/db?conn_health_checks=no", "CONN_HEALTH_CHECKS", False),
        ("sqlite:////srv/db?autocommit=yes", "AUTOCOMMIT", True),
    ],
)
def test_switches_in_a_database_url_are_read_as_switches(url, switch, value):
    assert parsers.database_url(url)[switch] is value


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("smtp+tls://me%40example.org:p%2Fw@mail.example.org", 587, True, False),
        ("smtp+ssl://mail.example.org:466", 466, False, True),
        ("smtps://mail.example.org", 465, False, True),
        ("smtps://mail.example.org/?ssl=1", 465, False, True),
        ("smtp://mail.example.org:587/?tls=true", 587, True, False),
        ("smtp://mail.example.org?tls=on&ssl=no", 587, True, False),
        ("smtp://mail.example.org:465?ssl=True", 465, False, True),
        ("smtp://mail.example.org:2525?tls=false", 2525, False, False),
    ],
)
def test_mail_urls(url, port, tls, ssl):
    config = email_url(url)
    assert (config["EMAIL_HOST"], config["EMAIL_PORT"]) == ("mail.example.org", port)
    assert (config["EMAIL_USE_TLS"], config["EMAIL_USE_SSL"]) == (tls, ssl)
    if "@mail" in url:
        assert (config["EMAIL_HOST_USER"], config["EMAIL_HOST_PASSWORD"]) == ("me@example.org", "p/w")


@pytest.mark.parametrize(
    ("text", "name"),
    [("mx.example.org", "mx.example.org"), ("10.0.0.5", "[10.0.0.5]"), ("[IPv6:fd00::1]", "[IPv6:fd00::1]")],
)
def test_names_to_greet_mail_servers_with(text, name):
    assert parsers.helo_name(text) == name


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "status"],
        ["-m", "celery", "-A", "config", "worker", "-P", "threads"],
        ["-m", "uvicorn", "config.asgi:application"],
        ["-m", "ops.web_server"],
    ],
)
def test_every_entrance_refuses_bad_settings_with_code_2_and_without_a_traceback(command, tmp_path):
    bad = {**os.environ, "PORT": "abc", "DEBUG": "maybe", "DJANGO_SETTINGS_MODULE": "config.settings"}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**bad, "PLIMSOLL_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert 'PORT is "abc": give a whole number from 1 to 65535.' in ended.stderr
    assert 'DEBUG is "maybe": give on or off.' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_socket_of_a_long_data_folder_is_short_enough(tmp_path):
    long = tmp_path / ("x" * 100)
    assert len(str(data_folder.embedded_socket(long))) <= 100
    assert data_folder.embedded_socket(long) != data_folder.embedded_socket(tmp_path / ("y" * 100))


def test_the_settings_page_has_the_same_variables():
    text = (ROOT / "docs/settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", text, re.M)
    expected = [(v.name, f"`{v.default}`" if v.default else "", v.help) for v in TABLE]
    assert rows == expected


def test_the_example_file_has_the_same_variables():
    text = (ROOT / ".env.example").read_text()
    assert re.findall(r"^# ?([A-Z_]+)=", text, re.M) == [variable.name for variable in TABLE]
