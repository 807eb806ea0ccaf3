"""Addresses that nothing of ours may call, checked where the connection is made."""

import socket

import pytest

from core.http import outbound, transport
from core.http.transport import Clock, open_socket
from fleet.engines.errors import Cause, Unreachable
from fleet.engines.http.client import Client
from fleet.verdict.status import Status, status_of


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.0.1", "100.100.100.200", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "0.0.0.0",
        "0.1.2.3", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "2001:0:102:304:0:ffff:5601:5601", "not an address", "fd00:ec2::23",
        "fd00:42::42", "fd20:ce::254", "168.63.129.16", "192.0.0.192", "240.0.0.1",
        "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "::169.254.169.254",
        "::ffff:0:169.254.169.254",
    ],
)  # fmt: skip
def test_what_has_no_engine_but_secrets_is_refused_with_a_sentence(address):
    assert str(outbound.refused(address)).endswith(".")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "10.0.0.5", "192.168.1.20", "172.16.3.4", "100.64.0.7", "fd12:3456::1", "1.1.1.1",
     "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:10.0.0.5", "64:ff9b::a00:5", "fd00:1::1", "fd20::1", "192.0.0.9",
     "2606:4700::1111"],
)  # fmt: skip
def test_private_and_loopback_addresses_are_where_engines_live(address):
    assert outbound.refused(address) is None


@pytest.mark.parametrize("url", ["http://169.254.169.254", "http://[::ffff:a9fe:a9fe]:80", "http://2852039166"])
def test_a_probe_of_a_refused_address_says_so_and_counts_as_degraded(url):
    with Client(url, deadline=2) as client, pytest.raises(Unreachable, match="metadata") as raised:
        client.get("/latest/meta-data/")
    assert raised.value.cause is Cause.ADDRESS_REFUSED
    assert status_of(Cause.ADDRESS_REFUSED) is Status.DEGRADED


def test_a_name_that_leads_to_a_refused_address_gains_nothing(monkeypatch):
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(transport, "look_up", lambda *_: answers)
    with pytest.raises(Unreachable, match="metadata"):
        open_socket("rebound.example.org", 80, Clock(1))


def test_of_several_addresses_only_the_refused_ones_are_left_out(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        good = server.getsockname()
        answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (("169.254.1.1", 80), good)]
        monkeypatch.setattr(transport, "look_up", lambda *_: answers)
        clock = Clock(2)
        with open_socket("two.example.org", 80, clock) as sock:
            assert sock.getpeername() == good
        clock.release()
