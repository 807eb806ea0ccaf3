"""What the board sorts endpoints by, kept in columns of the state row: the database sorts ten thousand of them without
reading their JSON. Pure.
"""

from typing import Any

from ..engines.reading import Facts, Load
from . import day_strip

MODELS = 200
"""Characters of the loaded models' names."""


def sort_figures(facts: Facts, load: Load, strip: dict[str, Any], at: float) -> dict[str, Any]:
    """The columns, as of a probe at `at` (unix seconds).

    `models_loaded` are names in lower case, or ""; `callers` is a number of requests, `load_share` (0..1 and more) the
    load where no load line is known, `available` (0..1) of the last day. None is unknown.
    """
    return {
        "models_loaded": ", ".join(facts.in_memory).lower()[:MODELS],
        "callers": load.callers,
        "load_share": load.share if load.busy is None else day_strip.busy_share(strip, at),
        "available": day_strip.availability(strip, at),
    }
