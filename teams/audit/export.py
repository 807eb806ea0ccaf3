"""The audit trail as a file: all entries that the filters leave, a portion at a time."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from core import csv_text

from ..models import Team
from . import trail
from .search import Filters, Line, portion

COLUMNS = ("at", "person", "who", "address", "via", "team", "action", "done", "object", "name", "detail")


def as_csv(team: Team | None, filters: Filters) -> StreamingHttpResponse:
    """A table with a heading; what would be a formula begins with an apostrophe."""
    return _response(
        "csv", "text/csv; charset=utf-8", team, _portions(team, filters, _rows_text, begin=csv_text.rows([COLUMNS]))
    )


def as_json(team: Team | None, filters: Filters) -> StreamingHttpResponse:
    """A list with an object a line."""
    portions = _portions(team, filters, _objects_text, begin="[", between=",", end="\n]\n")
    return _response("json", "application/json", team, portions)


def _response(kind: str, content_type: str, team: Team | None, content: AsyncIterator[str]) -> StreamingHttpResponse:
    trail.record("audit.exported", team=team, detail={"as": kind})
    name = f"audit-{team.slug if team else 'all'}-{timezone.localdate()}.{kind}"
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)


async def _portions(
    team: Team | None,
    filters: Filters,
    text: Callable[[list[Line]], str],
    *,
    begin: str,
    between: str = "",
    end: str = "",
) -> AsyncIterator[str]:
    """Asynchronous, since our server would otherwise gather all of it before it sends the first byte."""
    yield begin
    before: int | None = None
    while found := await sync_to_async(portion)(team, filters, before):
        yield (between if before else "") + text(found)
        before = found[-1].entry.pk
    yield end


def _rows_text(found: list[Line]) -> str:
    return csv_text.rows([_cell(value) for value in _values(line).values()] for line in found)


def _objects_text(found: list[Line]) -> str:
    return ",".join("\n" + json.dumps(_values(line), ensure_ascii=False) for line in found)


def _values(line: Line) -> dict[str, Any]:
    entry = line.entry
    values = (entry.at.isoformat(), entry.actor_id, line.who, entry.address, entry.via, entry.team_name)
    return dict(zip(COLUMNS, (*values, entry.action, line.done, entry.object_id, line.name, entry.detail), strict=True))


def _cell(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else "" if value is None else str(value)
    return csv_text.cell(text)
