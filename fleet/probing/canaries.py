"""Asking the canary that is due. When one is, and what it means: fleet.verdict.canary."""

import time
from dataclasses import replace

from core.database import give_back

from ..engines import canary
from ..engines.canary import CANARY_DEADLINE, CONFIRM_DEADLINE, LONGEST
from ..engines.reading import Canary, Reading
from ..models import EndpointState
from ..verdict.canary_due import next_canary


def ask(state: EndpointState, reading: Reading) -> Reading:
    """`reading` with the canary that is due, asked or skipped; takes up to engines.canary.LONGEST seconds."""
    endpoint = state.endpoint
    if not endpoint.canary_models:
        return reading
    wanted = next_canary(state.memory(), state.rules(), reading)
    if isinstance(wanted, Canary):
        return replace(reading, canary=wanted)
    if wanted is None or state.due_at is None:
        return reading
    # The next probe is moved behind this canary, so that none overtakes it and has it dropped; the verdict on it takes
    # that back. What is due is that probe: the one under way is not overdue for as long as its canary may take.
    until = max(state.due_at, int(time.time() + LONGEST) + 1)
    rows = EndpointState.objects.filter(pk=state.pk, due_at=state.due_at)
    if rows.update(due_at=until, waiting_since=None) != 1:
        return reading  # another probe was sent off meanwhile
    state.due_at = until
    give_back()
    found = canary.ask(
        endpoint.url,
        wanted.engine,
        wanted.model,
        wanted.paths,
        reading,
        timeout=CONFIRM_DEADLINE if wanted.confirms else CANARY_DEADLINE,
        **endpoint.access,
    )
    return replace(found, canary=found.canary and replace(found.canary, measures=wanted.measures))
