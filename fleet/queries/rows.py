"""The board's rows as HTML: each is made once for what it shows, and then shared by all who may see it.

A web process keeps the row of an endpoint until one of its columns moves, or a few minutes are over: its charts move
on. Only how long ago something was is written when a row is sent.
"""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from json import loads
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from ..access import Reader
from ..display import formats
from ..models import EndpointState
from ..models.endpoint import unverified
from ..verdict.status import TROUBLE, Status
from . import marks
from .cells import cells
from .states import StateRow, columns, made

KEEP = 300
"""Seconds after which a row is made again, even if nothing in it moved."""

MOST = 5000
"""Rows that a process keeps, of 2 to 3 kB each."""

_BOX = re.compile(r'<input type="checkbox"[^>]*>')
_SINCE = re.compile(r'(<time datetime="([^"]+)"[^>]* data-form="since">)[^<]*')
_kept: dict[int, tuple[int, "_Made"]] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """What the board shows of one endpoint."""

    pk: int
    name: str
    team: str
    team_slug: str
    is_own: bool  # of a team of the reader's, or the reader has none or answers for all
    may_act: bool
    engine: str
    host: str
    tag: str  # the first one
    status: str
    html: SafeString

    @property
    def out_of_band(self) -> SafeString:
        """As a piece that htmx puts in the place of the row of this endpoint."""
        row = f'id="row-{self.pk}"'
        return mark_safe(self.html.replace(row, f'{row} hx-swap-oob="true"', 1))


class _Made:
    """A row's HTML, with a gap for each time that passes."""

    def __init__(self, html: str) -> None:
        html = "\n".join(filter(None, map(str.strip, html.splitlines())))
        self._parts: list[str] = []
        self._moments: list[datetime] = []
        end = 0
        for found in _SINCE.finditer(html):
            self._parts.append(html[end : found.end(1)])
            self._moments.append(datetime.fromisoformat(found[2]))
            end = found.end()
        self._rest = html[end:]

    def at(self, now: datetime) -> SafeString:
        pairs = zip(self._parts, self._moments, strict=True)
        return mark_safe("".join(part + formats.span(now - moment) for part, moment in pairs) + self._rest)


def rows(states: QuerySet[EndpointState], reader: Reader) -> list[Row]:
    """The rows of these states in their order, in one query; without the box to tick where the reader may not act."""
    now = time.time()
    at = datetime.fromtimestamp(now, UTC)

    def html(row: dict[str, Any]) -> SafeString:
        whole = _row(row, now).at(at)
        return whole if reader.acts_in(row["team_id"]) else mark_safe(_BOX.sub("", whole, count=1))

    return [
        Row(
            pk=row["endpoint_id"],
            name=row["name"],
            team=row["team"],
            team_slug=row["team_slug"],
            is_own=not reader.puts_own_first or row["team_id"] in reader.member_of,
            may_act=reader.acts_in(row["team_id"]),
            engine=row["engine"],
            host=host_of(row["url"]),
            tag=first_tag(loads(row["tags_json"])),
            status=row["status"],
            html=html(row),
        )
        for row in columns(states, board=True)
    ]


def _row(row: dict[str, Any], now: float) -> _Made:
    pk = row["endpoint_id"]
    key = hash((*row.values(), int((now + pk) // KEEP)))  # not all of them at the same moment
    if (kept := _kept.get(pk)) and kept[0] == key:
        return kept[1]
    if len(_kept) >= MOST:
        _kept.clear()
    fresh = _Made(made(partial(html_of, now), row))
    _kept[pk] = key, fresh
    return fresh


def html_of(now: float, state: StateRow) -> SafeString:
    """One row at `now` (unix seconds), of a state that has its strip."""
    troubled, paused = state.status in TROUBLE, state.status == Status.PAUSED
    shown = {
        "state": state,
        "pk": str(state.endpoint_id),  # a number is formatted for the language each time it is placed
        "cells": cells(state, now),
        "place": place(state.url),
        "since": None if state.status == Status.UP else state.since,  # how long it has been up says little
        "cause": "" if paused else state.why,
        "short_cause": state.short_why,
        "hint": _hint(state),
        "marks": [marks.paused(state.paused_by, state.paused_until)] * paused
        + marks.shown(
            state.marks, unverified(state.url, state.verify_tls), state.not_probed_since if troubled else None
        ),
        # Somebody is on it, or it was planned.
        "known": troubled and marks.trouble_is_known(state.marks),
    }
    return render_to_string("fleet/_row.html", shown)


def place(url: str) -> str:
    """Host, port and path of a URL."""
    return url.partition("://")[2].rstrip("/") or url


def first_tag(tags: Any) -> str:
    """The tag under which an endpoint is grouped; empty where it has none."""
    return tags[0] if tags else ""


def host_of(url: str) -> str:
    """The host of a URL; all of it where it can't be read."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _hint(state: StateRow) -> str:
    """A change of mind in the making: trouble, or its end, that is not believed yet."""
    if state.status in TROUBLE:
        return f"answering again: {state.successes} of {state.recover_after}" if state.successes else ""
    return f"checking: {state.failures} of {state.fail_after}" if state.failures else ""
