"""How often a person may have something looked at on demand: probes go out to other machines."""

from core import rate_limits

A_MINUTE = 20
"""Looks on demand per person and minute. The board's own looks are not counted."""

REFUSED = f"That is enough for now: {A_MINUTE} looks a minute on demand. The next one is free within a minute."


def allowed(user_pk: int) -> bool:
    """Counts one more look of this person; False when it is one too many."""
    return rate_limits.allowed(f"looks:{user_pk}", A_MINUTE, 60)
