"""Probes without a worker: judged and written at once."""

import time

from fleet.engines.reading import Reading
from fleet.models import EndpointState
from fleet.probing import record as product
from fleet.probing import run as asking
from fleet.probing import writer
from fleet.probing.claims import Claim
from fleet.probing.states import read_one as state_of

__all__ = ["record", "run", "state_of"]


def record(state: EndpointState, reading: Reading, late_ms: float | None = 0.0, took: float | None = None) -> bool:
    """Stores what a probe brought; whether the endpoint's row on the board has to be drawn again."""
    return any(each.show for each in product.write([product.judged(state, reading, late_ms, took)]))


def run(endpoint_id: int, due_at: float | None = None, expires_at: float | None = None) -> None:
    """Probes the endpoint and stores what that brings; the times are unix seconds."""
    due = int(time.time() if due_at is None else due_at)
    claim = Claim(endpoint_id, 0, False, due, int(due + 60 if expires_at is None else expires_at))
    if judged := asking.run(claim):
        writer.write([judged])
