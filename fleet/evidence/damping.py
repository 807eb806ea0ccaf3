"""Which judgement of the last day stands: the heaviest, so that what hovers at a threshold does not come and go.

A heavier one stands at once. A lighter one, and one as heavy with another limit or model, takes the place only after a
day in which the one before was not found again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .window import DAY

HOLD = DAY
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found at one moment."""

    at: int  # unix seconds
    weight: tuple[int, ...]  # the heavier the greater
    kind: tuple[str, ...]  # equal where the same was found; then the weight is equal, too
    content: Any = None  # all of it, as JSON values

    @classmethod
    def from_json(cls, stored: dict[str, Any], content: Any = None) -> "Judgement":
        """The inverse of `to_json`. `content`: of one that was stored without. Raises KeyError or TypeError."""
        return cls(stored["at"], tuple(stored["weight"]), tuple(stored["kind"]), stored["content"] or content)

    def to_json(self, content: bool = True) -> dict[str, Any]:
        """JSON values, with the content or without."""
        plain = {"at": self.at, "weight": self.weight, "kind": self.kind}
        return plain | {"content": self.content if content else None}


def held(recent: Iterable[Judgement], found: Judgement) -> list[Judgement]:
    """Those of the last day that stand or may come to, the one that stands first. `recent`: what this gave before."""
    last_day = [each for each in recent if found.at - each.at < HOLD and each.weight >= found.weight]
    renewed = [found if each.kind == found.kind else each for each in last_day]
    return renewed if found in renewed else [*renewed, found]
