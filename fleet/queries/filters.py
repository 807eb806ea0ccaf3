"""What of the fleet a board shows, as its address says it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the fleet is asked for; empty means all of it."""

    team: str = ""  # a slug
    engine: str = ""
    status: str = ""
    model: str = ""  # an offered model, by its whole name or the part before its tag
    q: str = ""  # part of a name, host or model
    all: str = ""  # anything: a large fleet is not folded
    page: str = ""  # a number

    @classmethod
    def of(cls, query: Any) -> "Filters":
        """From a request's query; unknown statuses and engines simply match nothing."""
        return cls(**{name: query.get(name, "").strip()[:200] for name in cls.__slots__})

    @property
    def active(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    @property
    def number(self) -> int:
        """Of the page, from 1 on."""
        return max(1, int(self.page)) if self.page.isdecimal() and len(self.page) < 7 else 1

    @property
    def without_model(self) -> str:
        """The query string that shows all models again."""
        return self.but(model="")

    def but(self, **changed: str) -> str:
        """The query string with these values changed, on the first page unless they have one."""
        return urlencode({key: value for key, value in {**self.active, "page": "", **changed}.items() if value})
