"""The models in the JSON of the state rows, searched by the database: nothing of what does not match is loaded."""

from json import dumps, loads
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from ..models import EndpointState

_FACTS = "fleet_endpointstate.facts"


class _SQLite:
    MODELS = f"json_each({_FACTS}, '$.models') AS each_model"
    MODEL = "CASE each_model.type WHEN 'object' THEN each_model.value END"
    NAME = f"CASE json_type({MODEL}, '$.name') WHEN 'text' THEN json_extract({MODEL}, '$.name') END"
    LOADED = f"CASE json_type({MODEL}, '$.loaded') WHEN 'true' THEN 1 ELSE 0 END"
    CAPABILITIES = f"json_quote(json_extract({MODEL}, '$.capabilities'))"
    TOGETHER = "json_group_array(endpoint_id)"


class _PostgreSQL:
    _ALL = f"{_FACTS} -> 'models'"
    MODELS = f"jsonb_array_elements(CASE jsonb_typeof({_ALL}) WHEN 'array' THEN {_ALL} END) AS each_model(value)"
    MODEL = "each_model.value"
    NAME = f"CASE jsonb_typeof({MODEL} -> 'name') WHEN 'string' THEN {MODEL} ->> 'name' END"
    LOADED = f"CASE {MODEL} -> 'loaded' WHEN 'true' THEN 1 ELSE 0 END"
    CAPABILITIES = f"{MODEL} -> 'capabilities'"
    TOGETHER = "jsonb_agg(endpoint_id)"


_DIALECTS: dict[str, type[_SQLite] | type[_PostgreSQL]] = {"sqlite": _SQLite, "postgresql": _PostgreSQL}


def has_model(name: str) -> RawSQL:
    """A condition on EndpointState: it offers a model of this name, or with this name before its tag."""
    return _has(name, "lower(name) = %s OR lower(name) LIKE %s ESCAPE '!'", name.lower(), f"{_like(name)}:%")


def has_model_with(part: str) -> RawSQL:
    """A condition on EndpointState: it offers a model whose name contains this text."""
    return _has(part, "lower(name) LIKE %s ESCAPE '!'", f"%{_like(part)}%")


def _has(name: str, condition: str, *values: str) -> RawSQL:
    sql = _DIALECTS[connection.vendor]
    found = f"EXISTS (SELECT 1 FROM (SELECT {sql.NAME} AS name FROM {sql.MODELS}) AS names WHERE {condition})"
    if connection.vendor == "sqlite":
        # It has the JSON as text, and passes over what does not contain the name much faster than it reads it.
        found = f"({_FACTS} LIKE %s ESCAPE '!' AND {found})"
        values = (f"%{_like(dumps(name)[1:-1])}%" if name.isascii() else "%", *values)
    return RawSQL(found, values, output_field=BooleanField())


class Offers(NamedTuple):
    """A model of some endpoints that are alike in the other columns."""

    name: str
    capabilities: list[str]
    status: str  # of the endpoints
    loaded: int  # how many of them have it in memory
    endpoints: list[int]


def offers(states: QuerySet[EndpointState]) -> list[Offers]:
    """Each model of these endpoints, by one scan; what has no name is left out."""
    sql = _DIALECTS[connection.vendor]
    pks, values = states.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # It expects 100 models of each endpoint, so it would compile the query, for longer than it takes to run.
            cursor.execute("SET jit = off")
        cursor.execute(
            f"SELECT {sql.NAME} AS name, {sql.CAPABILITIES}, status, SUM({sql.LOADED}), {sql.TOGETHER} "
            f"FROM fleet_endpointstate CROSS JOIN {sql.MODELS} WHERE endpoint_id IN ({pks}) GROUP BY 1, 2, 3",
            values,
        )
        return [
            Offers(name, _words(loads(capabilities or "null")), status, loaded, loads(endpoints))
            for name, capabilities, status, loaded, endpoints in cursor
            if name is not None
        ]


def _words(capabilities: Any) -> list[str]:
    return [word for word in capabilities if isinstance(word, str)] if isinstance(capabilities, list) else []


def _like(text: str) -> str:
    """The text in lower case, as a LIKE pattern for itself; "!" escapes."""
    return text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
