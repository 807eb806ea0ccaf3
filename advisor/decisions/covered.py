"""The endpoints that a decision covers, by their engines. Each is read with its `state`."""

from collections.abc import Iterable
from typing import Any

from fleet.engines.registry import is_gateway, label

from ..evidence.judge import is_another


def engine_of(endpoint: Any) -> str:
    """The engine that answered last, else the one that was set; empty: not known."""
    return endpoint.state.engine or endpoint.engine


def engine_name(endpoint: Any) -> str:
    """The same as people write it."""
    return label(engine_of(endpoint)) or "engine not known"


def with_another_engine(endpoints: Iterable[Any], choice: str) -> list[Any]:
    """Those where an engine answers that was not chosen. Gateways pass requests on, so theirs does not count."""
    return [
        each
        for each in endpoints
        if is_another(engine_of(each), choice) and not is_gateway(engine_of(each), each.state.facts.get("product"))
    ]
