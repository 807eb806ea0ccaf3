"""A real HTTP server on loopback that plays an engine by its samples, with switches changed while it runs.

with FakeEngine("vllm") as engine:
    engine.waiting = 12
    probe(engine.url)

Also runnable, to play many at once in one process, at /e/0, /e/1, ... (alternately Ollama and vLLM):
    python -m tests.fake_engine --engines 200 --hang 40 --port 9000
"""

import argparse
import asyncio
import base64
import contextlib
import json
import re
import ssl
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from tests.fake_work import Work

SAMPLES = Path(__file__).parent / "samples"
ENGINES = sorted(folder.name for folder in SAMPLES.iterdir() if folder.is_dir() and folder.name != "__pycache__")
OTHER = "*"

Answer = tuple[int, dict[str, str], bytes]


def load_samples(folder: Path) -> dict[str, Answer]:
    """The answers in one folder by "GET /path"; OTHER is the one to anything else."""
    answers = {}
    for file in folder.glob("*.http"):
        head, _, body = file.read_text().partition("\n\n")
        request, status, *headers = head.split("\n")
        answers[request] = (int(status), dict(line.split(": ", 1) for line in headers), body.encode())
    return answers


class Play(Work):
    """What one engine answers. `variant` names a folder of samples laid over those of the engine."""

    def __init__(self, engine: str, variant: str = "") -> None:
        super().__init__()
        self.engine = engine
        self._answers = load_samples(SAMPLES / engine)
        if variant:
            self._answers |= load_samples(SAMPLES / engine / variant)
        self.delay = 0.0  # seconds before each answer
        self.status: int | None = None  # answered to everything, with an empty body
        self.api_key: str | None = None  # wanted for /v1, as vLLM's --api-key does
        self.login: str | None = None  # "user:password", wanted for everything, as a proxy with basic auth does
        self.version: str | None = None
        self.waiting: int | None = None  # vLLM's queue
        self.deferred: int | None = None  # the part of it that waits for something else than capacity
        self.running: int | None = None
        self.generated: int | None = None  # vLLM's counter of tokens
        self.generating = 0  # how far that counter moves with each look at it
        self.sleep_state: str | None = None  # vLLM's
        self.expires_in: float | None = 240.0  # seconds until Ollama's models expire; negative: busy; None: as sampled
        self.requests: deque[str] = deque(maxlen=1000)  # "GET /path" of the latest ones
        self._names: list[str] | None = None

    def models(self, names: list[str]) -> None:
        """From now on it offers these, each like the first model of its samples."""
        self._names = names

    def put(self, request: str, body: Any, status: int = 200, **headers: str) -> None:
        """From now on "GET /path" is answered by this; what is not bytes or text goes as JSON."""
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        self._answers[request] = (status, headers, body.encode() if isinstance(body, str) else body)

    def drop(self, request: str) -> None:
        """From now on there is no such path."""
        self._answers.pop(request, None)

    def pad_metrics(self, size: int = 50_000) -> None:
        """Gives vLLM's metrics the histograms back that its sample leaves out: a real page has 52 kB."""
        status, headers, body = self._answers.get("GET /metrics", (404, {}, b""))
        line = b'vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001",model_name="tiny"} 0.0\n'
        if b"vllm:" in body:
            missing = max(0, size - len(body))
            self._answers["GET /metrics"] = status, headers, body + line * (missing // len(line))

    def asked(self, request: str) -> int:
        """How often "GET /path" was asked, of the latest thousand requests."""
        return list(self.requests).count(request)

    def answer(self, request: str, key: str | None) -> Answer:
        """What the engine answers to "GET /path" with this bearer key or base64 of basic auth."""
        self.requests.append(request)
        if self.login and key != base64.b64encode(self.login.encode()).decode():
            return (
                401,
                {"WWW-Authenticate": 'Basic realm="proxy"', "Server": "nginx"},
                b"<h1>401 Authorization Required</h1>",
            )
        if self.status is not None:
            return self.status, {}, b""
        if self.api_key and key != self.api_key and " /v1" in request:
            return 401, {"Content-Type": "application/json"}, b'{"error":"Unauthorized"}'
        if request not in self._answers and (done := self.done(request)) is not None:
            return 200, {}, done
        status, headers, body = self._answers.get(request) or self._answers.get(OTHER) or (404, {}, b"")
        change = _CHANGES.get(request)
        return status, headers, change(self, body) if change and status == 200 else body

    def _versioned(self, body: bytes) -> bytes:
        return json.dumps({"version": self.version}).encode() if self.version else body

    def _listed(self, body: bytes) -> bytes:
        if self._names is None:
            return body
        field, name = ("models", "name") if b'"models"' in body else ("data", "id")
        first = json.loads(body)[field][0]
        cards = [{**first, name: n, **({"model": n} if "model" in first else {})} for n in self._names]
        return json.dumps({field: cards, "object": "list"}).encode()

    def _expiring(self, body: bytes) -> bytes:
        if self.expires_in is None:
            return body
        moment = datetime.now(UTC) + timedelta(seconds=self.expires_in)
        return re.sub(rb'("expires_at": ?)"[^"]*"', rb'\1"' + moment.isoformat().encode() + b'"', body)

    def _measured(self, body: bytes) -> bytes:
        for name, value in (
            (rb"running\{", self.running),
            (rb"waiting\{", self.waiting),
            (rb'waiting_by_reason\{.*reason="capacity"', self.waiting and self.waiting - (self.deferred or 0)),
            (rb'waiting_by_reason\{.*reason="deferred"', self.deferred),
        ):
            if value is not None:
                line = rb"(vllm:num_requests_" + name + rb".*\}) .*"
                body = re.sub(line, rb"\g<1> " + str(value).encode(), body)
        if self.generated is not None:
            self.generated += self.generating
            line = rb"(vllm:generation_tokens_total\{.*\}) .*"
            body = re.sub(line, rb"\g<1> " + str(self.generated).encode(), body)
        if self.sleep_state:
            body = re.sub(rb"(vllm:engine_sleep_state\{.*\}) .*", rb"\1 0.0", body)
            line = rb'(vllm:engine_sleep_state\{.*sleep_state="' + self.sleep_state.encode() + rb'".*\}) .*'
            body = re.sub(line, rb"\1 1.0", body)
        return body


_CHANGES: dict[str, Callable[[Play, bytes], bytes]] = {
    "GET /version": Play._versioned,
    "GET /api/version": Play._versioned,
    "GET /api/tags": Play._listed,
    "GET /v1/models": Play._listed,
    "GET /api/ps": Play._expiring,
    "GET /metrics": Play._measured,
}


class Server:
    """Plays several engines on one port and one event loop, so that a hanging request costs no thread."""

    def __init__(self, plays: dict[str, Play], port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.plays = plays  # by the prefix of their paths: "", "/e/0", ...
        self.port = port
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    def start(self) -> None:
        """Listen, on the same port as before; twice does no harm."""
        self._do(self._listen())

    def down(self) -> None:
        """Stop listening and drop every connection: the next one is refused."""
        self._do(self._stop())

    def close(self) -> None:
        """The end of the server and its thread."""
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512, ssl=self._tls)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError, ValueError):
            pass  # the other side left, or we are stopped
        finally:
            self._open.discard(task)
            with contextlib.suppress(OSError):
                writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
        length = re.search(r"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        sent = await reader.readexactly(int(length[1]) if length else 0)
        key = re.search(r"\r\nauthorization: *(?:bearer|basic) (\S+)", head, re.IGNORECASE)
        play, path = self._find(target)
        headers: dict[str, str]
        if play is None:
            status, headers, body = 404, {}, b"no engine is played here"
        else:
            if sent:
                play.post(f"{method} {path}", sent)
            status, headers, body = play.answer(f"{method} {path}", key[1] if key else None)
            if play.hangs(f"{method} {path}", sent):
                await asyncio.Event().wait()
            if play.delay:
                await asyncio.sleep(play.delay)
        writer.write(_raw(status, headers, b"" if method == "HEAD" else body))
        await writer.drain()
        return True

    def _find(self, target: str) -> tuple[Play | None, str]:
        path = target.partition("?")[0]
        if "" in self.plays:
            return self.plays[""], path
        prefix = "/".join(path.split("/", 3)[:3])
        return self.plays.get(prefix), path[len(prefix) :]


def _raw(status: int, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Date: {formatdate(usegmt=True)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


class FakeEngine(Play):
    """One engine with a server of its own; `prefix` is a path below which it is served, like "/e/1"."""

    def __init__(
        self, engine: str, variant: str = "", *, port: int = 0, prefix: str = "", tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(engine, variant)
        self._prefix = prefix
        self._scheme = "https" if tls else "http"
        self._server = Server({prefix: self}, port, tls)
        self.start, self.down, self.close = self._server.start, self._server.down, self._server.close

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{self._scheme}://127.0.0.1:{self.port}{self._prefix}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def many(count: int, hanging: int = 0, port: int = 0, kinds: tuple[str, ...] = ("ollama", "vllm")) -> Server:
    """`count` engines at /e/0, /e/1, ... of one server; the first `hanging` take requests and never answer."""
    plays = {f"/e/{n}": Play(kinds[n % len(kinds)]) for n in range(count)}
    for play in plays.values():
        play.pad_metrics()
    for n in range(hanging):
        plays[f"/e/{n}"].hang = True
    return Server(plays, port)


def main() -> None:
    """Plays until it is interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", type=int, default=1)
    parser.add_argument("--hang", type=int, default=0, help="how many of them never answer")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--kind", choices=ENGINES, action="append", help="may be given several times")
    options = parser.parse_args()
    kinds = tuple(options.kind or ("ollama", "vllm"))
    server = many(options.engines, options.hang, options.port, kinds)
    print(f"{options.engines} engines at http://127.0.0.1:{server.port}/e/0 and on", flush=True)  # noqa: T201
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    server.close()


if __name__ == "__main__":
    main()
