"""Parsers of settings: each returns the value of a text, or raises ValueError with what to give instead."""

import os
import re
import ssl
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from core import mail_addresses

from .data_folder import ROOT

HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9.-]{1,253}")
DATABASE_SWITCHES = {"ATOMIC_REQUESTS", "AUTOCOMMIT", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS"}
SWITCH = dict.fromkeys(("on", "true", "yes", "1"), True) | dict.fromkeys(("off", "false", "no", "0"), False)
"""How people write "on" and "off" in settings."""

LIBPQ_KEYWORDS = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"give a whole number from {low} to {high}")
        return int(text)

    return parse


def bind_address(text: str) -> str:
    """An address to listen on: an IP address or a host name."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        if HOST_NAME.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
            return text
        raise ValueError("give an IP address of this machine such as 127.0.0.1, or 0.0.0.0 for all") from None


def _url(text: str, wanted: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # which is parsed only when asked for
        return parts
    except ValueError:
        raise ValueError(wanted) from None


def site_url(text: str) -> str:
    """Where browsers find the site, without a slash at the end."""
    wanted = "give the address that browsers use, such as https://plimsoll.example.org, without a path"
    parts = _url(text, wanted)
    good = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    if not good or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(wanted)
    return f"{parts.scheme}://{parts.netloc}"


def web_address(text: str) -> str:
    """The whole address of a page that programs fetch."""
    wanted = "give a whole address such as https://hc-ping.com/your-check, without user name and password"
    parts = _url(text, wanted)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(wanted)
    if re.search(r"[^\x21-\x7e]", text) or parts.fragment:
        raise ValueError(wanted)
    return text


def host_ports(text: str) -> list[tuple[str, int]]:
    """Hosts with their ports, with commas between them. An IPv6 address stands in brackets."""
    found = []
    for part in text.split(","):
        host, _, port = part.strip().rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        good = HOST_NAME.fullmatch(host) or (bare != host and re.fullmatch(r"[0-9A-Fa-f:.]+", bare))
        if not good or not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            raise ValueError("give host:port with commas between them, such as 10.0.0.1:53")
        found.append((bare, int(port)))
    return found


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """Networks and addresses with commas between them. An IPv4-mapped IPv6 network is not one of either."""
    try:
        found = [ip_network(part.strip()) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or any(isinstance(net, IPv6Network) and net.network_address.ipv4_mapped for net in found):
        raise ValueError("give networks or addresses with commas between them, such as 10.0.0.0/8, 192.168.1.20")
    return found


def folder(text: str) -> Path:
    """A folder that we may write to; it is created. A relative one is taken from the project's folder."""
    try:
        path = (ROOT / Path(text).expanduser()).resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # a circle of links, or the home of nobody, is a RuntimeError
        raise ValueError(f"give a folder that can be created ({getattr(error, 'strerror', error)})") from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise ValueError("give a folder that this user may list and write to")
    return path


def long_secret(text: str) -> str:
    """A secret that can't be guessed."""
    if len(text) < 32:
        raise ValueError("give at least 32 random characters, or leave it empty to have one made")
    return text


def secret_list(text: str) -> list[str]:
    return [long_secret(part.strip()) for part in text.split(",")]


def database_url(text: str) -> dict[str, Any]:
    """Django's database settings of a SQLite or PostgreSQL URL."""
    wanted = "give postgres://user:password@host:5432/name or sqlite:////path/to/file"
    try:
        config = Env.db_url_config(text)
    except (ValueError, ImproperlyConfigured):
        raise ValueError(wanted) from None
    if config.get("ENGINE") == "django.db.backends.postgresql":
        _as_libpq_reads_it(text, config)
    elif config.get("ENGINE") != "django.db.backends.sqlite3":
        raise ValueError(wanted)
    if not config.get("NAME"):
        raise ValueError(wanted)
    for name in DATABASE_SWITCHES & config.keys():
        try:
            config[name] = on_off(str(config[name]))
        except ValueError:
            raise ValueError(f"give {name.lower()}=on or {name.lower()}=off") from None
    return config


def _as_libpq_reads_it(text: str, config: dict[str, Any]) -> None:
    """Adds to the settings of a PostgreSQL URL what libpq reads in one: a socket's folder, keywords in the query."""
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    if host.lower().startswith("%2f") and "," not in unquote(host):
        # A parser of URLs takes it for a name, in small letters.
        config["HOST"] = unquote(re.sub(r":[0-9]*$", "", host))
    for keyword, value in parse_qsl(parts.query):
        if keyword in LIBPQ_KEYWORDS:
            del config["OPTIONS"][keyword]
            config[LIBPQ_KEYWORDS[keyword]] = value
    # PgBouncer in transaction mode gives the next chunk's query another connection, which knows no cursor of ours.
    config.setdefault("DISABLE_SERVER_SIDE_CURSORS", True)


def redis_url(text: str) -> str:
    """The URL of a Redis or Valkey server."""
    wanted = "give redis://host:6379/0, rediss://... for TLS or unix:///path/to/socket"
    parts = _url(text, wanted)
    if parts.scheme in ("redis", "rediss") and parts.hostname and re.fullmatch(r"(/[0-9]*)?", parts.path):
        return text
    if parts.scheme == "unix" and len(parts.path) > 1:
        return text
    raise ValueError(wanted)


def name_prefix(text: str) -> str:
    """What names begin with."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise ValueError("give up to 64 letters, digits, points and dashes, such as plimsoll-staging")
    return text


def mail_address(text: str) -> str:
    """An address that mails come from, with or without a name before it."""
    try:
        return mail_addresses.sender(text)
    except mail_addresses.Unmailable as error:
        raise ValueError(f"give an address such as Plimsoll <plimsoll@example.org> ({error.why})") from None


def helo_name(text: str) -> str:
    """The name of a machine as SMTP's EHLO takes it: a host name, or an IP address in brackets."""
    try:
        if HOST_NAME.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
            return text
        address = ip_address(text.removeprefix("[").removesuffix("]").removeprefix("IPv6:"))
    except ValueError:
        raise ValueError("give a host name such as plimsoll.example.org, or an IP address") from None
    return f"[{'IPv6:' * (address.version == 6)}{address}]"


def host_list(text: str) -> list[str]:
    """Host names with commas between them, as Django's ALLOWED_HOSTS takes them."""
    hosts = [part.strip() for part in text.split(",") if part.strip()]
    if not hosts or not all(re.fullmatch(r"\*|\.?[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]", host) for host in hosts):
        raise ValueError("give host names with commas between them, without http:// and port")
    return hosts


def time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if not available_timezones():
            raise ValueError("this machine has no time zones: run `make install`, which brings tzdata") from None
        raise ValueError("give the name of a time zone, such as UTC or Europe/Berlin") from None
    return text


def log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("give DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def on_off(text: str) -> bool:
    if text.lower() not in SWITCH:
        raise ValueError("give on or off")
    return SWITCH[text.lower()]


def certificates(text: str) -> Path:
    """A file with certificates in PEM, which can be read now."""
    try:
        path = (ROOT / Path(text).expanduser()).resolve()
        ssl.create_default_context().load_verify_locations(path)
    except (OSError, RuntimeError, ssl.SSLError):
        raise ValueError("give the path of a file of certificates in PEM that can be read") from None
    return path
