"""What people do about an incident: acknowledge it, release it, note something. The one way for pages and links."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from core import dates
from core.one_line import lines
from teams import audit

from ..models import Incident
from ..muting import marks

NOTE_MAX = 500
"""Characters of a note."""

RESOLVED = "It is resolved already: there is nothing left to acknowledge."


def acknowledge(incident: Incident, by: str, text: str = "", until: datetime | None = None) -> None:
    """Says that `by` (a user name or an email address) is on it, until then or until it is resolved.

    No more reminders go out meanwhile. Raises ValidationError with a sentence for what can't be.
    """
    if not acknowledge_all([incident], by, text, until):
        raise ValidationError(RESOLVED)


def acknowledge_all(
    incidents: Iterable[Incident],
    by: str,
    text: str = "",
    until: datetime | None = None,
    trail: dict[str, Any] | None = None,
) -> int:
    """Acknowledges those of the incidents that are open, and returns how many they were.

    `trail` is what else goes to the audit trail, where nobody is signed in.
    """
    text = lines(text, NOTE_MAX)
    now = datetime.now(UTC)
    if until is not None and until <= now:
        raise ValidationError({"own": "That time is over already. Choose a later one."})
    if until is not None and (trouble := dates.trouble_with(until)):
        raise ValidationError({"own": trouble})
    taken = {"acknowledged_by": by, "acknowledged_at": now, "acknowledged_until": until, "acknowledged_note": text}
    lasts = f"until {dates.stamp(until)}" if until else "until it is resolved"
    with transaction.atomic():
        still_open = [incident for incident in incidents if _change_open(incident, **taken)]
        for incident in still_open:
            incident.note(now, f"Acknowledged {lasts}. {text}".strip(), by)
            ends = {"until": dates.minute(until)} if until else {}
            _record("incident.acknowledged", incident, ends | (trail or {}))
        marks.refresh_once_committed(incident.endpoint_id for incident in still_open)
    return len(still_open)


def unacknowledge(incident: Incident, by: str, trail: dict[str, Any] | None = None) -> None:
    """Reminders go out again. `trail` as for acknowledge_all. Raises ValidationError for what is resolved already."""
    with transaction.atomic():
        gone = {"acknowledged_at": None, "acknowledged_until": None, "acknowledged_note": "", "acknowledged_by": ""}
        if not _change_open(incident, **gone):
            raise ValidationError(RESOLVED)
        incident.note(datetime.now(UTC), "No longer acknowledged.", by)
        _record("incident.unacknowledged", incident, trail)
        marks.refresh_once_committed([incident.endpoint_id])


def add_note(incident: Incident, by: str, text: str) -> None:
    """Adds a line of a person's to the timeline, of a resolved incident too."""
    text = lines(text, NOTE_MAX)
    if not text:
        raise ValidationError("Write what you found or did.")
    with transaction.atomic():
        incident.note(datetime.now(UTC), text, by)
        _record("incident.noted", incident)


def _change_open(incident: Incident, **columns: object) -> int:
    """Changes the incident if it is still open at this moment."""
    return Incident.objects.open().filter(pk=incident.pk).update(**columns)


def _record(action: str, incident: Incident, detail: dict[str, Any] | None = None) -> None:
    """What was written in a note stays in the incident's timeline, where it can be removed with it."""
    endpoint = incident.endpoint
    audit.record(action, team=endpoint.team, what=incident, name=f"{endpoint} ({incident.pk})", detail=detail)
