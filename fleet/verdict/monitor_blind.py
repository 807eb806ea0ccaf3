"""Distinguishes "the monitor is blind" from "they are down". Pure: no I/O, no Django.

Most of the fleet failing in the same moment is a reason to check ourselves first, no more: only what our own
checks find makes it blindness. A fleet that is really down, seen by a healthy prober, stays down.
"""

import socket
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from ..engines.errors import Cause

SUSPICIOUS = frozenset({Cause.NO_ROUTE, Cause.DNS_FAILED, Cause.TIMED_OUT})
"""What a blind prober finds. A refused connection is not among them: it proves that we reached the machine."""

RECENT = 60.0
"""Seconds within which failures count as of the same moment."""

MOST = 0.8
"""The share of the hosts probed since a moment that must fail before we doubt ourselves."""


def suspicious(cause: str, step: str) -> bool:
    """Whether a finding may be our own fault. Time that ran out after the connection stood is the server's."""
    return cause in SUSPICIOUS and (cause != Cause.TIMED_OUT or step == "connect")


@lru_cache(maxsize=10_000)
def host_of(url: str) -> str:
    """The host that an endpoint's URL names, without its port. What is no URL is a host of its own."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name: it can be reached without any network."""
    if host in ("localhost", socket.gethostname().lower()) or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Glance:
    """The latest probe of one endpoint; times are in unix seconds."""

    host: str
    at: float
    failing_since: float | None = None  # None: it answered, whatever it said
    suspicious: bool = False  # what it fails with may be our own fault


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Since when (unix seconds) which hosts fail in a way that makes us check ourselves."""

    since: float
    hosts: tuple[str, ...]


def suspect(glances: Iterable[Glance], now: float) -> Suspicion | None:
    """The earliest moment of the last RECENT seconds since which MOST of the hosts probed fail suspiciously.

    Hosts count, not endpoints; those on this machine don't, and neither do those that failed before: they say
    nothing about now.
    """
    failing, seen = _sort(glances, now)
    began, proofs = sorted(failing.values()), sorted(seen.values())
    for index, since in enumerate(began):
        fail = len(began) - index
        answered = len(proofs) - bisect_left(proofs, since)
        if fail >= MOST * (fail + answered):
            return Suspicion(since, tuple(sorted(host for host, at in failing.items() if at >= since)))
    return None


def _sort(glances: Iterable[Glance], now: float) -> tuple[dict[str, float], dict[str, float]]:
    """host -> when it began to fail, and host -> when it was last seen. One answer speaks for its whole host."""
    failing: dict[str, float] = {}
    seen: dict[str, float] = {}
    for glance in glances:
        if glance.at < now - RECENT or is_loopback(glance.host):
            continue
        if glance.failing_since is None or not glance.suspicious:
            seen[glance.host] = max(glance.at, seen.get(glance.host, 0.0))
        elif glance.failing_since >= now - RECENT:
            failing[glance.host] = min(glance.failing_since, failing.get(glance.host, now))
    for host in [host for host, at in seen.items() if at >= failing.get(host, now + 1)]:
        del failing[host]
    return failing, {host: at for host, at in seen.items() if host not in failing}


@dataclass(frozen=True, slots=True)
class Checks:
    """What the prober found out about itself. An (asked, missing) of (0, 0) means: not checked."""

    canary: str = ""  # why a connection within this machine failed
    connected: bool | None = None  # whether any network interface is; None: not known, or no matter
    routes: tuple[int, int] = (0, 0)  # addresses that fail, and how many there is no way to
    names: tuple[int, int] = (0, 0)  # names that fail, and how many no name server spoke about
    witnesses: tuple[int, int] = (0, 0)  # addresses that should always answer, and how many did not
    only_host: bool = False  # the one that fails is all there is


def verdict(checks: Checks) -> str | None:
    """The sentence that says why we are blind; None when nothing is wrong with us."""
    if checks.canary:
        return f"A test connection within this machine failed: {checks.canary.rstrip('.')}."
    if checks.connected is False:
        return "No network interface of this machine is connected."
    if _most(checks.routes, 1 if checks.only_host else 2):
        return f"This machine has no way into the network of {checks.routes[1]} of {checks.routes[0]} hosts that fail."
    asked, missing = checks.witnesses
    if asked and missing == asked:
        return "None of the addresses named in WITNESS can be reached."
    asked, missing = checks.names
    if asked >= 2 and missing == asked:
        return f"No name server answers: none of {asked} host names could be looked up."
    return None


def reached(checks: Checks) -> bool:
    """Whether there is a way to enough of the hosts that were asked about."""
    (addresses, no_route), (names, no_answer) = checks.routes, checks.names
    return addresses + names > 0 and no_route + no_answer < MOST * (addresses + names)


def _most(count: tuple[int, int], least: int) -> bool:
    asked, missing = count
    return asked >= least and missing >= MOST * asked
