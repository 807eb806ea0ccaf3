"""Values on their way between a model's columns and the database, for the statements that each probe needs.

Django converts them as well, but asks field and connection how for each value, which takes five times as long.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Field, JSONField, Model

Columns = list["Field[Any, Any]"]
Rows = Iterable[Iterable[Any]]
_Convert = Callable[[Any], Any]

_AS_THEY_ARE = {"BigAutoField", "BigIntegerField", "BooleanField", "CharField", "FloatField", "PositiveIntegerField",
                "PositiveSmallIntegerField", "TextField"}  # fmt: skip


def of(model: type[Model], *names: str) -> Columns:
    """The columns of these fields, or of all."""
    fields: dict[str, Any] = {field.name: field for field in model._meta.concrete_fields}
    return [fields[name] for name in names or fields]


def stored(columns: Columns, rows: Rows) -> list[list[Any]]:
    """What the database takes for these values. Moments have to be in UTC. Raises TypeError for what is no JSON."""
    return _converted([_to_database(column) for column in columns], rows)


def loaded(columns: Columns, rows: Rows) -> list[list[Any]]:
    """The values of what the database has. Raises ValueError for what can't be read."""
    return _converted([_from_database(column) for column in columns], rows)


def _converted(conversions: list[_Convert | None], rows: Rows) -> list[list[Any]]:
    needed = [(n, convert) for n, convert in enumerate(conversions) if convert]
    converted = [list(row) for row in rows]
    for row in converted:
        for n, convert in needed:
            if row[n] is not None:
                row[n] = convert(row[n])
    return converted


@cache
def _to_database(column: Any) -> _Convert | None:
    if isinstance(column, JSONField):
        return json.dumps
    if isinstance(column, DateTimeField):
        return _as_text if connection.vendor == "sqlite" else None
    plain = column.target_field if column.is_relation else column
    if plain.get_internal_type() in _AS_THEY_ARE and not hasattr(plain, "from_db_value"):
        return None
    return partial(column.get_db_prep_save, connection=connection)


@cache
def _from_database(column: Any) -> _Convert | None:
    if isinstance(column, JSONField):
        return _from_json
    if hasattr(column, "from_db_value"):
        return lambda value: column.from_db_value(value, None, connection)
    return _in_utc if isinstance(column, DateTimeField) and connection.vendor == "sqlite" else None


def _from_json(text: str) -> Any:
    return {} if text == "{}" else [] if text == "[]" else json.loads(text)


def _as_text(moment: datetime) -> str:
    return str(moment.replace(tzinfo=None))


def _in_utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)
