"""Files and bodies that are too large are refused before anything is kept of them."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.asgi import application
from core.web import bodies
from tests.conftest import free_port

_SERVE = """
import uvicorn
from core.web.bodies import limit_bodies

async def taken(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"taken"})

uvicorn.run(limit_bodies(taken), port=%d, log_level="error", lifespan="off")
"""


def test_a_form_with_a_file_is_refused_and_changes_nothing(client, alice, team):
    client.force_login(alice)
    sent = {"name": "Renamed", "mail_to": "a@example.org", "logo": SimpleUploadedFile("x.svg", b"<svg/>" * 20_000)}
    assert client.post(f"/teams/{team.slug}/", sent).status_code == 400
    team.refresh_from_db()
    assert team.name == "Search"


def test_a_form_without_files_may_be_multipart(client, alice, team):
    client.force_login(alice)
    answer = client.post(f"/teams/{team.slug}/", {"name": "Renamed", "mail_to": "a@example.org"})
    assert answer.status_code == 302
    team.refresh_from_db()
    assert team.name == "Renamed"


@pytest.fixture(scope="module")
def port(wait_for) -> Iterator[int]:
    """A real web server whose application takes whatever reaches it."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", _SERVE % port])

    def listens() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, 20, "the server did not listen")
    yield port
    server.terminate()
    server.wait(10)


def status(port: int, head: str, body: bytes = b"") -> int:
    """The status of the answer to a POST with these header lines."""
    return int(answer(port, head, body).split()[1])


def answer(port: int, head: str, body: bytes = b"") -> str:
    """The beginning of the answer, in lower case."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"POST / HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode() + body)
        return client.recv(4000).decode().lower()


def test_a_large_body_is_refused_before_it_is_sent(port):
    assert status(port, f"Content-Length: {bodies.LARGEST + 1}") == 413


def test_a_body_of_unknown_length_is_refused(port):
    assert status(port, "Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n") == 411


def test_a_refusal_has_the_headers_of_our_pages(port):
    for head in (f"Content-Length: {bodies.LARGEST + 1}", "Transfer-Encoding: chunked"):
        shown = answer(port, head)
        assert "x-content-type-options: nosniff\r\n" in shown and "x-frame-options: deny\r\n" in shown
        assert "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n" in shown
        assert "referrer-policy: same-origin\r\n" in shown and "cache-control: no-store\r\n" in shown
        assert "cross-origin-opener-policy: same-origin\r\n" in shown and "permissions-policy: " in shown


def test_the_largest_body_is_taken(port):
    assert status(port, f"Content-Length: {bodies.LARGEST}", b"x" * bodies.LARGEST) == 200
    assert status(port, "Content-Length: 0") == 200


def test_the_product_is_served_behind_the_limit():
    assert application.__qualname__.startswith("limit_bodies")
