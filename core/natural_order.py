"""Names in natural order, where numbers count as such: gpu-2 before gpu-10. Letter case makes no difference."""

import re
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField

_NUMBER = re.compile("[0-9]+")


@lru_cache(maxsize=32_768)
def natural_key(text: str) -> str:
    """A text by whose characters `text` sorts in natural order: each number follows on how many digits it has."""
    return _NUMBER.sub(lambda found: f"{len(digits := found[0].lstrip('0')):03}{digits}", text.casefold())


class Natural(Func):
    """To order a query by a text in natural order. On PostgreSQL by a collation that core's migrations make."""

    function = "natural_key"
    arity = 1
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template='(%(expressions)s) COLLATE "natural_order"', **context)


def register(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Gives a new connection to SQLite the function."""

    def key(text: str | None) -> str | None:
        return text and natural_key(text)  # NULL stays so

    if connection.vendor == "sqlite":
        connection.connection.create_function("natural_key", 1, key, deterministic=True)
