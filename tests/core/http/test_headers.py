"""Status lines and headers mean what they mean to http.client, also odd ones."""

import io
from http.client import HTTPException, HTTPResponse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.errors import TooCostly
from core.http.metering import Metered

STATUS_LINES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204\r\n",
    b"HTTP/1.0 503 Not now, please \n",
    b"HTTP/0.9 304 x\r\n",
    b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 103 Early\r\n",
    b"HTTP/2 200 OK\r\n",
    b"HTTP/1.1 99 x\r\n",
    b"ICY 200 OK\r\n",
    b"",
]
LINES = [
    b"Content-Length: 5\r\n",
    b"content-length:12\r\n",
    b"Transfer-Encoding: Chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: Keep-Alive\r\n",
    b"Keep-Alive: timeout=5\r\n",
    b"Content-Type: multipart/mixed\r\n",
    b"Server: uvicorn \t\r\n",
    b"Server:\n",
    b"X-Folded: a\r\n  b\r\n\tc\r\n",
    b" begins folded\r\n",
    b"No colon\r\n",
    b": no name\r\n",
    b"Blank : before the colon\r\n",
    b"From me\r\n",
    b"Latin: \xe9\xff\x85\r\n",
    b"Caf\xe9: x\r\n",
    b"Return: a\rb\r\n",
    b"Nul: a\x00b\x0b\x0cc\r\n",
    b"Unended: x",
]


def found(kind: type[HTTPResponse], sent: bytes) -> Any:
    """What this class makes of the bytes: its figures, or the error that it raises."""

    class Connection:
        def makefile(self, mode: str) -> io.BufferedReader:
            return io.BufferedReader(io.BytesIO(sent))

    response = kind(Connection(), method="GET")  # type: ignore[arg-type]
    try:
        response.begin()
    except HTTPException as error:
        return type(error), str(error)
    figures = response.version, response.status, response.reason, response.chunked, response.length
    return figures, response.will_close, response.headers.items(), response.fp.read()


@given(
    st.sampled_from(STATUS_LINES),
    st.lists(st.sampled_from(LINES), max_size=6) | st.lists(st.binary(max_size=8), max_size=6),
    st.sampled_from([b"\r\n", b"\n", b""]),
)
def test_an_answer_begins_as_http_client_has_it(status: bytes, lines: list[bytes], end: bytes) -> None:
    sent = status + b"".join(dict.fromkeys(lines)) + end + b"body"
    begun = found(Metered, sent)
    if not str(begun[1]).startswith("Content-Length"):  # an error of our own
        assert begun == found(HTTPResponse, sent)


@pytest.mark.parametrize("count", [99, 100])
def test_a_hundred_headers_are_too_many(count: int) -> None:
    sent = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * count + b"\r\n"
    assert found(Metered, sent) == found(HTTPResponse, sent)
    assert (found(Metered, sent)[0] is HTTPException) == (count == 100)


def test_a_header_without_end_has_the_limit_of_all_that_is_no_body() -> None:
    with pytest.raises(TooCostly, match="64 KiB of headers"):
        found(Metered, b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000)


@pytest.mark.parametrize("length", ["-1", "+5", "5, 7", "5x", "", "9" * 5000])
def test_a_length_that_is_none_is_an_error(length: str) -> None:
    sent = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()
    assert found(Metered, sent)[0] is HTTPException


def test_a_length_that_is_repeated_counts_once() -> None:
    (*_, length), *_ = found(Metered, b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n")
    assert length == 5
