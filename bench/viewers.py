"""What it costs to watch the board: many event streams on one web process, in a fleet that lives.

    .venv/bin/python -m bench.viewers --viewers 50 --endpoints 200 --interval 15 --seconds 60

Starts the web process with a database of invented endpoints and a broker of its own. Each endpoint's row is moved once
an interval, as a probe would, and every ten seconds one goes down or comes back. The viewers do as the page's scripts
do: they take the pieces that the stream sends, and ask when it says so. Printed are the time from a row's change to the
HTML in a viewer's hands, and the CPU time of the web process in percent of a core. Linux only, since it reads /proc.
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import django

from .probing import ROOT, TICKS, free_port, wait_ready

CURSOR = re.compile(r'name="since" value="([^"]+)"')
MEASURE = 5
"""So many of the viewers measure."""

ROW = re.compile(r'id="row-(\d+)".*?(\d+) ms<', re.DOTALL)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PLIMSOLL_DATA": folder, "PORT": str(free_port()), "HOST": "127.0.0.1",
                       "STREAMS_PER_PERSON": "1000", "DJANGO_SETTINGS_MODULE": "config.settings"}  # fmt: skip
        django.setup()
        web, broker = _start(options.endpoints)
        try:
            wait_ready(os.environ["PORT"], path="/health/live")
            asyncio.run(_measure(options, web.pid))
        finally:
            web.send_signal(signal.SIGTERM)
            web.wait(20)
            broker.terminate()
            broker.wait(20)


def _start(endpoints: int) -> tuple[subprocess.Popen, subprocess.Popen]:
    from django.conf import settings
    from django.core.management import call_command

    from ops import embedded_broker

    from .seed import seed

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    seed(endpoints, observations=1)
    command = embedded_broker.command(embedded_broker.server(), settings.REDIS_SOCKET, settings.DATA)
    broker = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    web = subprocess.Popen([sys.executable, "-m", "ops.web_server"], cwd=ROOT)
    return web, broker


class Viewer:
    """A board in one browser. `changed` are the moments of the changes, where this one measures."""

    def __init__(self, session: str, changed: dict[tuple[str, ...], float] | None, taken: list[float]) -> None:
        self.headers = f"Host: localhost\r\nCookie: plimsoll_session={session}\r\n"
        self.changed, self.taken, self.asked, self.bytes = changed, taken, 0, 0
        self.cursor, self.seen = "", set[tuple[str, ...]]()

    async def watch(self) -> None:
        self._take(await self._get("/"))
        while True:  # a stream ends after a while, and the browser opens another
            await self._follow()

    async def _follow(self) -> None:
        reader, writer = await self._open("/live")
        held = b""
        while chunk := await reader.read(1024 * 1024):
            self.bytes += len(chunk)
            held += chunk
            if not held.endswith(b"\n\n\r\n"):  # events end with an empty line, and chunks of HTTP with \r\n
                continue
            if b"event: missed\n" in held:
                await self._ask()
            if b"event: board\n" in held:
                self._take(held.decode())
            held = b""
        writer.close()

    async def _ask(self) -> None:
        self.asked += 1
        self._take(await self._get(f"/changes/?since={self.cursor}"))

    def _take(self, html: str) -> None:
        at = time.time()
        for row in html.split("<tr")[1:] if self.changed is not None else ():
            change = found.groups() if (found := ROW.search(row)) else None
            if change in self.changed and change not in self.seen:
                self.seen.add(change)
                self.taken.append(at - self.changed[change])
        if found := CURSOR.search(html):
            self.cursor = found[1]

    async def _get(self, path: str) -> str:
        reader, writer = await self._open(path, "Connection: close\r\n")
        answer = await reader.read()
        self.bytes += len(answer)
        writer.close()
        return answer.decode()

    async def _open(self, path: str, more: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = int(os.environ["PORT"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=8 * 1024 * 1024)
        writer.write(f"GET {path} HTTP/1.1\r\n{self.headers}{more}\r\n".encode())
        return reader, writer


async def _measure(options: argparse.Namespace, pid: int) -> None:
    session = await asyncio.to_thread(_sign_in)
    changed: dict[tuple[str, ...], float] = {}
    taken: list[float] = []
    # Those that measure cost the rig much more than those that only read.
    viewers = [Viewer(session, changed if n < MEASURE else None, taken) for n in range(options.viewers)]
    watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    mover = asyncio.create_task(asyncio.to_thread(_move, options, changed))
    await asyncio.sleep(options.warm_up)
    taken.clear()
    before, began, bytes_before = _cpu(pid), time.monotonic(), sum(viewer.bytes for viewer in viewers)
    asked = sum(viewer.asked for viewer in viewers)
    await mover
    seconds = time.monotonic() - began
    share = (_cpu(pid) - before) / seconds
    received = sum(viewer.bytes for viewer in viewers) - bytes_before
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    taken.sort()
    print(f"{options.viewers} viewers of {options.endpoints} endpoints, {options.interval} s, for {seconds:.0f} s")
    print(f"change to HTML  p50 {median(taken):.2f} s  p95 {taken[len(taken) * 95 // 100]:.2f} s  max {taken[-1]:.2f} s"
          f"  of {len(taken)}")  # fmt: skip
    print(f"web CPU         {share * 100:.1f} % of a core")
    print(f"asked           {(sum(v.asked for v in viewers) - asked) / seconds:.2f} times a second in all")
    print(f"received        {received / seconds / options.viewers / 1000:.1f} kB/s a viewer")


def _sign_in() -> str:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client(HTTP_HOST="localhost")
    client.force_login(get_user_model().objects.get_or_create(username="bench")[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _move(options: argparse.Namespace, changed: dict[tuple[str, ...], float]) -> None:
    """Moves one row after the other, and announces it; the latency says which change it was."""
    from core.database import writing
    from fleet import live
    from fleet.history import day_strip
    from fleet.models import EndpointState

    pks = list(EndpointState.objects.order_by("pk").values_list("pk", flat=True))
    strips = dict(EndpointState.objects.values_list("pk", "strip"))
    end, step = time.time() + options.warm_up + options.seconds, options.interval / len(pks)
    due, number, turn = time.time(), 0, time.time() + 10
    down = False
    while time.time() < end:
        pk, number = pks[number % len(pks)], number + 1
        latency, now = 100 + number % 899, datetime.now(UTC)
        strips[pk] = day_strip.add(strips[pk], now.timestamp(), "up", float(latency), busy=None)
        moved = {"latency_ms": latency, "seen_at": now, "probed_at": now, "shown_at": now, "strip": strips[pk]}
        if pk == pks[0]:
            moved |= {"status": "down" if down else "up", "cause": "timed_out" if down else ""}
            if now.timestamp() > turn:
                down, turn = not down, now.timestamp() + 10
                moved |= {"regrouped_at": now, "since": now}
        changed[str(pk), str(latency)] = time.time()
        with writing():
            EndpointState.objects.filter(pk=pk).update(**moved)
        live.publish([pk])
        due += step
        time.sleep(max(0.0, due - time.time()))


def _cpu(pid: int) -> float:
    """CPU seconds of the process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--interval", type=float, default=15, help="seconds between two moves of a row")
    parser.add_argument("--warm-up", type=float, default=10, help="seconds that are not measured")
    parser.add_argument("--seconds", type=float, default=60)
    return parser.parse_args()


if __name__ == "__main__":
    main()
