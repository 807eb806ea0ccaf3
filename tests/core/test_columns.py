"""Values go to the database and come back as Django itself would have them."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from core import columns
from fleet import endpoints
from fleet.models import Endpoint, EndpointState

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

MOMENTS = (datetime(2026, 11, 28, 20, 35, 14, tzinfo=UTC), datetime(2026, 11, 28, 20, 35, 14, 1, tzinfo=UTC), None)


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_is_stored_is_what_django_stores(team, moment):
    one, other = (endpoints.add(team, name=f"gpu-{n}", url=f"http://10.0.0.{n}:8000").pk for n in (1, 2))
    values = {"probed_at": moment, "facts": {"version": "é\n", "n": [1, 2.5, None]}, "turns": [], "latency_ms": 2.0,
              "failures": 3, "cause": "timed_out", "due_at": None}  # fmt: skip
    EndpointState.objects.filter(pk=one).update(**values)
    fields = columns.of(EndpointState, *values)
    with connection.cursor() as cursor:
        moved = ", ".join(f"{field.column} = %s" for field in fields)
        statement = f"UPDATE fleet_endpointstate SET {moved} WHERE endpoint_id = {other}"
        cursor.executemany(statement, columns.stored(fields, [values.values()]))
        cursor.execute(f"SELECT {', '.join(f'{field.column}' for field in fields)} FROM fleet_endpointstate")
        as_django, as_ours = cursor.fetchall()
    assert as_django == as_ours


@pytest.mark.parametrize("model", [Endpoint, EndpointState])
def test_what_is_read_is_what_django_reads(team, model):
    endpoint = endpoints.add(
        team, name="gpu", url="http://10.0.0.1:8000", api_key="sk-secret", verify_tls=False, expected_models=["qwen3"]
    )
    EndpointState.objects.update(probed_at=MOMENTS[1], facts={"version": "1", "models": []}, turns=[[1, True]])
    fields = columns.of(model)
    with connection.cursor() as cursor:
        names = ", ".join(f'"{field.column}"' for field in fields)
        cursor.execute(f"SELECT {names} FROM {model._meta.db_table}")
        [row] = columns.loaded(fields, cursor.fetchall())
    assert row == list(model.objects.values_list(*(field.attname for field in fields)).get(pk=endpoint.pk))


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError):
        columns.stored(columns.of(EndpointState, "facts"), [[object()]])
