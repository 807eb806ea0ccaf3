"""The outbox: alerts are written in the transaction of their incident, and worded from the facts frozen there.

Notes are alerts without an incident: what they say is ready when they are written.
"""

import logging
from datetime import UTC, datetime
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from kombu.exceptions import OperationalError

from teams.models import Team

from . import causes
from .engines.registry import label
from .models import Alert, Endpoint, Incident

log = logging.getLogger(__name__)


def write(endpoint: Endpoint, incident: Incident, kind: Alert.Kind) -> None:
    """Writes one alert per recipient of the endpoint's team. A second one of the same kind is not written.

    Without a mail server it is written all the same, so that the alerts page shows what would have been sent.
    A recovery goes only to those who were told of the trouble.
    """
    recipients = endpoint.team.mail_to
    if kind is Alert.Kind.RECOVERED:
        recipients = list(incident.alerts.values_list("recipient", flat=True).distinct())
    _store(recipients, incident=incident, kind=kind, facts=_facts(endpoint, incident))


def write_note(team: Team, key: str, *, subject: str, text: str, path: str, link_text: str) -> None:
    """Writes one note per recipient of the team. One with the same key is not written to the same recipient again.

    `text` is plain, its paragraphs apart by empty lines; `path` is the page on this site that the link leads to.
    """
    facts = {"subject": subject, "text": text, "path": path, "link_text": link_text, "name": subject}
    facts |= {"team": team.name, "team_slug": team.slug}
    _store(team.mail_to, kind=Alert.Kind.REVIEW, key=key, facts=facts)


def _store(recipients: list[str], **values: Any) -> None:
    """One alert per recipient into the outbox; the delivery worker is told once they are committed."""
    now = datetime.now(UTC)
    state = Alert.State.WAITING if settings.EMAIL_CONFIGURED else Alert.State.NO_SERVER
    Alert.objects.bulk_create(
        [
            Alert(
                recipient=recipient,
                created_at=now,
                state=state,
                next_try_at=now if state is Alert.State.WAITING else None,
                **values,
            )
            for recipient in dict.fromkeys(recipients)
        ],
        ignore_conflicts=True,
    )
    if settings.EMAIL_CONFIGURED:
        transaction.on_commit(_call_delivery, robust=True)


def _call_delivery() -> None:
    """Wakes the delivery worker. If the broker is away, its sweep finds the alerts a few seconds later."""
    try:
        current_app.send_task("fleet.tasks.deliver", expires=60)
    except OperationalError as error:
        log.warning("the broker could not be told of new alerts: %s", error)


def _facts(endpoint: Endpoint, incident: Incident) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "team": endpoint.team.name,
        "team_slug": endpoint.team.slug,
        "url": endpoint.url,
        "path": incident.get_absolute_url(),
        "endpoint_path": endpoint.get_absolute_url(),
        "cause": incident.cause,
        "step": incident.step,
        "detail": incident.detail,
        "began_at": incident.began_at.isoformat(),
        "opened_at": incident.opened_at.isoformat(),
        "resolved_at": incident.resolved_at.isoformat() if incident.resolved_at else None,
        "last_seen": incident.last_seen,
    }


def subject(alert: Alert) -> str:
    """The mail's subject: "DOWN  gpu-1 (search)". Line breaks in names can't reach a header."""
    if alert.kind == Alert.Kind.REVIEW:
        return f"REVIEW  {' '.join(alert.facts['subject'].split())} ({alert.facts['team_slug']})"
    word = "UP" if alert.kind == Alert.Kind.RECOVERED else alert.kind.upper()
    return f"{word}  {' '.join(alert.facts['name'].split())} ({alert.facts['team_slug']})"


def render_text(alert: Alert) -> str:
    """The mail's plain text."""
    return render_to_string(f"email/{_template(alert)}.txt", _context(alert))


def render_html(alert: Alert) -> str:
    """The mail's HTML, saying the same."""
    return render_to_string(f"email/{_template(alert)}.html", _context(alert))


def _template(alert: Alert) -> str:
    return "note" if alert.kind == Alert.Kind.REVIEW else "alert"


def _context(alert: Alert) -> dict[str, Any]:
    facts = alert.facts
    link = settings.SITE_URL.rstrip("/") + facts["path"]
    if alert.kind == Alert.Kind.REVIEW:
        return {"facts": facts, "link": link}
    began = datetime.fromisoformat(facts["began_at"])
    resolved = datetime.fromisoformat(facts["resolved_at"]) if facts["resolved_at"] else None
    seen = facts["last_seen"]
    return {
        "alert": alert,
        "facts": facts,
        "recovered": alert.kind == Alert.Kind.RECOVERED,
        "what": causes.sentence(facts["cause"]),
        "advice": causes.advice(facts["cause"]),
        "began_at": began,
        "resolved_at": resolved,
        "lasted": resolved - began if resolved else None,
        "seen_at": datetime.fromisoformat(seen["at"]) if seen.get("at") else None,
        "engine": label(seen["engine"]) if seen.get("engine") else "",
        "link": link,
    }
