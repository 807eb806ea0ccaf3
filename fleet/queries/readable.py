"""State rows whose stored values are odd: shown as unreadable, and never in the way of the others."""

import logging
from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from typing import Any, TypeVar

from ..models import EndpointState

T = TypeVar("T")

EMPTY: dict[str, Any] = {
    "facts": {},
    "load": {},
    "strip": {},
    "ladder": [],
    "canary": {},
    "turns": [],
    "marks": {"unreadable": True},
    "tags": [],
}
"""What stands in for the stored JSON of such a row. A probe that answers writes it afresh."""

log = logging.getLogger(__name__)


def from_columns(make: Callable[[dict[str, Any]], T], state: dict[str, Any]) -> T:
    """What `make` makes of a row's columns; where it can't read their JSON, of the same row without it."""
    try:
        return make(state)
    except Exception as error:
        _log_once(state["endpoint_id"], f"{type(error).__name__}: {error}")
        return make({name: deepcopy(EMPTY.get(name, value)) for name, value in state.items()})


def from_state(make: Callable[[EndpointState], T], state: EndpointState) -> T:
    """As `from_columns`, for a whole row. Its JSON is emptied in memory, so the row is not to be saved."""
    try:
        return make(state)
    except Exception as error:
        _log_once(state.pk, f"{type(error).__name__}: {error}")
        for name in EMPTY.keys() - state.get_deferred_fields():
            setattr(state, name, deepcopy(EMPTY[name]))
        return make(state)


@lru_cache(maxsize=1000)
def _log_once(endpoint_id: int, why: str) -> None:
    """Once per endpoint and reason, since pages are asked for often."""
    log.warning("The stored state of endpoint %d can't be read, and is shown as unreadable: %s", endpoint_id, why)
