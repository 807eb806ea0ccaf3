"""What adding, changing and pausing an endpoint have in common: its state begins afresh, and boards show it."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from core import fence

from .. import live
from ..engines.errors import Cause
from ..models import Endpoint, EndpointState
from ..probing import claims, put_off
from ..verdict.status import Status


def lock(endpoints: Iterable[Endpoint]) -> list[int]:
    """Locks their states until the transaction ends, and returns their numbers.

    Raises EndpointState.DoesNotExist where one was removed meanwhile.
    """
    wanted = {endpoint.pk for endpoint in endpoints}
    pks = list(EndpointState.objects.filter(pk__in=wanted).locked().values_list("pk", flat=True))
    if len(pks) < len(wanted):
        raise EndpointState.DoesNotExist("An endpoint was removed meanwhile.")
    return pks


def fresh(status: Status, cause: Cause, detail: str = "") -> dict[str, Any]:
    """The columns of a state that forgets what probes counted, and has this status from now on."""
    now = datetime.now(UTC)
    counts = dict.fromkeys(("failures", "downs", "successes", "recent", "still"), 0)
    unknown = dict.fromkeys(("failing_since", "waiting_since", "not_probed_since"))
    return {
        "status": status, "cause": cause, "step": "", "detail": detail, **counts, **unknown,
        "turns": [], "starting": {}, "probe_seconds": 0, "stretch": 1,
        "since": now, "shown_at": now, "regrouped_at": now,
    }  # fmt: skip


def forget_put_off(pks: Collection[int]) -> None:
    """What could not be done with the endpoints as they were is tried again now that a person changed them."""
    for sweep in (claims.CLAIMS, put_off.SWEEP):
        fence.forget(sweep, *map(str, pks))


def update_boards(pks: list[int]) -> None:
    """Once the change is committed: a board that asks sooner would not find it."""
    if pks:
        transaction.on_commit(lambda: live.publish(pks))
