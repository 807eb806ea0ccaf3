"""What a scenario found, as one line of a table."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, what should come of it, what did. `ok` is None where it could not be done here."""

    done: str
    expected: str
    seen: str
    ok: bool | None

    def line(self) -> str:
        """A row of the Markdown table."""
        verdict = {True: "yes", False: "NO", None: "skipped"}[self.ok]
        return f"| {self.done} | {self.expected} | {self.seen} | {verdict} |"


HEAD = "| done | expected | seen | ok |\n|---|---|---|---|"


def p99(values: list[float]) -> float:
    """The value that 99 of 100 do not exceed; of a sorted list that is not empty."""
    return values[math.ceil(0.99 * len(values)) - 1]


def names(found: list[str], most: int = 4) -> str:
    """The first few of them."""
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")
