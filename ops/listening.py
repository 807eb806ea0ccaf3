"""The addresses that the web server listens on."""

import socket


def addresses(host: str, port: int) -> dict[tuple[str, int], socket.AddressFamily]:
    """Those of this host, with their families; raises OSError when there is none.

    `::` stands for 0.0.0.0 as well. Each has a socket of its own, since one for both would show IPv4 clients by
    addresses of IPv6.
    """
    hosts = ("::", "0.0.0.0") if host == "::" else (host,)
    found = [
        each
        for one in hosts
        for each in socket.getaddrinfo(one, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    ]
    return {(str(address[0]), int(address[1])): family for family, _, _, _, address in found}
