"""Addresses that nothing of ours may call, whatever name leads there.

Private and loopback addresses are where engines live, so those are allowed. What is refused has no engine but
secrets (the metadata service of a cloud), is no single machine, is a service that we live on, or is outside of
the networks that the installation's settings name.
"""

import socket
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_METADATA = tuple(
    ip_network(text)
    for text in (
        "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::/32", "fd00:42::42", "fd20:ce::254",
    )
)  # fmt: skip
"""Of AWS and most others, Alibaba, Azure, Oracle; by IPv6 of AWS, Scaleway, Google."""

_WRAPPING = tuple(map(ip_network, ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")))
"""The last 32 bits are an IPv4 address: NAT64 (RFC 6052), SIIT (RFC 2765), IPv4-compatible (RFC 4291)."""

_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")  # RFC 8215: where the IPv4 address stands in it, only the network knows
_RESERVED = ip_network("240.0.0.0/4")  # has the broadcast address


@dataclass(frozen=True, slots=True)
class Service:
    """Something that the installation lives on, such as its database. `host` "" is this machine."""

    label: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What the installation adds. An empty `allow` is every network; `deny` wins over it."""

    deny: tuple[Network, ...] = ()
    allow: tuple[Network, ...] = ()
    services: tuple[Service, ...] = ()


_rules = Rules()


def configure(rules: Rules) -> Rules:
    """Puts these rules in force for the whole process; returns those before."""
    global _rules
    before, _rules = _rules, rules
    return before


def refused(address: str, port: int | None = None) -> str | None:
    """Why this IP address may not be called (at this port), as a sentence; None when it may."""
    try:
        found = _inner(address)
    except ValueError:
        return f"{address[:80]!r} is not an IP address."
    return _never(found) or _by_rules(found) or _own_service(found, port)


@lru_cache(maxsize=4096)
def _never(found: IPv4Address | IPv6Address) -> str | None:
    if any(found in network for network in _METADATA):
        return f"{found} is the metadata service of a cloud, which may not be called."
    if found.is_link_local:
        return f"{found} is a link-local address, which may not be called."
    this_network = found.version == 4 and int(found) < 1 << 24
    if found.is_unspecified or found in _RESERVED or found.is_multicast or this_network:
        return f"{found} is not the address of one machine, so it may not be called."
    if found in _LOCAL_NAT64:
        return f"{found} stands for another address, which can't be distinguished from it, so it may not be called."
    return None


def _by_rules(found: IPv4Address | IPv6Address) -> str | None:
    if any(found in network for network in _rules.deny):
        return f"{found} may not be called: OUTBOUND_DENY of this installation has it."
    if _rules.allow and not any(found in network for network in _rules.allow):
        return f"{found} may not be called: it is in no network of this installation's OUTBOUND_ALLOW."
    return None


def _own_service(found: IPv4Address | IPv6Address, port: int | None) -> str | None:
    for service in _rules.services:
        if service.port == port and _leads_to(service.host, found):
            return f"{found} port {port} is {service.label} of Plimsoll itself, which may not be called."
    return None


def _leads_to(host: str, found: IPv4Address | IPv6Address) -> bool:
    """Whether this address is that host. Looked up each time, which only a call to the same port causes."""
    if not host:
        return _of_this_machine(found)
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    targets = [_inner(str(answer[4][0])) for answer in answers]
    return found in targets or (any(map(_of_this_machine, targets)) and _of_this_machine(found))


def _of_this_machine(found: IPv4Address | IPv6Address) -> bool:
    """The kernel lets a socket be bound to addresses of this machine alone. Sends nothing."""
    family = socket.AF_INET if found.version == 4 else socket.AF_INET6
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as sock:
            sock.bind((str(found), 0))
    except OSError:
        return found.is_loopback
    return True


@lru_cache(maxsize=4096)
def _inner(text: str) -> IPv4Address | IPv6Address:
    """The IPv4 address where an IPv6 one only wraps it; without a zone ("%eth0"). Raises ValueError."""
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return address
    plain = IPv6Address(int(address))
    if int(plain) > 1 and any(plain in network for network in _WRAPPING):  # "::" and "::1" are themselves
        return IPv4Address(int(plain) & 0xFFFFFFFF)
    _, teredo = plain.teredo or (None, None)
    return plain.ipv4_mapped or plain.sixtofour or teredo or plain
