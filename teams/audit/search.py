"""The audit trail: search and export."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from ..models import AuditEntry, Team
from .actions import ACTIONS
from .trail import LINKED

PER_PAGE = 50
CHUNK = 500
"""Entries of an export that are in memory at once."""

COMMAND = "manage.py "
"""What `via` begins with where someone on the server's command line acted."""

GROUPS = sorted({action.partition(".")[0] for action in ACTIONS})
"""What an action can be about: "endpoint", "session", ..."""

PEOPLE = ("account", "member", "person", "session")
"""What is about people: the objects of these actions are known by number alone."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What someone searches for; empty is everything. `since` and `until` are days (2026-11-22), both included."""

    who: str = ""
    about: str = ""
    text: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, asked: QueryDict) -> "Filters":
        """What an address asks for. What it does not know or can't read counts as everything."""
        given = {name: asked.get(name, "").strip()[:200] for name in cls.__slots__}
        given["about"] = given["about"] if given["about"] in GROUPS else ""
        return cls(**given | {name: given[name] if _day(given[name]) else "" for name in ("since", "until")})

    @property
    def query(self) -> str:
        """The same as part of an address, without what is empty."""
        return urlencode({name: value for name in self.__slots__ if (value := getattr(self, name))})


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, in words."""

    entry: AuditEntry
    who: str
    done: str
    name: str  # of the object
    link: str  # to it; empty where it is gone or has no page
    detail: list[tuple[str, str]] = field(default_factory=list)


def entries(team: Team | None, filters: Filters) -> QuerySet[AuditEntry]:
    """The entries of a team, or all of the installation's (None), newest first."""
    rows = AuditEntry.objects.all() if team is None else AuditEntry.objects.filter(team_id=team.pk)
    if filters.who:
        rows = rows.filter(_by(filters.who))
    if filters.about:
        rows = rows.filter(action__startswith=f"{filters.about}.")
    if first := _day(filters.since):
        rows = rows.filter(at__gte=first)
    if last := _day(filters.until):
        rows = rows.filter(at__lt=_day_after(last))
    return rows.filter(_mentioning(filters.text)) if filters.text else rows


def page_of_lines(team: Team | None, filters: Filters, number: str | int) -> Page:
    """One page of Lines: so many queries, however many lines it has."""
    page: Page[Any] = Paginator(entries(team, filters), PER_PAGE).get_page(number)
    page.object_list = _in_words(list(page))
    return page


def portion(team: Team | None, filters: Filters, before: int | None) -> list[Line]:
    """Up to CHUNK Lines with numbers below `before`, newest first: an export asks again and again."""
    rows = entries(team, filters).order_by("-pk")
    return _in_words(list((rows.filter(pk__lt=before) if before else rows)[:CHUNK]))


def _by(who: str) -> Q:
    """A part of a user name, or a person's number: those who are deleted have no name any more."""
    named = Q(actor_id__in=User.objects.filter(username__icontains=who).values("pk"))
    return named | Q(actor_id=int(who)) if who.isdecimal() and len(who) < 19 else named


def _mentioning(text: str) -> Q:
    done = [action for action, words in ACTIONS.items() if text.lower() in words.lower() or text.lower() in action]
    found = Q(action__in=done)
    for column in ("object_name", "team_name", "via", "address"):
        found |= Q(**{f"{column}__icontains": text})
    return found


def _day(text: str) -> datetime | None:
    """Midnight at the beginning of the day, in the time zone of the settings."""
    try:
        day = parse_date(text)
    except ValueError:  # 2026-02-31
        return None
    return timezone.make_aware(datetime(day.year, day.month, day.day)) if day and 1 < day.year < 9999 else None


def _day_after(midnight: datetime) -> datetime:
    local = timezone.localtime(midnight).replace(tzinfo=None)
    return timezone.make_aware(local + timedelta(days=1))


def _in_words(found: list[AuditEntry]) -> list[Line]:
    names = _names(found)
    pages = _pages(found)
    return [_line_of(entry, names, pages) for entry in found]


def _line_of(entry: AuditEntry, names: dict[int, str], pages: dict[tuple[str, int], str]) -> Line:
    group, number = entry.action.partition(".")[0], entry.object_id or 0
    of_a_person = group in PEOPLE and entry.object_id is not None
    name = _person(number, names) if of_a_person and number != entry.actor_id else entry.object_name
    detail = [(key, text) for key, value in entry.detail.items() for text in [_detail_text(key, value, names)] if text]
    words = ACTIONS.get(entry.action, entry.action)
    return Line(entry, _who(entry, names), words, name, pages.get((group, number), ""), detail)


def _who(entry: AuditEntry, names: dict[int, str]) -> str:
    if entry.actor_id is not None:
        return _person(entry.actor_id, names)
    return "Someone on the server" if entry.via.startswith(COMMAND) else "Someone not signed in"


def _person(number: int, names: dict[int, str]) -> str:
    return names.get(number) or f"deleted person {number}"


def _names(found: Iterable[AuditEntry]) -> dict[int, str]:
    numbers = {entry.actor_id for entry in found} | {entry.detail.get("person") for entry in found}
    numbers |= {entry.object_id for entry in found if entry.action.partition(".")[0] in PEOPLE}
    known = [number for number in numbers if isinstance(number, int)]
    return dict(User.objects.filter(pk__in=known).values_list("pk", "username"))


def _pages(found: list[AuditEntry]) -> dict[tuple[str, int], str]:
    """Where the objects that are still there have their pages: one query for each kind of object."""
    wanted: dict[str, set[int]] = {}
    for entry in found:
        group = entry.action.partition(".")[0]
        if group in LINKED and entry.object_id is not None:
            wanted.setdefault(group, set()).add(entry.object_id)
    return {(group, pk): address for group, numbers in wanted.items() for pk, address in _addresses(group, numbers)}


def _addresses(group: str, numbers: set[int]) -> Iterator[tuple[int, str]]:
    for there in LINKED[group]._base_manager.filter(pk__in=numbers).only("pk"):
        yield there.pk, there.get_absolute_url()  # type: ignore[attr-defined]  # what is in LINKED has pages


def _detail_text(key: str, value: Any, names: dict[int, str]) -> str:
    if key == "person" and isinstance(value, int):
        return _person(value, names)
    if isinstance(value, dict) and value.keys() == {"from", "to"}:
        return f"{_text(value['from'])} → {_text(value['to'])}"
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_text(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)
