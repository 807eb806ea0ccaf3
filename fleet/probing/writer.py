"""The one thread of a worker that writes probes: all that arrived within a moment, in one transaction.

A commit costs as much as a probe, and SQLite has one writer at a time.
"""

import logging
import threading
from queue import Queue

from core import fence
from core.database import give_back

from .. import live
from . import dispatch, record
from .put_off import put_off
from .record import Judged

LINGER = 0.05
"""Seconds that the first of a batch waits for others. Quick probes end one after another: fleet.probing.lanes."""

BATCH = 200
"""Probes of one transaction at most."""

WAITING = 1000
"""Probes that wait at most; whoever brings another one waits, too."""

log = logging.getLogger(__name__)


class Writer:
    """Its thread starts with the first probe."""

    def __init__(self) -> None:
        self._waiting: Queue[Judged | None] = Queue(WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def put(self, judged: Judged) -> None:
        """Has a probe written soon."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="probe-writer", daemon=True)
                self._thread.start()
        self._waiting.put(judged)

    def close(self, within: float) -> bool:
        """Waits up to `within` seconds until all that was put is written; whether it is."""
        if self._thread is None:
            return True
        self._closing.set()
        self._waiting.put(None)
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        closing = False
        while not closing:
            batch = [self._waiting.get()]
            self._closing.wait(LINGER)  # and not for each that comes: to be woken costs a third of writing it
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            closing = None in batch
            judged = [each for each in batch if each]
            try:
                if judged:
                    write(judged)
            except Exception as error:  # of the database, say: these probes come again with their next due time
                log.warning("%d probes could not be written and are dropped: %s", len(judged), error)
            finally:
                give_back()


def write(batch: list[Judged]) -> None:
    """Writes probes, has the board draw their rows again, and what is beside a new failure probed right away.

    One that can't be written costs its endpoint alone. Raises what is no probe's fault
    (core.fence.NOT_THE_ITEMS_FAULT), when it comes twice.
    """
    stored: list[Judged] = []
    try:
        stored += record.write(batch)
        if len(stored) < len(batch):
            done = {id(each) for each in stored}
            again = [record.judged_again(each) for each in batch if id(each) not in done]
            stored += record.write(filter(None, again))
    except Exception as error:
        log.info("A batch of %d probes is written one by one: %s", len(batch), error)
        for judged in batch:
            try:
                stored += record.write([judged])
            except fence.NOT_THE_ITEMS_FAULT:
                raise
            except Exception as broken:
                put_off(judged.state.pk, broken)
    finally:  # whatever became of the rest
        if shown := [each.state.pk for each in stored if each.show]:
            live.publish(shown)
        if any(each.after.failures and not each.before.failures for each in stored):
            dispatch.call()
