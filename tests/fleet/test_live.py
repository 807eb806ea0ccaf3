"""The live stream over a real Valkey: one subscription, coalesced events, a broker that goes and comes."""

import asyncio
import logging
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from django.contrib.auth import get_user_model
from django.test import AsyncClient

from fleet import live
from tests.broker import Broker, free_port


@pytest.fixture
def broker(tmp_path, settings) -> Iterator[Broker]:
    broker = Broker(str(tmp_path))
    settings.REDIS_URL = broker.url
    yield broker.start()
    broker.stop()


async def until(condition, seconds: float = 5.0) -> None:
    """Waits for a condition; fails when it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)


async def listening(broker: Broker) -> None:
    await until(lambda: broker.subscribers(live.CHANNEL) == 1)


def draw(since: str, changed: set[int]) -> tuple[str, str]:
    """Stands in for the board: names what it was asked for."""
    return f"<p>after {since or 'nothing'}\n{sorted(changed)}</p>", f"cursor {max(changed)}"


class Viewer:
    """Reads a stream in the background and keeps what came, with the time."""

    def __init__(self, person: int = 1, scope: frozenset[int] | None = None, draw=draw) -> None:
        self.over = False
        self.events: list[float] = []
        self.boards: list[str] = []
        self.missed = self.comments = 0
        self._task = asyncio.create_task(self._read(person, scope, draw))

    async def _read(self, person: int, scope: frozenset[int] | None, draw) -> None:
        async for part in live.stream(person, scope, draw):
            if "event: changed" in part:
                self.events.append(time.monotonic())
            self.missed += "event: missed" in part
            if part.startswith("event: board"):
                self.boards.append(part.partition("event: changed")[0])
            self.comments += part.startswith(":")
            self.over = "event: over" in part

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def test_a_viewer_gets_a_change_at_once(broker, monkeypatch):
    monkeypatch.setattr(live, "EVERY", 0.05)

    async def scene() -> float:
        viewer = Viewer()
        await listening(broker)
        await until(lambda: len(viewer.events) == 2)  # on opening, and once the subscription stands
        await asyncio.sleep(2 * live.EVERY)
        began = time.monotonic()
        live.publish([7])
        await until(lambda: len(viewer.events) == 3)
        await viewer.leave()
        return viewer.events[2] - began

    assert asyncio.run(scene()) < 0.5


def test_many_changes_are_one_event_a_second_and_the_last_one_counts(broker, monkeypatch):
    monkeypatch.setattr(live, "EVERY", 0.3)

    async def scene() -> tuple[list[float], float]:
        viewer = Viewer()
        await listening(broker)
        for number in range(60):
            live.publish([number])
            await asyncio.sleep(0.02)
        last = time.monotonic()
        await until(lambda: viewer.events[-1] > last)
        await viewer.leave()
        return viewer.events, last

    events, last = asyncio.run(scene())
    gaps = [after - before for before, after in pairwise(events[2:])]  # the first two say that something may be missed
    assert min(gaps) >= 0.29
    assert events[-1] - last < 1


def test_what_changed_is_drawn_once_for_all_who_see_the_same(broker, monkeypatch):
    monkeypatch.setattr(live, "EVERY", 0.05)
    drawn: list[tuple[str, set[int]]] = []

    def counted(since: str, changed: set[int]) -> tuple[str, str]:
        drawn.append((since, changed))
        return draw(since, changed)

    async def scene() -> list[list[str]]:
        viewers = [Viewer(n, None, counted) for n in range(10)]
        stranger = Viewer(10, frozenset({3}), draw)
        await listening(broker)
        await until(lambda: all(viewer.missed for viewer in viewers))
        for number in (7, 8):
            live.publish([number])
            await until(lambda n=number: all(f"[{n}]" in "".join(v.boards) for v in (*viewers, stranger)))
        for viewer in (*viewers, stranger):
            await viewer.leave()
        return [viewer.boards for viewer in viewers]

    boards = asyncio.run(scene())
    assert drawn == [("", {7}), ("cursor 7", {8})]
    assert all(each == boards[0] for each in boards)
    assert boards[0][1] == "event: board\ndata: <p>after cursor 7\ndata: [8]</p>\n\n"


def test_a_board_that_can_not_be_drawn_has_viewers_ask(broker, monkeypatch):
    monkeypatch.setattr(live, "EVERY", 0.05)

    async def scene() -> Viewer:
        viewer = Viewer(draw=lambda since, changed: 1 / 0)
        await listening(broker)
        await until(lambda: viewer.missed == 2)  # on opening, and once the subscription stands
        live.publish([7])
        await until(lambda: viewer.missed == 3)
        live.publish([8])
        await until(lambda: viewer.missed == 4)
        await viewer.leave()
        return viewer

    assert not asyncio.run(scene()).boards


def test_who_reads_too_slowly_asks_in_place_of_getting_part_of_what_changed():
    viewer = live.Viewer(1, None, draw)
    viewer.give("event: board\ndata: first\n\n")
    assert viewer.take() == "event: board\ndata: first\n\n"
    viewer.give("event: board\ndata: second\n\n")
    viewer.give("event: board\ndata: third\n\n")
    assert "event: missed" in viewer.take()


def test_all_viewers_share_one_subscription_which_ends_with_the_last(broker):
    async def scene() -> None:
        viewers = [Viewer() for _ in range(20)]
        await listening(broker)
        live.publish([1])
        await until(lambda: all(viewer.events for viewer in viewers))
        assert broker.subscribers(live.CHANNEL) == 1
        for viewer in viewers:
            await viewer.leave()
        await until(lambda: broker.subscribers(live.CHANNEL) == 0)

    asyncio.run(scene())


def test_a_broker_that_restarts_costs_no_viewer_and_is_caught_up_with(broker, monkeypatch):
    monkeypatch.setattr(live, "EVERY", 0.05)
    monkeypatch.setattr(live, "RETRY", 0.05)

    async def scene() -> None:
        viewer = Viewer()
        await listening(broker)
        await until(lambda: len(viewer.events) == 2)
        broker.stop()
        await asyncio.sleep(0.3)
        assert len(viewer.events) == 2
        broker.start()
        await until(lambda: len(viewer.events) == 3)  # what was missed
        await listening(broker)
        live.publish([1])
        await until(lambda: len(viewer.events) == 4)
        await viewer.leave()

    asyncio.run(scene())


def test_a_silent_stream_sends_comments(broker, monkeypatch):
    monkeypatch.setattr(live, "EVERY", 0.01)
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)

    async def scene() -> None:
        viewer = Viewer()
        await until(lambda: viewer.comments >= 2)
        await viewer.leave()

    asyncio.run(scene())


def test_a_stream_ends_so_that_who_signed_out_is_noticed(broker, monkeypatch):
    monkeypatch.setattr(live, "EVERY", 0.01)
    monkeypatch.setattr(live, "LASTS", 0.3)

    async def scene() -> list[str]:
        return [part async for part in live.stream(1, None, draw)]

    parts = asyncio.run(asyncio.wait_for(scene(), 5))
    assert parts[0] == "retry: 2000\n\n"
    assert parts[-1].startswith("retry: 200\n\nevent: missed\n")  # back at once, and the page asks who it is


def test_one_stream_more_than_a_person_may_have_ends_their_oldest(broker, settings, monkeypatch):
    settings.STREAMS_PER_PERSON = 3
    monkeypatch.setattr(live, "EVERY", 0.01)

    async def scene() -> list[bool]:
        others = Viewer(2)
        viewers = []
        for _ in range(5):
            viewers.append(Viewer(1))
            await until(lambda: viewers[-1].events)
        await until(lambda: viewers[1].over)
        ended = [viewer.over for viewer in (*viewers, others)]
        for viewer in (*viewers, others):
            await viewer.leave()
        return ended

    assert asyncio.run(scene()) == [True, True, False, False, False, False]


def test_a_full_house_ends_the_oldest_stream_of_whoever_has_the_most(broker, settings, monkeypatch):
    settings.CONNECTIONS = 4 * live.SHARE
    monkeypatch.setattr(live, "EVERY", 0.01)

    async def scene() -> list[bool]:
        viewers = []
        for person in (7, 8, 8, 9, 10):
            viewers.append(Viewer(person))
            await until(lambda: viewers[-1].events)
        await until(lambda: viewers[1].over)
        ended = [viewer.over for viewer in viewers]
        for viewer in viewers:
            await viewer.leave()
        return ended

    assert asyncio.run(scene()) == [False, True, False, False, False]


def test_the_last_event_of_an_ended_stream_keeps_others_than_our_pages_from_coming_back_at_once():
    assert live._OVER.startswith("retry: 60000\n")


def test_a_broker_that_is_away_never_fails_a_probe(settings, caplog):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        live.publish([1])
    assert time.monotonic() - began < 1
    assert "no live board was updated" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_stranger_gets_no_stream():
    async def scene() -> int:
        return (await asyncio.wait_for(AsyncClient().get("/live"), 5)).status_code

    assert asyncio.run(scene()) == 401


@pytest.mark.django_db(transaction=True)
def test_who_is_signed_in_gets_an_event_stream(broker):
    client = AsyncClient()
    client.force_login(get_user_model().objects.create_user("alice"))

    async def scene() -> tuple[str, list[bytes]]:
        answer = await client.get("/live")
        parts = answer.streaming_content
        first = [await anext(parts), await anext(parts)]
        await parts.aclose()
        return answer.headers["Content-Type"], first

    kind, first = asyncio.run(scene())
    assert kind == "text/event-stream"
    assert first == [b"retry: 2000\n\n", b"event: missed\ndata: 1\n\nevent: changed\ndata: 1\n\n"]
