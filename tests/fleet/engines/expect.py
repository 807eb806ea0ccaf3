"""What a failed request must look like."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fleet.engines.errors import Cause, ProbeError

DEADLINE = 0.3
MARGIN = 4.0  # generous: the machine may be busy; what must not happen is waiting for ever
KEY = "sk-secret-0123456789"


@contextmanager
def fails(kind: type[ProbeError], cause: Cause, *words: str) -> Iterator[None]:
    """The block raises `kind` for `cause`, in time, with `words` in its detail."""
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        yield
    assert time.monotonic() - began < DEADLINE + MARGIN
    assert caught.value.cause is cause, caught.value.detail
    for word in words:
        assert word in caught.value.detail
