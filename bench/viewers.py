"""What it costs to watch the board: many event streams on the web process of a living fleet.

The viewers do as the page's scripts do: they take the pieces that the stream sends, and ask when it says so. Each look
at a fake vLLM's metrics finds another number of running requests, so its row shows which check made it.
"""

import asyncio
import re
import time
from collections.abc import Iterator

from .living import Living
from .product import progress, quantile
from .table import Row

CURSOR = re.compile(r'name="since" value="([^"]+)"')
ROW = re.compile(r"<tr.*?>(e\d{5})</a>.*?(\d+) (?:running|callers?)", re.DOTALL)

MEASURE = 5
"""So many of the viewers measure: they cost much more than those that only read."""

Change = tuple[str, str]
"""An endpoint's name, and the running requests of its row."""


def watched(living: Living) -> Iterator[Row]:
    """From the engine's answer to the HTML in a viewer's hands, and the CPU of the web process meanwhile."""
    scale = living.scale
    living.engines.order(heal=True)
    progress(f"{scale.viewers} viewers of {living.count} endpoints for {scale.watched:.0f} s")
    viewers = [Viewer(living.product.port, living.product.session, n < MEASURE) for n in range(scale.viewers)]
    share, kilobytes = asyncio.run(_watch(living, viewers))
    loads = living.engines.order()["loads"]
    end = time.time() - 3  # what changed later may still be on its way
    changed = {(f"e{number:05}", str(running)): moment for number, running, moment in loads if moment < end}
    taken = [seen[change] - changed[change] for viewer in viewers if (seen := viewer.seen)
             for change in changed if change in seen]  # fmt: skip
    shown = len(taken) / max(1, len(changed) * min(MEASURE, len(viewers)))
    note = f"p95 {quantile(taken, 0.95):.2f} s, max {max(taken):.2f} s; {shown * 100:.0f} % of {len(changed)} changes"
    name = f"{scale.viewers} viewers of {living.count:,}"
    yield Row(f"{name}: engine's answer to HTML p50", quantile(taken, 0.5), "s", 0.5, note=note)
    yield Row(f"{name}: web CPU", share * 100, "% of a core", 5)
    yield Row(f"{name}: received", kilobytes, "kB/s a viewer")


async def _watch(living: Living, viewers: list["Viewer"]) -> tuple[float, float]:
    """The CPU of the web process per second, and the kB per second that each viewer got."""
    watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    await asyncio.sleep(min(10, living.scale.watched))
    await asyncio.to_thread(living.engines.order)  # forgets the changes until now
    before, began = await asyncio.to_thread(living.product.cpu), time.monotonic()
    received = sum(viewer.bytes for viewer in viewers)
    ended, _ = await asyncio.wait(watching, timeout=living.scale.watched)
    for task in ended:
        task.result()  # raises what ended it
    seconds = time.monotonic() - began
    used = (await asyncio.to_thread(living.product.cpu) - before)["web"]
    received = sum(viewer.bytes for viewer in viewers) - received
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return used / seconds, received / seconds / len(viewers) / 1000


class Viewer:
    """A board in one browser."""

    def __init__(self, port: int, session: str, measures: bool) -> None:
        self.port, self.measures, self.bytes, self.cursor = port, measures, 0, ""
        self.headers = f"Host: localhost\r\nCookie: plimsoll_session={session}\r\n"
        self.seen: dict[Change, float] = {}  # unix seconds, where this one measures

    async def watch(self) -> None:
        """Watches until it is cancelled."""
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
                self._take(await self._get(f"/changes/?since={self.cursor}"))
            if b"event: board\n" in held:
                self._take(held.decode())
            held = b""
        writer.close()

    def _take(self, html: str) -> None:
        now = time.time()
        for row in html.split("<tr")[1:] if self.measures else ():
            if found := ROW.match("<tr" + row):
                self.seen.setdefault((found[1], found[2]), now)
        if found := CURSOR.search(html):
            self.cursor = found[1]

    async def _get(self, path: str) -> str:
        reader, writer = await self._open(path, "Connection: close\r\n")
        answer = await reader.read()
        self.bytes += len(answer)
        writer.close()
        return answer.decode()

    async def _open(self, path: str, more: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=8 * 1024 * 1024)
        writer.write(f"GET {path} HTTP/1.1\r\n{self.headers}{more}\r\n".encode())
        return reader, writer
