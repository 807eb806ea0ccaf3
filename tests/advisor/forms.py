"""Forms that tests start from: the golden cases, and the pins for "most = 3"."""

from typing import Any

from tests.advisor import golden

PIN_1 = {
    "goal": "serving", "callers": "small_local", "machines": ["linux_server"], "accelerator": "one_gpu",
    "api": "contract", "responses_state": "not_needed", "load": "some", "scaling": ["none"], "front_ends": "own_app",
    "priority": "architecture", "workflow": "quick_start", "pain": "none", "stage": "prototype", "growth": "no",
}  # fmt: skip
"""O 2 and V 3."""
PIN_2 = {**PIN_1, "goal": "runtime", "priority": "setup"}
"""O 3 and V 2."""
PIN_3 = {**PIN_1, "priority": "setup"}
"""O 3 and V 3, one audience."""


def case(name: str, **changed: Any) -> dict[str, Any]:
    """A golden case with some answers changed; None takes an answer away."""
    return golden.answers(name) | changed
