"""Decisions that are to be reviewed: their review is due, or a fact that they relied on has moved."""

import hashlib
from datetime import date
from textwrap import shorten

from django.utils import timezone

from core import fence
from core.dates import day
from fleet.alerts import outbox

from .. import catalogue as catalogues
from ..catalogue.values import Catalogue
from ..models import Decision
from .frozen_advice import moved_facts

DATES, FACTS = "review dates", "review facts"
"""The sweeps, as core.fence knows them."""


def remind(today: date | None = None) -> int:
    """Writes the notes that are due; returns for how many decisions. Each date and each change is announced once."""
    today = today or timezone.localdate()
    current = catalogues.load()
    accepted = Decision.objects.filter(status="accepted").select_related("team")
    dates = fence.each(DATES, accepted.iterator(), lambda decision: _remind_of_date(decision, today), _item)
    return dates + fence.each(FACTS, accepted.iterator(), lambda decision: _remind_of_facts(decision, current), _item)


def _item(decision: Decision) -> fence.Item:
    return fence.Item(str(decision.pk), decision.title, decision.team_id)


def _remind_of_date(decision: Decision, today: date) -> bool:
    if decision.due_on is None or decision.due_on > today:
        return False
    text = (
        f"The review of a decision of {decision.team} is due since {day(decision.due_on)}.\n\n"
        f"{decision.title}\nDecided on {day(decision.decided_on)}: {decision.get_choice_display()}\n\n"
        + (f"It was to be reviewed when:\n{decision.revisit_when}\n\n" if decision.revisit_when else "")
        + "Check whether it still holds, and confirm it on its page with the next date, or supersede it."
    )
    _write(decision, f"due-{decision.due_on}", "the review is due", text)
    return True


def _remind_of_facts(decision: Decision, current: Catalogue) -> bool:
    moved = moved_facts(decision.answers, decision.recommendation, current)
    if not moved:
        return False
    lines = "\n\n".join(f"{fact['id']}\nWas: {fact['was']}\nIs: {fact['now']}" for fact in moved)
    digest = hashlib.sha256(lines.encode()).hexdigest()[:16]
    text = (
        f"A decision of {decision.team} relied on facts that read differently in today's catalogue.\n\n"
        f"{decision.title}\n\n{lines}\n\nRun it again on today's catalogue to see whether the advice moves."
    )
    _write(decision, f"facts-{digest}", "facts it relied on have moved", text)
    return True


def _write(decision: Decision, about: str, subject: str, text: str) -> None:
    path = decision.get_absolute_url()
    key = f"decision-{decision.pk}-{about}"
    subject = f"{shorten(decision.title, 60, placeholder='…')}: {subject}"
    outbox.write_note(decision.team, key, subject=subject, text=text, path=path, link_text="Open the decision")
