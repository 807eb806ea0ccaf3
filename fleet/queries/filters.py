"""What of the fleet a board shows and in which order, as its address says it."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

SORTS = ("name", "engine", "models", "load", "latency", "day", "seen")
"""The columns that rows can be sorted by; by status they are without sorting."""

EVERYTHING = "view=none"
"""The query string of the whole board, for who begins with a saved view otherwise."""

GROUPS = ("team", "engine", "host", "tag", "none")


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the fleet is asked for; empty means all of it, in the usual order."""

    team: str = ""  # a slug
    engine: str = ""
    status: str = ""
    model: str = ""  # an offered model, by its whole name or the part before its tag
    tag: str = ""  # of those that have all of these, with commas between
    q: str = ""  # part of a name, host, model or tag
    sort: str = ""  # a column, "-" before it: from its other end; empty: what needs attention first
    group: str = ""  # team, engine, host, tag or none; empty: by team, or none when it is sorted
    all: str = ""  # anything: a large fleet is not folded
    page: str = ""  # a number

    @classmethod
    def of(cls, query: Any) -> "Filters":
        """From a request's query; unknown statuses and engines match nothing, unknown columns and groups do nothing."""
        filters = cls(**{name: query.get(name, "").strip()[:200] for name in cls.__slots__})
        if hasattr(query, "getlist"):  # several boxes that are ticked
            filters = replace(filters, tag=",".join(query.getlist("tag"))[:200])
        filters = replace(filters, tag=",".join(filters.tags))
        if filters.sort.removeprefix("-") not in SORTS:
            filters = replace(filters, sort="")
        if filters.group not in GROUPS or filters.group == filters.usual_group:
            filters = replace(filters, group="")
        return filters

    @property
    def active(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    @property
    def narrows(self) -> bool:
        """Whether endpoints may be left out."""
        return any((self.team, self.engine, self.status, self.model, self.tag, self.q))

    @property
    def tags(self) -> list[str]:
        return list(dict.fromkeys(tag for each in self.tag.lower().split(",") if (tag := each.strip())))

    @property
    def usual_group(self) -> str:
        """By what rows are grouped where nothing is said."""
        return "none" if self.sort else "team"

    @property
    def grouped_by(self) -> str:
        return self.group or self.usual_group

    @property
    def words(self) -> str:
        """All of it on a line: "team search, tag prod, status down, sorted by latency"."""
        forms = {"q": "“{}”", "sort": "sorted by {}", "group": "grouped by {}", "all": "every row", "page": "page {}"}
        asked = self.active
        if self.tag:
            asked["tag"] = " and ".join(self.tags)
        if self.sort.startswith("-"):
            asked["sort"] = f"{self.sort[1:]}, reversed"
        parts = [forms.get(name, f"{name} {{}}").format(value) for name, value in asked.items()]
        return ", ".join(parts).replace("grouped by none", "not grouped") or "the whole fleet"

    @property
    def number(self) -> int:
        """Of the page, from 1 on."""
        return max(1, int(self.page)) if self.page.isdecimal() and len(self.page) < 7 else 1

    @property
    def without_model(self) -> str:
        """The query string that shows all models again."""
        return self.but(model="")

    @property
    def on_wall(self) -> str:
        """The query string of these on a screen on the wall."""
        return self.but(wall="1")

    def but(self, **changed: str) -> str:
        """The query string with these values changed, on the first page unless they have one."""
        asked = {key: value for key, value in {**self.active, "page": "", **changed}.items() if value}
        return urlencode(asked) or EVERYTHING
