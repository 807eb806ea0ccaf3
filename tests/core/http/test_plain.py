"""A plain answer is read as http.client reads it, and one that is not plain is left to it."""

import socket
from collections.abc import Iterator
from http.client import HTTPResponse, IncompleteRead

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.plain import Plain

from .test_headers import LINES, found

HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 10\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our end of a connection, and the server's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@given(
    st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 503 Not now, please \r\n", b"HTTP/1.1 304 x\r\n"]),
    st.lists(st.sampled_from(LINES), max_size=3) | st.lists(st.binary(max_size=8), max_size=3),
)
def test_a_plain_answer_is_as_http_client_has_it(status: bytes, lines: list[bytes]) -> None:
    sent = status + b"Content-Length: 11\r\n" + b"".join(lines) + b"\r\n" + b"body" * 3
    with socket.socket() as sock:
        if plain := Plain.read(sock, sent):
            (version, code, _, chunked, length), will_close, headers, _ = found(HTTPResponse, sent)
            assert (version, code, chunked, length) == (11, plain.status, False, len(plain.read1(99)))
            assert (headers, will_close) == (list(plain.headers.items()), plain.will_close)


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"10", b"10\r\nTransfer-Encoding: chunked"),
        HEAD.replace(b"10", b"10\r\nContent-Length: 12"),
        HEAD.replace(b"10", b"-10"),
        HEAD.replace(b"10", b"9" * 20),
        HEAD.replace(b"Content-Length: 10", b"Set-Cookie: a\r\nSet-Cookie: b"),
        HEAD.replace(b"200", b"204"),
        HEAD.replace(b"1.1", b"1.0"),
        HEAD.replace(b"Server: x", b"Server: x\r\n folded"),
        HEAD.replace(b"\r\n", b"\n"),
        HEAD.replace(b"Server: x\r\n", b"".join(b"A%d: b\r\n" % n for n in range(99))),
        HEAD[:-2],
        b"",
    ],
)
def test_what_is_not_plain_is_left_to_http_client(head: bytes) -> None:
    with socket.socket() as sock:
        assert Plain.read(sock, head) is None


def test_a_body_is_waited_for_and_ends_where_it_should(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    answer = Plain.read(ours, HEAD + b"01")
    assert answer
    assert answer.read1(99) == b"01"
    theirs.sendall(b"23456789HTTP/1.1")
    assert (answer.read1(4), answer.read1(99), answer.read1(99)) == (b"2345", b"6789", b"")


def test_a_body_that_breaks_off_is_incomplete(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    answer = Plain.read(ours, HEAD)
    assert answer
    theirs.sendall(b"0123")
    theirs.close()
    assert answer.read1(99) == b"0123"
    with pytest.raises(IncompleteRead):
        answer.read1(99)
