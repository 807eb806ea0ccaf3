"""The prober's checks of itself, on real sockets."""

import errno
import resource
import socket
import threading
from contextlib import ExitStack, closing, suppress

from fleet.self_check import own_network
from fleet.verdict.monitor_blind import verdict
from tests.conftest import free_port


def test_a_healthy_machine_finds_nothing_wrong_with_itself():
    assert own_network.canary() == ""
    assert own_network.way_to("127.0.0.1")
    assert verdict(own_network.check(["127.0.0.1"])) is None


def test_running_out_of_file_descriptors_is_our_own_fault():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, limit[1]))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        with suppress(OSError):
            while True:
                stack.enter_context(closing(socket.socket()))
        reason = own_network.canary()
    assert "Too many open files" in reason


def test_an_address_without_a_route_is_distinguished_from_one_that_has_one(monkeypatch):
    class NoRoute(socket.socket):
        def connect(self, address):
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(own_network.socket, "socket", NoRoute)
    assert not own_network.way_to("192.0.2.1")


def test_a_witness_that_refuses_has_answered_and_a_silent_one_has_not(monkeypatch):
    monkeypatch.setattr(own_network, "WITNESS_WITHIN", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as full, ExitStack() as stack:
        port = full.getsockname()[1]
        for _ in range(4):  # a full backlog drops what comes: like a machine that is not there
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        silent = ("127.0.0.1", port)
        assert own_network.check([], [("127.0.0.1", free_port())]).witnesses == (1, 0)
        assert own_network.check([], [silent]).witnesses == (1, 1)
        assert own_network.check([], [silent, ("127.0.0.1", free_port())]).witnesses == (2, 1)


def test_names_without_an_answer_are_distinguished_from_names_that_are_not_there(monkeypatch):
    answers = dict.fromkeys(("silent.example", "hanging.example"), socket.EAI_AGAIN)
    answers["gone.example"] = socket.EAI_NONAME
    never = threading.Event()

    def resolver(name, *_args, **_options):
        if name == "hanging.example":
            never.wait(5)
        raise socket.gaierror(answers[name], "as the test wants it")

    monkeypatch.setattr(own_network.socket, "getaddrinfo", resolver)
    monkeypatch.setattr(own_network, "NAMES_WITHIN", 0.2)
    monkeypatch.setattr(own_network, "canary", lambda: "")
    assert own_network.check(["silent.example", "hanging.example"]).names == (2, 2)
    assert own_network.check(["silent.example", "gone.example"]).names == (2, 1)
    assert own_network.check(["silent.example", "10.0.0.1", "10.0.0.2"]).names == (1, 0), (
        "names are not what mostly fails"
    )
    never.set()
