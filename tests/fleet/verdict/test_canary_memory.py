"""What is remembered of canaries, as earlier versions stored it and as it is stored now."""

import json

import pytest

from fleet.verdict.canary_memory import CanaryMemory

FIRST = {"at": 1.7e9, "model": "m", "ms": 4.8, "note": "", "ok": True, "cause": "", "detail": ""}
SUMS = {"day": 20785, "asked": 2, "skipped": 1, "tokens": 3, "ms_total": 305.2}
FAILED = {**FIRST, "ok": False, "cause": "wedged", "detail": "no token", "skipped_at": 1.6e9, "why": "traffic", **SUMS}
LIMITS = {"paths": {"m": "/x"}, "left": {"m": ""}, "sleeps": True}


@pytest.mark.parametrize(
    ("stored", "memory"),
    [
        ({}, CanaryMemory()),
        ({"still_since": 5.0}, CanaryMemory()),  # no canary model: only figures at rest were counted
        (FIRST, CanaryMemory(at=1.7e9, model="m", ms=4.8, ok=True)),
        ({"ok": None, "ms": None, "cause": "", **SUMS}, CanaryMemory(**SUMS)),  # only skipped so far
        (FAILED, CanaryMemory(**FAILED)),
        (LIMITS, CanaryMemory(**LIMITS)),
        ({"ended": {"model": "m", "for": [None, "m"]}}, CanaryMemory(ended="m", ended_for=(None, "m"))),
        ({"of a later version": 1}, CanaryMemory()),
    ],
)  # fmt: skip
def test_what_any_version_stored_is_read(stored, memory):
    assert CanaryMemory.from_json(stored) == memory
    written = json.loads(json.dumps(memory.to_json()))
    assert CanaryMemory.from_json(written) == memory
    assert written.items() <= stored.items(), "an earlier version reads it too"


@pytest.mark.parametrize("stored", [None, [], "x", 5, {"ended": [1]}, {"ended": "m"}])
def test_what_no_version_stored_is_refused(stored):
    with pytest.raises((AttributeError, TypeError)):
        CanaryMemory.from_json(stored)


def test_another_day_begins_its_sums_at_zero():
    memory = CanaryMemory(at=5.0, **SUMS)
    assert memory.on(20785) is memory
    assert memory.on(20786) == CanaryMemory(at=5.0, day=20786)
