"""Accepted decisions are judged by what their endpoints show; a change of that is kept for good and mailed once."""

import re
from dataclasses import asdict, fields
from datetime import datetime
from functools import partial
from textwrap import shorten
from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from core import fence
from core.dates import day
from core.turns import in_turn
from fleet.alerts import outbox
from fleet.engines.reading_json import facts_from_json
from fleet.engines.registry import is_gateway, label
from fleet.evidence.damping import Judgement, held
from fleet.evidence.window import DAY
from fleet.load import stored
from fleet.models import Endpoint, LoadVerdict, TeamLoad

from ..evidence.judge import ENGINES, judge
from ..evidence.values import Case, Covered, Evidence, State
from ..models import Decision, DecisionEvent, DecisionEvidence
from ..models.decision import Status
from .covered import engine_of

WATCHING = "decision evidence"
"""The sweep, as core.fence knows it."""

SILENT = (State.HOLDS, State.NOT_ENOUGH)
"""What a first judgement says without a mail."""

MOST_IN_A_MAIL = 5
"""Endpoints."""

MISREPORTS_VRAM = re.compile(r"0\.30\.(\d|10)(?!\d)")
"""The versions of Ollama whose `size_vram` is wrong."""


def watch(now: datetime | None = None) -> int:
    """Judges every accepted decision, teams in turn; returns for how many the state changed."""
    now = now or timezone.now()
    current = LoadVerdict.objects.filter(until=None)
    accepted = Decision.objects.filter(status=Status.ACCEPTED, choice__in=ENGINES).select_related("team__load")
    rows = in_turn(accepted, "team", "pk").prefetch_related(
        Prefetch("endpoints", Endpoint.objects.select_related("state").defer("state__strip", "state__ladder")),
        Prefetch("endpoints__load_verdicts", current, to_attr="current_verdicts"),
    )
    return fence.each(WATCHING, rows.iterator(chunk_size=100), partial(_renew, now), _item)


def _item(decision: Decision) -> fence.Item:
    return fence.Item(str(decision.pk), decision.title, decision.team_id)


def _renew(now: datetime, decision: Decision) -> bool:
    """Moves the current row's figures. Another state ends it and begins one, with its event and its mail."""
    with transaction.atomic():
        if not Decision.objects.select_for_update().filter(pk=decision.pk, status=Status.ACCEPTED).exists():
            return False  # moved since the sweep began
        before = decision.evidence.filter(until=None).first()
        case = _case(decision, before.seen if before else {}, int(now.timestamp()))
        judged = judge(case)
        found, recent = _standing(judged, before, case.now)
        figures = asdict(found) | {"seen": judged.seen, "judged_at": now, "recent": recent}
        if before and before.state == found.state:
            DecisionEvidence.objects.filter(pk=before.pk).update(**figures)
            return False
        if before:
            DecisionEvidence.objects.filter(pk=before.pk).update(until=now)
        row = decision.evidence.create(since=now, snapshot=_snapshot(decision, case, found), **figures)
        if before or found.state not in SILENT:
            was = f" Before: {before.state}." if before else ""
            text = shorten(f"Evidence: {row.state}.{was} {row.sentence}", 600, placeholder="…")
            DecisionEvent.objects.create(decision=decision, text=text)
            _mail(decision, row, before)
    return True


def _standing(judged: Evidence, before: DecisionEvidence | None, now: int) -> tuple[Evidence, list[dict[str, Any]]]:
    """What stands after a judgement, and the last day's as they are stored."""
    found = Judgement(now, (judged.state.weight,), (judged.state,), asdict(judged))
    shown = {each.name: getattr(before, each.name) for each in fields(Evidence)} if before else None
    recent = [Judgement.from_json(each, shown) for each in before.recent] if before else []
    first, *lighter = held(recent, found)
    return Evidence(**first.content), [first.to_json(content=False), *(each.to_json() for each in lighter)]


def _limits(decision: Decision) -> Any:
    return getattr(decision.team, "load", TeamLoad()).limits()


def _case(decision: Decision, seen: dict[str, int], now: int) -> Case:
    covered = tuple(map(_covered, decision.endpoints.all()))
    return Case(decision.choice, covered, now, _limits(decision).window_days * DAY, decision.answers, seen)


def _covered(endpoint: Any) -> Covered:
    """The endpoint with its state and `current_verdicts` as the evidence reads them."""
    facts = facts_from_json(endpoint.state.facts)
    engine = engine_of(endpoint)
    shown = [model.size_vram > 0 for model in facts.models if model.loaded and model.size_vram is not None]
    misreported = engine == "ollama" and MISREPORTS_VRAM.match(facts.version or "")
    current = _current(endpoint)
    return Covered(
        endpoint.pk,
        endpoint.name,
        engine,
        label(engine),
        is_gateway(engine, facts.product),
        any(shown) if shown and not misreported else None,
        tuple(map(stored.from_json, current.verdicts)) if current else (),
        int(current.judged_at.timestamp()) if current else 0,
    )


def _current(endpoint: Any) -> LoadVerdict | None:
    return next(iter(endpoint.current_verdicts), None)


def _snapshot(decision: Decision, case: Case, found: Evidence) -> dict[str, Any]:
    """All that it was judged by, so that it can be read after the hours of load are gone."""
    endpoints = [
        {
            "pk": each.pk,
            "name": each.name,
            "engine": label(engine_of(each)),
            "version": each.state.facts.get("version") or "",
            "since": current.since.isoformat() if current else "",
            "verdicts": current.verdicts if current else [],
        }
        for each, current in ((each, _current(each)) for each in decision.endpoints.all())
    ]
    return {
        "choice": decision.get_choice_display(),
        "evidence": asdict(found),
        "endpoints": endpoints,
        "thresholds": asdict(_limits(decision)),
        "began": case.now - case.window,
        "until": case.now,
    }


def _mail(decision: Decision, row: DecisionEvidence, before: DecisionEvidence | None) -> None:
    was = f" Before: {before.state}, since {day(before.since)}." if before else ""
    weighing = [found for found in row.findings if found["state"] == row.state]
    more = len(weighing) - MOST_IN_A_MAIL
    lines = [
        "\n".join(filter(None, (f"{found['name']}: {found['words']}", *found["missing"], found["advice"])))
        for found in weighing[:MOST_IN_A_MAIL]
    ]
    text = "\n\n".join([
        f"What its endpoints show of a decision of {decision.team}: {row.state}.{was}",
        f"{decision.title}\nDecided on {day(decision.decided_on)}: {decision.get_choice_display()}",
        *lines,
        *([f"The same of {more} more endpoints, which are on its page."] if more > 0 else []),
        *row.missing,
        "Its page has the figures as they are now, what speaks against them, and what to try next.",
        "What is heavier is mailed at once, what is lighter once nothing heavier was found for a day.",
    ])  # fmt: skip
    subject = f"{shorten(decision.title, 60, placeholder='…')}: {row.state}"
    path = f"{decision.get_absolute_url()}#evidence"
    key = f"decision-{decision.pk}-evidence-{row.pk}"
    outbox.write_note(decision.team, key, subject=subject, text=text, path=path, link_text="Open the decision")
