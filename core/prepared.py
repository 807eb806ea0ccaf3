"""Questions to the database that come each second: their SQL is made once in a process, since making it takes the ORM
longer than the database takes to answer.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Expression, Field, QuerySet

Statement = tuple[str, tuple[Any, ...]]


class Parameter(Expression):
    """Stands in a queryset for a value that is given by this name each time."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Statement:
        return "%s", (self,)


def rows(make: Callable[[], QuerySet]) -> Callable[..., list[tuple[Any, ...]]]:
    """A function that takes the parameters by name and returns the rows of the queryset that `make` returns.

    They come as the database has them: no field converts its values.
    """

    @cache
    def statement() -> Statement:
        return make().query.sql_with_params()

    return lambda **values: _run(statement(), values)


def exist(make: Callable[[], list[QuerySet]]) -> Callable[..., list[bool]]:
    """A function that takes the parameters by name and returns which of the querysets that `make` returns have rows.

    It asks by one statement for all of them.
    """

    @cache
    def statement() -> Statement:
        asked = [queryset.query.exists().sql_with_params() for queryset in make()]
        select = "SELECT " + ", ".join(f"EXISTS({sql})" for sql, _ in asked)
        return select, tuple(value for _, values in asked for value in values)

    return lambda **values: [bool(each) for each in _run(statement(), values)[0]]


def _run(statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    sql, parameters = statement
    given = [
        each.output_field.get_db_prep_value(values[each.name], connection) if isinstance(each, Parameter) else each
        for each in parameters
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()
