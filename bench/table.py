"""The table: one row a figure, as Markdown."""

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .product import ROOT


class CannotRun(Exception):
    """This part needs something that is not here. The text says what."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure. `value` is None where it could not be measured, and `note` says why then; `goal` is what to reach."""

    figure: str
    value: float | None
    unit: str = ""
    goal: float | None = None
    at_least: bool = False  # the goal is a lower bound
    note: str = ""
    below: list[str] = field(default_factory=list)  # lines for below the table

    @property
    def reached(self) -> str:
        """Whether the goal is reached; empty without one."""
        if self.goal is None or self.value is None:
            return ""
        return "yes" if (self.value >= self.goal if self.at_least else self.value <= self.goal) else "**no**"

    def __str__(self) -> str:
        measured = self.note if self.value is None else f"{number(self.value)} {self.unit}".strip()
        note = f" ({self.note})" if self.note and self.value is not None else ""
        goal = "" if self.goal is None else f"{number(self.goal)} {self.unit}".strip()
        return f"| {self.figure} | {measured}{note} | {goal} | {self.reached} |"


def number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:,.{0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2}f}"


def header() -> str:
    """Where and when this is measured, with the load before it."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"Commit {commit or 'unknown'}, {datetime.now(UTC):%d %B %Y %H:%M} UTC; load average before it {load}; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores."
    )


def markdown(head: str, rows: Iterable[Row]) -> str:
    """The whole table under its header, and what stands below it."""
    rows = list(rows)
    lines = [head, "", "| figure | measured | to reach | reached |", "|---|---|---|---|", *map(str, rows), ""]
    return "\n".join(lines + [f"- {line}" for row in rows for line in row.below])
