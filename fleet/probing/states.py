"""The rows that probes start from: a batch of them is read in one statement, whose SQL is made once."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F
from django.db.models.lookups import In

from core import columns, prepared

from ..models import Endpoint, EndpointLoad, EndpointState

_STATE, _ENDPOINT = columns.of(EndpointState), columns.of(Endpoint)
_LOAD = columns.of(EndpointLoad, "endpoint", "measures_waits")
_STATE_NAMES, _ENDPOINT_NAMES = ([column.attname for column in of] for of in (_STATE, _ENDPOINT))
_rows = prepared.rows_by_key(
    lambda keys: EndpointState.objects.filter(In(F("endpoint_id"), keys), endpoint__paused=False).values_list(
        *_STATE_NAMES,
        *(f"endpoint__{name}" for name in _ENDPOINT_NAMES),
        *(f"endpoint__load_settings__{column.name}" for column in _LOAD),
    )
)


def read(endpoint_ids: Iterable[int]) -> dict[int, EndpointState]:
    """The states that probes start from, with endpoint and load settings, by endpoint; without those that are gone or
    paused. Raises ValueError when one of them can't be read.
    """
    rows = columns.loaded([*_STATE, *_ENDPOINT, *_LOAD], _rows(endpoint_ids))
    return {state.pk: state for state in map(_state, rows)}


def read_one(endpoint_id: int) -> EndpointState | None:
    """The state that one probe starts from; None for an endpoint that is gone or paused."""
    return read([endpoint_id]).get(endpoint_id)


def _state(row: list[Any]) -> EndpointState:
    *values, load_of, measures_waits = row
    state = EndpointState.from_db("default", _STATE_NAMES, values[: len(_STATE)])
    endpoint = Endpoint.from_db("default", _ENDPOINT_NAMES, values[len(_STATE) :])
    load = None if load_of is None else EndpointLoad(endpoint_id=load_of, measures_waits=measures_waits)
    EndpointState.endpoint.field.set_cached_value(state, endpoint)
    Endpoint.load_settings.related.set_cached_value(endpoint, load)
    return state
