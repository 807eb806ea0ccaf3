"""How long a probe may take where the team set nothing."""

DEFAULT_TIMEOUT = 5.0
"""Seconds in all, unless the interval is so short that it takes less."""


def default_timeout(interval: int) -> float:
    """Seconds a probe may take in all at an interval of so many seconds."""
    return min(DEFAULT_TIMEOUT, round(0.8 * interval, 1))
