"""Where the web server listens."""

import contextlib
import socket

import pytest

from ops import up, web_server
from tests.broker import free_port

V4, V6 = socket.AF_INET, socket.AF_INET6


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=V6):
        return True
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize(
    ("host", "reached"),
    [("::", {V4, V6}), ("0.0.0.0", {V4}), ("127.0.0.1", {V4}), ("::1", {V6})],
)
def test_a_host_serves_the_usual_families(host, reached):
    port = free_port()
    with contextlib.ExitStack() as stack:
        for listener in web_server.listeners(host, port):
            stack.enter_context(listener).listen()
        found = {}
        for family, address in ((V4, "127.0.0.1"), (V6, "::1")):
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection((address, port), 5) as client:
                found[family] = client.getpeername()[0]
    assert found.keys() == reached


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_clients_of_ipv4_keep_their_addresses():
    port = free_port()
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(each) for each in web_server.listeners("::", port)]
        for each in listeners:
            each.listen()
        (four,) = [each for each in listeners if each.family == V4]
        with socket.create_connection(("127.0.0.1", port), 5):
            taken, address = four.accept()
            taken.close()
    assert address[0] == "127.0.0.1"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_port_that_one_family_has_not_free_is_refused():
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(up.CannotStart, match=rf"Port {port} on :: can't be used"):
            up.check_port("::", port)
