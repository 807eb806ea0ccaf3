"""How a reader wants the board drawn: dense or roomy, with which columns, which groups folded. Kept in cookies.

A row's HTML is the same for all: what is hidden or kept low, is so by classes of the table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .order import COLUMNS, Column

DENSE, SHOWN, FOLDS = "board_dense", "board_columns", "board_folds"
"""The cookies: "1" or "0"; names with points between; ids of groups, "+" (open) or "-" (folded) before each."""

ALWAYS = ("status", "name")
USUAL = ("engine", "models", "load", "latency", "day")

MANY_ROWS = 40
"""From more rows on they are dense, unless the reader wants otherwise."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the reader chose; without a choice as the number of rows, or the width of the screen, suggests."""

    density: str = ""  # "dense", "roomy", or empty: by the number of rows
    shown: tuple[str, ...] = USUAL
    folds: dict[str, bool] = field(default_factory=dict)  # id of a group -> whether it is folded

    @classmethod
    def of(cls, cookies: Mapping[str, str]) -> "Layout":
        """From a request's cookies. What can't be read is as if it were not there."""
        chosen = cookies.get(SHOWN)
        shown = USUAL if chosen is None else tuple(name for name in COLUMNS if name in chosen.split("."))
        folds = re.findall(r"([+-])([\w-]{1,100})", cookies.get(FOLDS, ""))
        density = {"1": "dense", "0": "roomy"}.get(cookies.get(DENSE, ""), "")
        return cls(density, shown, {group: sign == "-" for sign, group in folds})

    @property
    def is_own(self) -> bool:
        """Whether it differs from what everybody gets."""
        return bool(self.density) or self.shown != USUAL

    @property
    def many(self) -> int:
        """The most rows that are roomy without a choice."""
        return MANY_ROWS

    def dense(self, rows: int) -> bool:
        """Whether so many rows are kept low."""
        return self.density == "dense" if self.density else rows > self.many

    @property
    def columns(self) -> list[Column]:
        return [column for name, column in COLUMNS.items() if name in ALWAYS or name in self.shown]

    @property
    def hidden(self) -> list[str]:
        """The names of the columns that are not shown."""
        return [name for name in COLUMNS if name not in ALWAYS and name not in self.shown]

    @property
    def choices(self) -> list[Column]:
        """The columns that can be shown or not."""
        return [column for name, column in COLUMNS.items() if name not in ALWAYS]


USUAL_LAYOUT = Layout()
