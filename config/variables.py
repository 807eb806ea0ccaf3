"""The settings that come from the environment or from `.env`, in one table. docs/settings.md shows it too."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .mail_url import email_url
from .parsers import (
    bind_address,
    certificates,
    database_url,
    folder,
    helo_name,
    host_list,
    host_ports,
    log_level,
    long_secret,
    mail_address,
    name_prefix,
    networks,
    on_off,
    redis_url,
    secret_list,
    site_url,
    time_zone,
    web_address,
    whole,
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One line of the table. Unset or empty it takes `default`; without a default its value is None."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any]  # raises ValueError with the half sentence "give ..."
    hidden: bool = False  # never repeat the value in a message


TABLE = [
    Variable("PORT", "8700", "The port of the web server.", whole(1, 65535)),
    Variable(
        "HOST",
        "127.0.0.1",
        "The address the web server listens on. `0.0.0.0` lets other machines in, `::` also by IPv6; set SITE_URL too.",
        bind_address,
    ),
    Variable(
        "SITE_URL",
        "",
        "Where browsers find the site; used for links in mails and the first-account link. "
        "Empty: `http://localhost:` and PORT.",
        site_url,
    ),
    Variable(
        "ALLOWED_HOSTS",
        "",
        "More host names the site answers to, with commas between them. The host of SITE_URL and "
        "localhost are always among them.",
        host_list,
    ),
    Variable(
        "TRUST_PROXY",
        "off",
        "Whether a proxy in front ends TLS and sets `X-Forwarded-Proto` itself, whatever the browser sent. Only then "
        "is that header believed.",
        on_off,
    ),
    Variable(
        "HSTS_SECONDS",
        "2592000",
        "For how long browsers keep to https once they came by it. The default, 30 days, is soon over when TLS has to "
        "be given up; 0: not at all.",
        whole(0, 63_072_000),
    ),
    Variable(
        "PLIMSOLL_DATA",
        "var",
        "The folder of the data: database, queue and generated secrets. Relative to the project's folder.",
        folder,
    ),
    Variable(
        "DATABASE_URL",
        "",
        "`postgres://user:password@host:5432/name`. Empty: a SQLite file in the data folder.",
        database_url,
        hidden=True,  # in a URL with a mistake nobody knows for sure which part is the password
    ),
    Variable(
        "REDIS_URL",
        "",
        "`redis://host:6379/0` of a Redis or Valkey server. Empty: a Valkey of our own, kept in the data folder.",
        redis_url,
        hidden=True,
    ),
    Variable(
        "REDIS_PREFIX",
        "",
        "What our names in Redis begin with, so that several installations can share one. Empty: made from SECRET_KEY "
        "and DATABASE_URL, which all machines of an installation have in common.",
        name_prefix,
    ),
    Variable(
        "EMAIL_URL",
        "",
        "The mail server: `smtp://user:password@host:25`, `smtp+tls://` for STARTTLS, `smtp+ssl://` or "
        "`smtps://` for TLS from the start. Empty: mails are not sent, but shown on the alerts page.",
        email_url,
        hidden=True,
    ),
    Variable("MAIL_FROM", "Plimsoll <plimsoll@localhost>", "The address that mails come from.", mail_address),
    Variable(
        "MAIL_HELO",
        "",
        "The name by which Plimsoll greets the mail server. Empty: the domain of SITE_URL or else of MAIL_FROM, "
        "and where neither has a dot the name of this machine.",
        helo_name,
    ),
    Variable(
        "SECRET_KEY",
        "",
        "Signs sessions and links. Empty: made once and kept in the data folder.",
        long_secret,
        hidden=True,
    ),
    Variable(
        "FIELD_KEYS",
        "",
        "Encrypt the API keys in the database, with commas between them; the first encrypts, all decrypt. "
        "Empty: one is made and kept in the data folder.",
        secret_list,
        hidden=True,
    ),
    Variable(
        "HEARTBEAT_URL",
        "",
        "An address that is fetched every minute while everything here does its work, for a service that calls you "
        "when it goes quiet (Healthchecks, Uptime Kuma's push monitor). Empty: none.",
        web_address,
        hidden=True,
    ),
    Variable(
        "WITNESS",
        "",
        "Machines that always answer, such as a gateway: `host:port` with commas between them; a refused connection is "
        "an answer too. When none does, Plimsoll takes itself for cut off. Empty: none.",
        host_ports,
    ),
    Variable(
        "OUTBOUND_DENY",
        "",
        "Networks or addresses that are never called, by probe, webhook, heartbeat or witness, with commas between "
        "them: `10.9.0.0/16, 192.168.1.1`. Empty: only what is always refused.",
        networks,
    ),
    Variable(
        "OUTBOUND_ALLOW",
        "",
        "The only networks or addresses that may be called, with commas between them. Empty: all but the refused ones.",
        networks,
    ),
    Variable(
        "CA_BUNDLE",
        "",
        "A file of certificates (PEM) of your own authorities, believed besides the usual ones wherever Plimsoll calls "
        "by https. Empty: only the usual ones.",
        certificates,
    ),
    Variable(
        "OIDC_URL",
        "",
        "The issuer of an OpenID Connect provider to sign in with, such as `https://login.example.org/realms/main`; "
        "http only on this machine. Its redirect URI is SITE_URL and `/accounts/oidc/sso/login/callback/`. "
        "Empty: local accounts only.",
        web_address,
    ),
    Variable("OIDC_CLIENT_ID", "", "The client ID that the provider gave to Plimsoll.", str),
    Variable("OIDC_CLIENT_SECRET", "", "The client secret that goes with it.", str, hidden=True),
    Variable("OIDC_NAME", "single sign-on", "What the button on the sign-in page says after “Sign in with”.", str),
    Variable(
        "OIDC_SIGN_UP",
        "on",
        "Whether people whom the provider sends get an account when they have none. Off: only those who were invited.",
        on_off,
    ),
    Variable(
        "FLEET_OPEN",
        "on",
        "Whether everyone who is signed in may see the whole fleet, read only. Off: only the endpoints of their teams.",
        on_off,
    ),
    Variable(
        "TIME_ZONE", "UTC", "The time zone of times in the terminal, and in mails to teams that chose none.", time_zone
    ),
    Variable("PROBE_THREADS", "96", "How many probes may run at the same time.", whole(1, 1000)),
    Variable(
        "TEAMS_PER_PERSON",
        "10",
        "How many teams a person may have started that still exist. An administrator may start any number.",
        whole(0, 10_000),
    ),
    Variable("ENDPOINTS_PER_TEAM", "1000", "How many endpoints a team may watch.", whole(1, 100_000)),
    Variable(
        "WINDOWS_PER_TEAM",
        "100",
        "How many maintenance windows a team may have that are not over.",
        whole(0, 10_000),
    ),
    Variable(
        "SILENCES_PER_TEAM",
        "100",
        "How many silences of a team may be in force at the same time.",
        whole(0, 10_000),
    ),
    Variable("TOKENS_PER_TEAM", "50", "How many API tokens a team may have, and a person besides.", whole(0, 10_000)),
    Variable("ADDRESSES_PER_TEAM", "20", "How many addresses a team's mails may go to.", whole(1, 1000)),
    Variable(
        "MAILS_PER_HOUR",
        "300",
        "How many mails a team's alerts may send in an hour. What comes on top is put into one summary.",
        whole(1, 100_000),
    ),
    Variable(
        "CONFIRM_ADDRESSES",
        "on",
        "Whether an address that somebody typed, and that is no account's confirmed one, gets alerts only after "
        "its owner opened a link. Addresses that `manage.py apply` names are trusted.",
        on_off,
    ),
    Variable(
        "STREAMS_PER_PERSON",
        "20",
        "How many event streams keep one person's live pages up to date; one more ends the oldest. "
        "The tabs of a browser share one.",
        whole(1, 1000),
    ),
    Variable(
        "CONNECTIONS",
        "2000",
        "How many connections the web server keeps open at the same time.",
        whole(10, 100_000),
    ),
    Variable(
        "FLAPPING_ALERT_AFTER",
        "120",
        "How many seconds an outage of a flapping endpoint, or its end, must last until it is alerted. 0: no wait.",
        whole(0, 300),
    ),
    Variable(
        "KEEP_READINGS",
        "2",
        "For how many days each reading is kept. Charts of an hour and of a day are made of them.",
        whole(2, 90),
    ),
    Variable(
        "KEEP_HOURLY",
        "100",
        "For how many days the sums of each hour are kept. Charts of 7, 30 and 90 days are made of them, and show no "
        "more than that.",
        whole(8, 3660),
    ),
    Variable(
        "KEEP_DAILY",
        "800",
        "For how many days the sums of each day are kept. Availability is made of them, for as many days at most.",
        whole(91, 3660),
    ),
    Variable("GUIDE_PUBLIC", "on", "Whether the guide can be read without signing in.", on_off),
    Variable("LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`.", log_level),
    Variable("DEBUG", "off", "Django's debug mode, for development only: error pages show secrets.", on_off),
]
