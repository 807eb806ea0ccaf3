"""Statements for the database that come each second: their SQL is made once in a process, since making it takes the ORM
longer than the database takes to answer.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Expression, Field, QuerySet
from django.db.models.sql import UpdateQuery

Statement = tuple[str, tuple[Any, ...]]


class Parameter(Expression):
    """Stands in a queryset for a value that is given by this name each time."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Statement:
        return "%s", (self,)

    def given(self, value: Any) -> Any:
        """The value as the database's driver takes it."""
        return self.output_field.get_db_prep_value(value, connection)


class Numbers(Parameter):
    """Stands after `__in` for a list of whole numbers: one parameter, so that the SQL is the same for any length."""

    def __init__(self, name: str) -> None:
        super().__init__(name, BigIntegerField())

    def as_sql(self, compiler: Any, connection: Any) -> Statement:
        return "(SELECT unnest(%s::bigint[]))", (self,)

    def as_sqlite(self, compiler: Any, connection: Any) -> Statement:
        return "(SELECT value FROM json_each(%s))", (self,)

    def given(self, value: list[int]) -> Any:
        return json.dumps(value) if connection.vendor == "sqlite" else value


def rows(make: Callable[[], QuerySet]) -> Callable[..., list[tuple[Any, ...]]]:
    """A function that takes the parameters by name and returns the rows of the queryset that `make` returns.

    They come as the database has them: no field converts its values.
    """

    @cache
    def statement() -> Statement:
        return make().query.sql_with_params()

    return lambda **values: _run(statement(), values)


def rows_by_key(make: Callable[[list[Parameter]], QuerySet]) -> Callable[[Iterable[int]], list[tuple[Any, ...]]]:
    """A function that takes keys and returns the rows of the queryset that `make` returns for so many, as `rows` does.

    The last key is repeated up to a power of two, so that few statements are made.
    """

    @cache
    def statement(many: int) -> Statement:
        return make([Parameter(str(n), BigIntegerField()) for n in range(many)]).query.sql_with_params()

    def ask(keys: Iterable[int]) -> list[tuple[Any, ...]]:
        given = list(keys)
        if not given:
            return []
        many = 1 << (len(given) - 1).bit_length()
        given += given[-1:] * (many - len(given))
        return _run(statement(many), {str(n): key for n, key in enumerate(given)})

    return ask


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


def update(make: Callable[[], tuple[QuerySet, Mapping[str, Any]]]) -> Callable[..., None]:
    """A function that takes the parameters by name and updates the rows of the queryset that `make` returns, with the
    values that it returns.
    """

    @cache
    def statement() -> Statement:
        queryset, changes = make()
        query: Any = queryset.query.chain(UpdateQuery)
        query.add_update_values(changes)
        return query.sql_with_params()

    def run(**values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(*_filled(statement(), values))

    return run


def _run(statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(*_filled(statement, values))
        return cursor.fetchall()


def _filled(statement: Statement, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    sql, parameters = statement
    return sql, [each.given(values[each.name]) if isinstance(each, Parameter) else each for each in parameters]
