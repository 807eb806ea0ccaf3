"""What a message says, from the facts frozen in its alerts: subject, text, HTML, and the JSON of a webhook."""

from collections import Counter
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from core import time_zones
from core.site_url import absolute

from ..models import Alert, AlertPolicy, Channel, Message
from . import links, summary
from .items import Item, items

LINES = 50
"""Endpoints that a message about many names one by one."""


def subject(message: Message) -> str:
    """The mail's subject: "DOWN  gpu-1 (Search)", "DOWN  5 endpoints (Search)" or "DOWN 3, UP 2  (Search)"."""
    if summary.is_one(message):
        return summary.subject(message)
    found = items(message)
    if not found:
        note = _note(message)
        whose = "Plimsoll" if note.kind == Alert.Kind.MONITOR else _on_one_line(note.facts["team"])
        return f"{note.kind.upper()}  {_on_one_line(note.facts['subject'])} ({whose})"
    team = _on_one_line(found[0].facts["team"])
    if len(found) == 1:
        return f"{found[0].word}  {found[0].name} ({team})"
    words = _counted((item.word, item) for item in found)
    if len(words) == 1:
        return f"{found[0].word}  {words.total()} endpoints ({team})"
    return f"{', '.join(f'{word} {count}' for word, count in words.items())}  ({team})"


def _counted(named: Iterable[tuple[str, Item]]) -> Counter[str]:
    """How many endpoints there are of each name, those with them counted in."""
    counts: Counter[str] = Counter()
    for name, item in named:
        counts[name] += item.count
    return counts


def _on_one_line(text: str) -> str:
    """Line breaks can't reach a header."""
    return " ".join(text.split())


def render_text(message: Message) -> str:
    return _in_zone(message, "txt", signed=True)


def render_html(message: Message) -> str:
    return _in_zone(message, "html", signed=True)


def shown_text(message: Message) -> str:
    """The text for a page, without the signed links: they are for the recipient alone.

    The template escapes nothing, since mails are plain text. Joined it is a `str` again, which the page escapes.
    """
    return "".join([*_in_zone(message, "txt", signed=False)])


def payload(message: Message) -> dict[str, Any]:
    """The webhook's JSON, version 1: the subject, and each incident with what happened and what to do."""
    found = items(message)
    note = None if found else _note(message).facts
    return {
        "version": 1,
        "message": message.pk,
        "team": message.team.slug if message.team else None,
        "subject": subject(message),
        "note": {"text": note["text"], "link": absolute(note["path"])} if note else None,
        "incidents": [_incident(item) for item in found],
    }


def _incident(item: Item) -> dict[str, Any]:
    facts = item.facts
    return {
        "kind": item.kind,
        "incident": item.incident,
        "link": item.link,
        "endpoint": {"name": facts["name"], "url": facts["url"], "link": absolute(facts["endpoint_path"])},
        "status": item.status,
        **{name: facts[name] for name in ("cause", "step", "detail", "began_at", "opened_at", "resolved_at")},
        "sentence": item.what,
        "advice": item.advice,
        "lasted": item.lasted,
        "why": facts.get("why", ""),
        "endpoints_put_down_to_it": item.children,
    }


def _in_zone(message: Message, kind: str, signed: bool) -> str:
    with timezone.override(_zone(message)):
        return _render(message, kind, signed)


def _zone(message: Message) -> tzinfo:
    """The team's; the installation's while that is UTC, which a team has until it chooses one."""
    chosen = AlertPolicy.objects.filter(team=message.team_id).values_list("time_zone", flat=True).first()
    return time_zones.named(chosen if chosen and chosen != "UTC" else settings.TIME_ZONE)


def _render(message: Message, kind: str, signed: bool) -> str:
    found = items(message)
    to_one = signed and message.channel == Channel.MAIL
    context: dict[str, Any] = {"message": message}
    if message.team:
        context["team_link"] = absolute(reverse("team", args=[message.team.slug]))
    if to_one:
        context |= {"acknowledge": _acknowledge(message, found), "unsubscribe": _unsubscribe(message)}
    if summary.is_one(message):
        return render_to_string(f"email/summary.{kind}", context | summary.context(message))
    if not found:
        facts = _note(message).facts
        return render_to_string(f"email/note.{kind}", context | {"facts": facts, "link": absolute(facts["path"])})
    if len(found) == 1:
        return render_to_string(f"email/alert.{kind}", context | {"item": found[0], "facts": found[0].facts})
    return render_to_string(f"email/group.{kind}", context | _many(found))


def _many(found: list[Item]) -> dict[str, Any]:
    trouble = [item for item in found if not item.recovered and not item.unwatched]
    back = [item for item in found if item.recovered]
    unwatched = [item for item in found if item.unwatched]
    same = trouble or back or unwatched
    [(cause, count)] = Counter(item.facts["cause"] for item in same).most_common(1)
    # What nearly all have in common is the place to begin; else each cause has its own.
    shared = next(item for item in same if item.facts["cause"] == cause) if count >= 0.8 * len(same) else None
    to_try = {item.brief: item.advice for item in same if item.advice}
    return {
        "facts": found[0].facts,
        "trouble": trouble[:LINES],
        "more_trouble": max(0, len(trouble) - LINES),
        "back": back[:LINES],
        "more_back": max(0, len(back) - LINES),
        "unwatched": unwatched[:LINES],
        "more_unwatched": max(0, len(unwatched) - LINES),
        "worst": ("down" if any(item.status == "down" for item in trouble) else "degraded") if trouble else "recovered",
        "headline": _headline(trouble, back, unwatched),
        "what": shared.what if shared else "",
        "advice": shared.advice if shared else "",
        "to_try": {} if shared else to_try,
        "back_at": max(item.resolved_at for item in back if item.resolved_at) if back and not trouble else None,
        "together": len(trouble) > 1,
        "link": absolute(f"{reverse('incidents')}?team={found[0].facts['team_slug']}"),
    }


def _headline(trouble: list[Item], back: list[Item], unwatched: list[Item]) -> str:
    counts = _counted((item.status, item) for item in trouble)
    parts = [f"{count} {'is' if count == 1 else 'are'} {status}" for status, count in sorted(counts.items())[::-1]]
    for over, words in ((back, "back"), (unwatched, "no longer watched")):
        count = sum(item.count for item in over)
        parts += [f"{count} {'is' if count == 1 else 'are'} {words}"] if count else []
    return ", ".join(parts)


def _acknowledge(message: Message, found: list[Item]) -> str:
    """The signed link that acknowledges all of the message's trouble; "" where there is none."""
    numbers = [item.incident for item in found if not item.recovered and not item.unwatched]
    return absolute(links.acknowledge_path(numbers, message.recipient)) if numbers else ""


def _unsubscribe(message: Message) -> str:
    return absolute(links.unsubscribe_path(message.team_id, message.recipient)) if message.team_id else ""


def _note(message: Message) -> Alert:
    alert = message.alerts.first()
    assert alert is not None, "a message carries at least one alert"
    return alert
