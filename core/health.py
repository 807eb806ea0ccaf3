"""Is everything doing its work? For people, load balancers and `manage.py up`."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from . import clock, disk, schedule, signs_of_life
from .redaction import redact
from .redis_clients import client
from .redis_keys import key

OK = "ok"
STALE_AFTER = 15
"""Seconds without a sign of life after which a part counts as standing still."""

SIGNS = tuple(map(key, ("tick", "pulse", "delivery", "mail", "calls", "watch", "probing", signs_of_life.FULL)))
BEAT_KEY, PROBE_KEY, DELIVERY_KEY, MAIL_KEY, CALLS_KEY, WATCH_KEY, PROBING_KEY, FULL_KEY = SIGNS
"""The last one is there while a part could not store something."""
KEYS = (*SIGNS, schedule.KEY, clock.KEY)
"""What a start forgets, since it speaks of the last run."""

NEEDED = ("database", "broker", "workers", "dispatcher")
"""The parts that `manage.py up` waits for. A mail server that is away must not keep the watch from starting."""

RESTART = "If it does not go on by itself, restart Plimsoll; its log says what happened."

OLD_PICTURE = "so this page is out of date"

FRESH_FOR = 3.0
"""Seconds for which pages share one check of the broker."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What one part is not doing. `now` is the sentence for machines; people read the other two."""

    part: str
    now: str
    text: str  # says the same for as long as it lasts
    remedy: str = ""
    since: datetime | None = None
    old_picture: bool = False  # pages show what was, not what is
    link: str = ""  # the page that has more


def report() -> dict[str, str]:
    """What each part is doing: "ok", or a sentence about what is wrong."""
    troubles = [*_database(), *_broker(timeout=2)]
    if disk.is_full(settings.DATA) and not any(trouble.text == disk.FULL for trouble in troubles):
        troubles.append(_full_disk())
    parts = dict.fromkeys((*NEEDED, "mail", "watch", "schedule"), OK)
    if any(trouble.part == "broker" for trouble in troubles):
        unseen = "Can't be seen while the broker does not answer."
        parts |= dict.fromkeys(("workers", "dispatcher", "mail", "watch", "schedule"), unseen)
    for part in parts:
        if said := [trouble.now for trouble in troubles if trouble.part == part]:
            parts[part] = " ".join(said)
    return parts


def _database() -> list[Trouble]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        text = f"The database does not answer: {redact(str(error))}".strip()
        return [Trouble("database", text, text)]
    return []


def _broker(timeout: float) -> list[Trouble]:
    """What the broker knows of all others; `timeout` is in seconds. Asks once: whoever waits can ask again."""
    try:
        with client(timeout).pipeline(transaction=False) as batch:
            batch.mget(*SIGNS)
            batch.hgetall(schedule.KEY)
            (tick, pulse, delivery, mail, calls, watch, probing, full), work = batch.execute()
    except redis.RedisError as error:
        text = "The broker does not answer: nothing is probed and nothing is mailed."
        remedy = "Check the log of Valkey, or of the server that REDIS_URL names. All goes on once it is back."
        return [Trouble("broker", f"The broker does not answer: {redact(str(error))}", text, remedy)]
    return [
        *([_full_disk()] if full else []),
        *_still("workers", pulse, "The probe worker", OLD_PICTURE),
        *_still("dispatcher", tick, "The dispatcher (in the worker of its queue)", OLD_PICTURE),
        *_still("workers", delivery, "The delivery worker", "so mails wait"),
        *_said("mail", mail, "Mail is in trouble: {}", "What waits is on the alerts page, and is tried again."),
        *_said("mail", calls, "Messages by other ways than mail are in trouble: {}", "They are tried again."),
        *_said("watch", watch, "The fleet can't be seen: {}", "Check the network of the machine Plimsoll runs on."),
        *_not_probed(probing),
        *_late({name.decode(errors="replace"): value.decode(errors="replace") for name, value in work.items()}),
    ]


def _full_disk() -> Trouble:
    return Trouble("database", disk.FULL, disk.FULL, disk.REMEDY, old_picture=True)


def _still(part: str, stamp: bytes | str | None, who: str, so: str) -> list[Trouble]:
    """A trouble when the stamp (unix seconds) is older than STALE_AFTER, or from before the clock was set back."""
    text = f"{who} is not running, {so}."
    try:
        since = datetime.fromtimestamp(float(stamp or ""), UTC)
    except (ValueError, OverflowError):  # none, or what is no time
        return [Trouble(part, f"{who} has shown no life yet.", text, RESTART)]
    age = (datetime.now(UTC) - since).total_seconds()
    if abs(age) <= STALE_AFTER:
        return []
    if age < 0:
        return [Trouble(part, f"{who} has shown no life since the clock was set back.", text, RESTART)]
    return [Trouble(part, f"{who} has shown no life for {age:.0f} s.", text, RESTART, since, so == OLD_PICTURE)]


def _said(part: str, sentence: bytes | str | None, text: str, remedy: str) -> list[Trouble]:
    """A trouble when the part itself left word of one."""
    if not sentence:
        return []
    words = sentence.decode(errors="replace") if isinstance(sentence, bytes) else sentence
    return [Trouble(part, words, text.format(words), remedy)]


def _not_probed(sentence: bytes | None) -> list[Trouble]:
    """A trouble when fleet.probing.overdue left word of one."""
    if not sentence:
        return []
    text = "Not all endpoints have been probed in time: what is shown of those is old, and none of them counts as up."
    remedy = "Check the load of the machine that Plimsoll runs on, and the log of its probe worker."
    return [Trouble("watch", sentence.decode(errors="replace"), text, remedy)]


def _late(stored: dict[str, str]) -> list[Trouble]:
    """A trouble for each scheduled work that does not get done."""
    return [_of_work(late) for late in schedule.late(stored, schedule.periods(), time.time())]


def _of_work(late: schedule.Late) -> Trouble:
    since, words = datetime.fromtimestamp(late.since, UTC), schedule.table()[late.task].words
    how = "is still running" if late.runs else "is not started, or fails each time"
    text = f"Scheduled work does not get done: {words}. It {how}."
    return Trouble("schedule", f"{text[:-1]}, and last finished at {since:%Y-%m-%d %H:%M} UTC.", text, RESTART, since)


class _Glance:
    """The last check of the broker, shared by all pages of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at, self._of, self._troubles = 0.0, "", list[Trouble]()

    def troubles(self) -> list[Trouble]:
        with self._lock:
            if self._of != settings.REDIS_URL or time.monotonic() - self._at > FRESH_FOR:
                found = _broker(timeout=0.5)
                full = [_full_disk()] if disk.is_full(settings.DATA) else found[:1]
                # What stops for want of room is no trouble of its own, and no new start would mend it.
                self._troubles = full if full and full[0].text == disk.FULL else found
                self._at, self._of = time.monotonic(), settings.REDIS_URL
            return self._troubles

    def old_picture(self) -> bool:
        """Whether the fleet is not probed any more, though it was."""
        return any(trouble.old_picture for trouble in self.troubles())

    def forget(self) -> None:
        self._of = ""


glance = _Glance()
"""For pages: `glance.troubles()` never takes longer than half a second, and that every three seconds only."""
