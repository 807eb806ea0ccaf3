"""How often a person may probe on demand: probes go out to other machines."""

from core import rate_limits

A_MINUTE = 20
"""Probes on demand per person and minute. Those by the schedule are not counted."""

REFUSED = f"That is enough for now: {A_MINUTE} probes a minute on demand. The next one is free within a minute."


def allowed(user_pk: int) -> bool:
    """Counts one more probe of this person; False when it is one too many."""
    return rate_limits.allowed(f"probes:{user_pk}", A_MINUTE, 60)
