"""Addresses that nothing of ours may call, whatever name leads there.

Private and loopback addresses are where engines live, so those are allowed. What is refused has no engine but
secrets (the metadata service of a cloud) or is no single machine.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_METADATA = {ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")}
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_BROADCAST = IPv4Address("255.255.255.255")


def refused(address: str) -> str | None:
    """Why this IP address may not be called, as a sentence; None when it may."""
    try:
        found = _inner(ip_address(address))
    except ValueError:
        return f"{address[:80]!r} is not an IP address."
    if found in _METADATA:
        return f"{found} is the metadata service of a cloud, which may not be called."
    if found.is_link_local:
        return f"{found} is a link-local address, which may not be called."
    this_network = found.version == 4 and int(found) < 1 << 24
    if found.is_unspecified or found == _BROADCAST or found.is_multicast or this_network:
        return f"{found} is not the address of one machine, so it may not be called."
    return None


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address where an IPv6 one only wraps it; without a zone ("%eth0")."""
    if isinstance(address, IPv4Address):
        return address
    plain = IPv6Address(int(address))
    if plain in _NAT64:
        return IPv4Address(int(plain) & 0xFFFFFFFF)
    return plain.ipv4_mapped or plain.sixtofour or plain
