"""The board's headline: a sentence a person can act on, made from the data."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Case, IntegerField, Max, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from core.health import glance

from ..access import visible
from ..models import Alert, EndpointState, Incident
from ..verdict import causes
from ..verdict.status import TROUBLE, Status
from .marks import CALMING

_WORSE_FIRST = Case(
    When(status=Status.DOWN, then=Value(0)),
    When(status=Status.DEGRADED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)
KNOWN = Q(marks__has_any_keys=[*CALMING])
"""Trouble of which people know."""

_NEW_FIRST = Case(When(KNOWN, then=Value(1)), default=Value(0), output_field=IntegerField())
_IN_WORDS = {Status.LOADING: "loading", Status.ASLEEP: "asleep", Status.UNKNOWN: "not known"}


@dataclass(frozen=True, slots=True)
class Lead:
    """The most urgent trouble, and what was done about it."""

    endpoint_id: int
    name: str
    team: str
    status: str
    since: datetime | None
    cause: str
    incident_id: int | None = None
    mail: str = ""  # "", "sent", "waiting", "no_server", "given_up"; "silenced", "maintenance"
    mailed_at: datetime | None = None
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """One sentence, and the trouble behind it if there is any."""

    text: str
    lead: Lead | None = None
    last_probe: datetime | None = None  # set where all is well


def headline(user: User, counts: dict[str, int]) -> Headline:
    """The headline for who sees so many endpoints of each status."""
    troubled = any(counts.get(status) for status in (Status.DOWN, Status.DEGRADED, Status.BUSY))
    seen = visible(user, EndpointState.objects.all(), "endpoint__team")
    lead = _lead(seen) if troubled else None
    last_probe = None if lead else seen.aggregate(last=Max("probed_at"))["last"]
    known = seen.filter(KNOWN, status__in=TROUBLE).count() if troubled else 0
    text = sentence(counts, lead.name if lead else "", known)
    return Headline(f"{text}, when last seen" if glance.old_picture() else text, lead, last_probe)


def sentence(counts: dict[str, int], worst: str = "", known: int = 0) -> str:
    """The headline's words; `worst` names the most urgent endpoint, `known` is how many people know of already."""
    total = sum(counts.values())
    if not total:
        return "Nothing is watched yet"
    down, degraded, busy = (counts.get(status, 0) for status in (Status.DOWN, Status.DEGRADED, Status.BUSY))
    wait = f"{busy} {_are(busy)} busy" if busy else ""
    if down + degraded > 1:
        return ", ".join(part for part in (_need_you(down + degraded, known), wait) if part)
    if down + degraded:
        return ", ".join(part for part in (f"{worst} is {'down' if down else 'degraded'}", wait) if part)
    if busy:
        return f"{worst} is busy, nothing is broken" if busy == 1 else f"{busy} are busy, nothing is broken"
    up = counts.get(Status.UP, 0)
    if up == total:
        return f"All {total} are up" if total > 1 else "It is up"
    others = (f"{counts[s]} {_are(counts[s])} {words}" for s, words in _IN_WORDS.items() if counts.get(s))
    return ", ".join([f"{up} {_are(up)} up" if up else "None is up", *others])


def _need_you(troubled: int, known: int) -> str:
    if not known:
        return f"{troubled} need you"
    left = troubled - known
    if not left:
        return f"{troubled} are in trouble, all known"
    return f"{left} {'needs' if left == 1 else 'need'} you, {known} {_are(known)} known"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _lead(seen: QuerySet[EndpointState]) -> Lead | None:
    named = ("endpoint_id", "endpoint__name", "endpoint__team__name")
    troubled = seen.filter(status__in=(Status.DOWN, Status.DEGRADED, Status.BUSY))
    worst = (
        troubled.order_by(_NEW_FIRST, _WORSE_FIRST, "since", "pk")
        .values_list(*named, "status", "since", "cause", "detail", "marks")
        .first()
    )
    if worst is None:
        return None
    endpoint_id, name, team, status, since, cause, detail, marked = worst
    words = causes.brief(cause, detail)
    # What another incident caused is mailed with that one.
    still_open = Incident.objects.open().filter(endpoint_id=endpoint_id)
    incident = still_open.values_list(Coalesce("parent", "pk"), flat=True).first()
    if incident is None:
        return Lead(endpoint_id, name, team, status, since, words)
    alerts = Alert.objects.filter(incident_id=incident, dropped="").order_by("-created_at", "-pk")
    mail, mailed_at = alerts.values_list("message__state", "message__sent_at").first() or ("", None)
    mail = "waiting" if mail is None else mail  # not gathered into a message yet
    marked = marked if isinstance(marked, dict) else {}
    mail = mail or next((mark for mark in ("silenced", "maintenance") if mark in marked), "")
    taken = marked.get("acknowledged")
    by = taken.get("by", "") if isinstance(taken, dict) else ""
    return Lead(endpoint_id, name, team, status, since, words, incident, mail, mailed_at, by)
