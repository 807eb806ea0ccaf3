"""Which tables a backup has, and how their rows become JSON and rows again."""

import base64
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import BinaryField, DateField, Field, Model, TextField
from django.db.models.functions import Cast
from django.utils.duration import duration_iso_string

from core.encryption import EncryptedTextField

log = logging.getLogger(__name__)

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these lies every date that is restored. History is older than what forms take, so the range is wider."""

# Sessions are for the browsers of now. The others are made by `migrate`, with numbers of each database's own.
LEFT_OUT = {
    "sessions.Session",
    "usersessions.UserSession",
    "contenttypes.ContentType",
    "auth.Permission",
    "auth.Group_permissions",
    "auth.User_user_permissions",
}
MADE_BY_MIGRATE = {"contenttypes.ContentType", "auth.Permission"}
HISTORY = {"fleet.Observation", "fleet.Trace", "fleet.Rollup"}
CHUNK = 1000  # rows in memory at once


@dataclass(frozen=True)
class Table:
    """One model, as a backup sees it."""

    model: type[Model]

    @property
    def label(self) -> str:
        return self.model._meta.label

    @cached_property
    def fields(self) -> list[Field]:
        return [field for field in self.model._meta.concrete_fields if not field.generated]

    @property
    def columns(self) -> list[str]:
        return [field.attname for field in self.fields]

    def rows(self) -> Iterator[list[Any]]:
        """Every row as JSON values, by primary key. Encrypted values are read as they are stored."""
        wanted = [Cast(f.attname, TextField()) if is_secret(f) else f.attname for f in self.fields]
        found = self.model._base_manager.order_by("pk").values_list("pk", *wanted)
        rest = found
        while chunk := list(rest[:CHUNK]):  # an iterator would fetch the whole table: server-side cursors are off
            for _, *row in chunk:
                yield [as_json(value) for value in row]
            rest = found.filter(pk__gt=chunk[-1][0])

    def stored(self, row: list[Any]) -> list[Any]:
        """What the database takes for a row of JSON values. Raises ValidationError or ValueError for a wrong one."""
        if len(row) != len(self.fields):
            raise ValueError("it has another number of values than the manifest says")
        return [_stored(field, value) for field, value in zip(self.fields, row, strict=True)]

    def insert(self, rows: list[list[Any]]) -> None:
        """Writes rows that `stored` made."""
        quote = connection.ops.quote_name
        names = ", ".join(quote(str(field.column)) for field in self.fields)
        marks = ", ".join(["%s"] * len(self.fields))
        with connection.cursor() as cursor:
            into = quote(self.model._meta.db_table)
            cursor.executemany(f"INSERT INTO {into} ({names}) VALUES ({marks})", rows)


def kept() -> dict[str, Table]:
    """The tables of a backup by label. The models of other packages that store something of ours are among them."""
    return {label: Table(model) for label, model in _models().items() if label not in LEFT_OUT}


def cleared() -> list[type[Model]]:
    """What is emptied before a restore: all but what `migrate` makes. Sessions go, so everybody signs in again."""
    return [model for label, model in _models().items() if label not in MADE_BY_MIGRATE]


def _models() -> dict[str, type[Model]]:
    found = apps.get_models(include_auto_created=True)
    return {model._meta.label: model for model in found if model._meta.managed and not model._meta.proxy}


def is_secret(field: Field) -> bool:
    """Whether the field is stored encrypted."""
    return isinstance(field, EncryptedTextField)


def as_json(value: Any) -> Any:
    """The value as JSON knows it, so that its field's `to_python` makes the same value again."""
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _stored(field: Field, value: Any) -> Any:
    if is_secret(field) or value is None:
        return value
    if isinstance(field, BinaryField):
        value = base64.b64decode(value)
    value = field.to_python(value)
    if isinstance(field, DateField):  # a DateTimeField is one
        value = _in_range(field, value)
    return field.get_db_prep_save(value, connection)


def _in_range(field: DateField, value: date) -> date:
    """Dates that no form takes any more, such as a window of the year 1, must not stop a restore, nor come back."""
    if FIRST.year <= value.year <= LAST.year:
        return value
    nearest = FIRST if value.year < FIRST.year else LAST
    what = f"{field.name} of a {field.model._meta.verbose_name}"
    log.warning("The %s is of the year %d: %s is stored.", what, value.year, nearest.date())
    return nearest if isinstance(value, datetime) else nearest.date()


def applied_migrations() -> dict[str, list[str]]:
    """The migrations that this database has, by app, for the apps of the backup's tables."""
    ours = {table.model._meta.app_label for table in kept().values()}
    found: dict[str, list[str]] = {app: [] for app in sorted(ours)}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        if app in ours:
            found[app].append(name)
    return found


def is_migrated() -> bool:
    """Whether the database has the tables of this version."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
