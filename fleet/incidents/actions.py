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
from ..models.incident import note_each
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
) -> list[Incident]:
    """Acknowledges those of the incidents that are open, and returns them; in as many statements for many as for one.

    `trail` is what else goes to the audit trail, where nobody is signed in.
    """
    text = lines(text, NOTE_MAX)
    now = datetime.now(UTC)
    if until is not None and until <= now:
        raise ValidationError({"ends_at": "That time is over already. Choose a later one."})
    if until is not None and (trouble := dates.trouble_with(until)):
        raise ValidationError({"ends_at": trouble})
    taken = {"acknowledged_by": by, "acknowledged_at": now, "acknowledged_until": until, "acknowledged_note": text}
    lasts = f"until {dates.stamp(until)}" if until else "until it is resolved"
    ends = {"until": dates.minute(until)} if until else {}
    said = f"Acknowledged {lasts}. {text}".strip()
    return _change_open(incidents, taken, said, by, "incident.acknowledged", ends | (trail or {}))


def unacknowledge(incident: Incident, by: str) -> None:
    """Reminders go out again. Raises ValidationError for what is resolved already."""
    if not unacknowledge_all([incident], by):
        raise ValidationError(RESOLVED)


def unacknowledge_all(incidents: Iterable[Incident], by: str, trail: dict[str, Any] | None = None) -> list[Incident]:
    """As `unacknowledge`, for those of the incidents that are open; returns them. `trail` as for acknowledge_all."""
    gone = {"acknowledged_at": None, "acknowledged_until": None, "acknowledged_note": "", "acknowledged_by": ""}
    return _change_open(incidents, gone, "No longer acknowledged.", by, "incident.unacknowledged", trail)


def add_note(incident: Incident, by: str, text: str) -> None:
    """Adds a line of a person's to the timeline, of a resolved incident too."""
    text = lines(text, NOTE_MAX)
    if not text:
        raise ValidationError("Write what you found or did.")
    with transaction.atomic():
        incident.note(datetime.now(UTC), text, by)
        _record("incident.noted", [incident])


def _change_open(
    incidents: Iterable[Incident],
    columns: dict[str, Any],
    said: str,
    by: str,
    action: str,
    detail: dict[str, Any] | None,
) -> list[Incident]:
    """Changes those that are still open at this moment, with a line in each timeline, and returns them."""
    rows = Incident.objects.open().filter(pk__in=[each.pk for each in incidents]).order_by("pk")
    with transaction.atomic():
        found = list(rows.select_for_update(of=("self",)).select_related("endpoint__team"))
        Incident.objects.filter(pk__in=[each.pk for each in found]).update(**columns)
        note_each({each.pk: said for each in found}, datetime.now(UTC), by)
        _record(action, found, detail)
        marks.refresh_once_committed(each.endpoint_id for each in found)
    return found


def _record(action: str, incidents: Iterable[Incident], detail: dict[str, Any] | None = None) -> None:
    """What was written in a note stays in the incident's timeline, where it can be removed with it."""
    named = ((each, f"{each.endpoint} ({each.pk})") for each in incidents)
    audit.record_each(action, (audit.About(each.endpoint.team, each, detail, name) for each, name in named))
