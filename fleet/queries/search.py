"""What the search of the whole site finds: endpoints, models, incidents and pages, as far as people may see them."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode
from rapidfuzz import fuzz, process

from core.natural_order import natural_key
from teams.access import teams_of

from ..access import visible
from ..models import EndpointState, Incident
from ..verdict import causes
from . import offered
from .models import group_name
from .order import HOST
from .rows import place
from .tagged import has_tag_with

MOST = 8
"""Hits of one kind."""

CLOSE = 72
"""From this likeness on (of 100) a name counts as wrongly typed."""

PAGES = (
    ("board", "Fleet", "board endpoints"),
    ("endpoint-add", "Add endpoint", "new server watch"),
    ("endpoint-discovered", "What runs on this machine", "discover find servers"),
    ("models", "Models", "who serves"),
    ("load", "Load", "utilisation capacity export markdown json"),
    ("incidents", "Incidents", "outages export csv"),
    ("alerts", "Alerts", "mails sent notifications outbox"),
    ("alert-settings", "Alert settings", "quiet hours recipients reminders digest webhook"),
    ("silences", "Silences", "mute"),
    ("maintenance", "Maintenance", "planned windows"),
    ("advisor", "Advisor", "Ollama or vLLM"),
    ("decisions", "Decisions", "log"),
    ("guide", "Guide", "help documentation"),
    ("guide-page statuses", "Guide: Statuses and causes", "down degraded busy loading asleep unknown paused"),
    ("guide-page alerts", "Guide: Alerts", "flapping quiet hours acknowledge silence maintenance reminders"),
    ("guide-page load", "Guide: What your servers say", "load line verdicts saturated outgrown overkill"),
    ("saved-views", "Saved views", "filters of the board"),
    ("teams", "Teams", "members notification settings"),
    ("account_change_password", "Your account", "password profile"),
)
"""Name of the URL, with its argument, title, and other words for it."""

AVAILABILITY = "availability uptime sla export csv"
"""Words for the page of each team."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of what was found."""

    title: str
    note: str
    url: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The kinds in the order of the page, without empty ones. `read_as`: what a mistyped query is taken for."""

    groups: dict[str, list[Hit]] = field(default_factory=dict)
    read_as: str = ""

    @property
    def count(self) -> int:
        return sum(map(len, self.groups.values()))


def search(user: User, text: str) -> Found:
    """What fits the text, at most MOST of a kind; without a text the open incidents and the pages.

    Where nothing fits, what is spelled most like it.
    """
    wanted = " ".join(text.split())[:100]
    if not wanted:
        return _found(Incidents=_incidents(user, ""), Pages=[_page(*page) for page in PAGES])
    states = visible(user, EndpointState.objects.order_by(), "endpoint__team")
    found = _all(user, states, wanted)
    if found.count:
        return found
    names = {
        *states.values_list("endpoint__name", flat=True),
        *(group_name(each.name) for each in offered.offers(states)),
    }
    names |= {title for _, title, _ in PAGES}
    letters = _letters(wanted)
    if letters and (alike := [name for name in names if letters in _letters(name)]):  # "gpu11" is gpu-11, not gpu-1
        best = min(alike, key=lambda name: (not _letters(name).startswith(letters), len(name), name))
        return Found(_all(user, states, best).groups, read_as=best)
    names = {name for name in names if len(name) >= len(wanted) - 1}  # of a long word each short one is a part
    likest = process.extractOne(wanted, names, scorer=fuzz.partial_ratio, processor=str.lower, score_cutoff=CLOSE)
    return Found(_all(user, states, likest[0]).groups, read_as=likest[0]) if likest else found


def _all(user: User, states: Any, wanted: str) -> Found:
    low = wanted.lower()
    pages = [_page(*page) for page in PAGES if _fits(low, f"{page[1]} {page[2]}")]
    teams = teams_of(user).values_list("slug", "name") if _fits(low, AVAILABILITY) else ()
    pages += [Hit(f"Availability of {name}", "", reverse("team-availability", args=[slug])) for slug, name in teams]
    return _found(
        Endpoints=_endpoints(states, wanted),
        Models=_models(states, wanted),
        Incidents=_incidents(user, wanted),
        Pages=pages[:MOST],
    )


def _letters(name: str) -> str:
    """Its letters and digits alone."""
    return "".join(filter(str.isalnum, name.lower()))


def _fits(low: str, words: str) -> bool:
    """Whether the text begins a word of these, or a run of them."""
    return f" {low}" in f" {words.lower()}"


def _found(**groups: list[Hit]) -> Found:
    return Found({name: hits for name, hits in groups.items() if hits})


def _page(name: str, title: str, _: str) -> Hit:
    url, *args = name.split()
    return Hit(title, "", reverse(url, args=args))


def _endpoints(states: Any, wanted: str) -> list[Hit]:
    named = Q(endpoint__name__icontains=wanted) | Q(host__icontains=wanted) | has_tag_with(wanted)
    fields = ("pk", "endpoint__name", "endpoint__team__name", "endpoint__url", "status")
    rows = list(states.alias(host=HOST).filter(named).values_list(*fields)[:1000])
    low = wanted.lower()
    rows.sort(
        key=lambda row: (row[1].lower() != low, not row[1].lower().startswith(low), len(row[1]), natural_key(row[1]))
    )
    return [
        Hit(name, f"{team} · {place(url)}", reverse("endpoint", args=[pk]), status)
        for pk, name, team, url, status in rows[:MOST]
    ]


def _models(states: Any, wanted: str) -> list[Hit]:
    found: dict[str, set[int]] = {}
    for each in offered.offers(states.filter(offered.has_model_with(wanted))):
        if wanted.lower() in each.name.lower():
            found.setdefault(group_name(each.name), set()).update(each.endpoints)
    names = sorted(found, key=lambda name: (not name.startswith(wanted.lower()), natural_key(name)))[:MOST]
    return [
        Hit(name, f"{len(found[name])} endpoint{'' if len(found[name]) == 1 else 's'}", _models_page(name))
        for name in names
    ]


def _models_page(name: str) -> str:
    return f"{reverse('models')}?{urlencode({'q': name})}"


def _incidents(user: User, wanted: str) -> list[Hit]:
    """Of a number that one; else the open ones of endpoints with such a name, the newest first."""
    rows = visible(user, Incident.objects.all(), "endpoint__team")
    number = wanted.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) < 10:
        rows = rows.filter(pk=int(number))
    else:
        rows = rows.open().filter(endpoint__name__icontains=wanted)
    fields = ("pk", "endpoint__name", "cause", "status", "resolved_at")
    return [
        Hit(
            f"#{pk} {name}",
            f"{'resolved' if ended else 'open'} · {causes.short(cause)}",
            reverse("incident", args=[pk]),
            status,
        )
        for pk, name, cause, status, ended in rows.order_by("-opened_at", "-pk").values_list(*fields)[:MOST]
    ]
