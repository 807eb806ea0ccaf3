"""The models in the JSON of the state rows, searched by the database: nothing of what does not match is loaded."""

from typing import Any

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
    WORDS = f"json_each({MODEL}, '$.capabilities') AS each_word"
    WORD = "CASE each_word.type WHEN 'text' THEN each_word.value END"


class _PostgreSQL:
    _ALL = f"{_FACTS} -> 'models'"
    MODELS = f"jsonb_array_elements(CASE jsonb_typeof({_ALL}) WHEN 'array' THEN {_ALL} END) AS each_model(value)"
    MODEL = "each_model.value"
    NAME = f"CASE jsonb_typeof({MODEL} -> 'name') WHEN 'string' THEN {MODEL} ->> 'name' END"
    LOADED = f"CASE {MODEL} -> 'loaded' WHEN 'true' THEN 1 ELSE 0 END"
    _LIST = f"{MODEL} -> 'capabilities'"
    WORDS = f"jsonb_array_elements(CASE jsonb_typeof({_LIST}) WHEN 'array' THEN {_LIST} END) AS each_word(value)"
    WORD = "CASE jsonb_typeof(each_word.value) WHEN 'string' THEN each_word.value #>> '{}' END"


_DIALECTS: dict[str, type[_SQLite] | type[_PostgreSQL]] = {"sqlite": _SQLite, "postgresql": _PostgreSQL}


def has_model(name: str) -> RawSQL:
    """A condition on EndpointState: it offers a model of this name, or with this name before its tag."""
    return _has("= %s OR lower(name) LIKE %s ESCAPE '!'", name.lower(), f"{_like(name)}:%")


def has_model_with(part: str) -> RawSQL:
    """A condition on EndpointState: it offers a model whose name contains this text."""
    return _has("LIKE %s ESCAPE '!'", f"%{_like(part)}%")


def _has(condition: str, *values: str) -> RawSQL:
    sql = _DIALECTS[connection.vendor]
    names = f"SELECT {sql.NAME} AS name FROM {sql.MODELS}"
    found = f"EXISTS (SELECT 1 FROM ({names}) AS names WHERE lower(name) {condition})"
    return RawSQL(found, values, output_field=BooleanField())


def offers(states: QuerySet[EndpointState], part: str = "", capability: str = "") -> list[tuple[int, str, int, str]]:
    """(endpoint, its status, 1 or 0: loaded, name in lower case) of each model.

    Only those whose name contains `part` and that have `capability`; empty: any.
    """
    sql = _DIALECTS[connection.vendor]
    fits, values = f"lower({sql.NAME}) LIKE %s ESCAPE '!'", [f"%{_like(part)}%"]
    if capability:
        fits += f" AND EXISTS (SELECT 1 FROM {sql.WORDS} WHERE {sql.WORD} = %s)"
        values.append(capability)
    chosen = f"endpoint_id, status, {sql.LOADED}, lower({sql.NAME})"
    return _rows(states, chosen, f"CROSS JOIN {sql.MODELS}", fits, values)


def capabilities(states: QuerySet[EndpointState]) -> list[str]:
    """What any of their models can do, by name."""
    sql = _DIALECTS[connection.vendor]
    found = _rows(states, f"DISTINCT {sql.WORD}", f"CROSS JOIN {sql.MODELS} CROSS JOIN {sql.WORDS}", "1 = 1", [])
    return sorted(word for (word,) in found if word)


def _rows(states: QuerySet[EndpointState], chosen: str, joined: str, fits: str, values: list[str]) -> list[Any]:
    pks, of_pks = states.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # It expects 100 models of each endpoint, so it would compile the query, for longer than it takes to run.
            cursor.execute("SET jit = off")
        query = f"SELECT {chosen} FROM fleet_endpointstate {joined} WHERE endpoint_id IN ({pks}) AND {fits}"
        cursor.execute(query, [*of_pks, *values])
        return cursor.fetchall()


def _like(text: str) -> str:
    """The text in lower case, as a LIKE pattern for itself; "!" escapes."""
    return text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
