"""The board's headline: a sentence a person can act on, made from the data."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Case, Count, Max, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from core.health import glance

from ..access import Reader
from ..models import Alert, EndpointState, Incident
from ..verdict import causes
from ..verdict.status import TROUBLE, Status
from .order import KNOWN, TROUBLED, by_urgency

_IN_WORDS = {Status.LOADING: "loading", Status.ASLEEP: "asleep", Status.UNKNOWN: "not known", Status.PAUSED: "paused"}


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
    mail: str = ""  # "", "sent", "waiting", "no_server", "given_up", "nobody"; "silenced", "maintenance"
    why_nobody: str = ""  # of mail "nobody"
    mailed_at: datetime | None = None
    teams_mailed: int = 1  # about this or other trouble of the same page
    acknowledged_by: str = ""
    flapping: bool = False

    @property
    def mailed_before(self) -> bool:
        """Whether the last mail is about an outage before this one."""
        return bool(self.mailed_at and self.since and self.mailed_at < self.since)


@dataclass(frozen=True, slots=True)
class Trouble:
    """How many endpoints of these are in trouble."""

    down: int = 0
    degraded: int = 0
    acknowledged: int = 0  # of these
    muted: int = 0  # of these: silenced, in maintenance or not probed, and not acknowledged

    @property
    def failing(self) -> int:
        return self.down + self.degraded

    @property
    def known_in_words(self) -> list[str]:
        """What is known of these, so that it does not read as further ones: "both acknowledged", "1 of them muted"."""
        found = []
        for count, words in ((self.acknowledged, "acknowledged"), (self.muted, "muted")):
            if count == self.failing:
                whole = {1: "", 2: "both "}.get(count, "all ")
                found.append(f"{whole}{words}")
            elif count:
                found.append(f"{count} of them {words}")
        return found if self.failing else []

    def __str__(self) -> str:
        """As "2 down, 1 degraded"."""
        parts = (f"{self.down} down" if self.down else "", f"{self.degraded} degraded" if self.degraded else "")
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Headline:
    """One sentence, and the trouble behind it."""

    text: str
    lead: Lead | None = None
    last_probe: datetime | None = None  # set where there is no lead
    trouble: str = ""  # "2 down", or "3 down elsewhere" where none of the own fails; empty while nothing fails

    @property
    def title(self) -> str:
        """Of the page: "(2 down) Fleet"."""
        return f"({self.trouble}) Fleet" if self.trouble else "Fleet"


def headline(reader: Reader, states: QuerySet[EndpointState], counts: dict[str, int], filtered: bool) -> Headline:
    """The headline for these states, of which there are so many of each status."""
    trouble = Trouble(counts.get(Status.DOWN, 0), counts.get(Status.DEGRADED, 0))
    actionable = Q() if reader.may_act is None else Q(endpoint__team__in=reader.may_act)
    own, others = _trouble(states, actionable) if trouble.failing else (trouble, trouble)
    any_lead = trouble.failing or counts.get(Status.BUSY)
    lead = _lead(states.filter(actionable).order_by(*by_urgency(reader))) if any_lead else None
    if lead and lead.mail == "sent" and own.failing > 1:
        lead = replace(lead, teams_mailed=_teams_mailed(states.filter(actionable, status__in=TROUBLE)))
    last_probe = None if lead else states.aggregate(last=Max("probed_at"))["last"]
    about = (lead.name, lead.flapping) if lead else ("", False)
    text = sentence(counts, own, others, *about, filtered=filtered)
    shown = str(own) or (f"{others} elsewhere" if others.failing else "")
    return Headline(f"{text}, when last seen" if glance.old_picture() else text, lead, last_probe, shown)


def sentence(
    counts: dict[str, int],
    own: Trouble,
    others: Trouble,
    lead: str = "",
    flapping: bool = False,
    filtered: bool = False,
) -> str:
    """The headline's words.

    `own` is the trouble that the reader may act on, `lead` the most urgent endpoint of it, `others` is that of teams
    where others act. `flapping`: the lead comes and goes. `filtered`: the counts are of a part of the fleet.
    """
    total, up, busy = sum(counts.values()), counts.get(Status.UP, 0), counts.get(Status.BUSY, 0)
    if not total:
        return "No endpoint fits these filters" if filtered else "No endpoints yet"
    if own.failing or others.failing:
        one = own.failing == 1
        parts = [f"{lead} is {'down' if own.down else 'degraded'}" if one and lead else str(own)]
        parts += ["flapping"] if one and flapping else []
        parts += own.known_in_words
        elsewhere = [f"{others} in other teams" if others.failing else "", f"{busy} busy" if busy else ""]
        # A semicolon where figures of other endpoints follow on those of the same ones.
        between = "; " if own.failing and others.failing else ", "
        return between.join(filter(None, (", ".join(filter(None, parts)), *elsewhere)))
    if busy:
        return f"{busy} busy, none down"
    if up == total:
        return "1 endpoint up" if total == 1 else f"All {total:,} endpoints up"
    rest = (f"{counts[status]:,} {words}" for status, words in _IN_WORDS.items() if counts.get(status))
    return ", ".join([f"{up:,} up" if up else "None up", *rest])


def _trouble(states: QuerySet[EndpointState], actionable: Q) -> tuple[Trouble, Trouble]:
    """What fails where the reader may act, and elsewhere."""
    acknowledged = When(marks__has_key="acknowledged", then=Value("acknowledged"))
    known = Case(acknowledged, When(KNOWN, then=Value("muted")), default=Value(""))
    own = Case(When(actionable, then=Value(1)), default=Value(0)) if actionable else Value(1)
    found = states.filter(status__in=TROUBLE).order_by().values_list("status", own, known).annotate(Count("pk"))
    tally: tuple[dict[str, int], dict[str, int]] = ({}, {})
    for status, is_own, kind, count in found:
        for name in filter(None, (status, kind)):
            tally[is_own][name] = tally[is_own].get(name, 0) + count
    return Trouble(**tally[1]), Trouble(**tally[0])


def _teams_mailed(states: QuerySet[EndpointState]) -> int:
    """To how many teams a mail about what is open of these endpoints went out."""
    mailed = Alert.objects.filter(dropped="", message__state="sent", incident__resolved_at=None)
    of_these = mailed.filter(incident__endpoint__in=states.order_by().values("pk"))
    return of_these.aggregate(teams=Count("incident__endpoint__team", distinct=True))["teams"]


def _lead(states: QuerySet[EndpointState]) -> Lead | None:
    named = ("endpoint_id", "endpoint__name", "endpoint__team__name")
    worst = states.filter(TROUBLED).values_list(*named, "status", "since", "cause", "detail", "marks").first()
    if worst is None:
        return None
    endpoint_id, name, team, status, since, cause, detail, marked = worst
    # What another incident caused is mailed with that one.
    still_open = Incident.objects.open().filter(endpoint_id=endpoint_id)
    incident = still_open.values_list(Coalesce("parent", "pk"), flat=True).first()
    marked = marked if isinstance(marked, dict) else {}
    lead = Lead(endpoint_id, name, team, status, since, causes.brief(cause, detail), flapping="flapping" in marked)
    if incident is None:
        return lead
    alerts = Alert.objects.filter(Q(dropped="") | Q(recipient=""), incident_id=incident)
    latest = alerts.order_by("dropped", "-created_at", "-pk")  # where any alert reaches somebody, it is that
    mail, mailed_at, why = latest.values_list("message__state", "message__sent_at", "dropped").first() or ("", None, "")
    mail = "nobody" if why else "waiting" if mail is None else mail  # None: not gathered into a message yet
    mail = mail or next((mark for mark in ("silenced", "maintenance") if mark in marked), "")
    taken = marked.get("acknowledged")
    by = taken.get("by", "") if isinstance(taken, dict) else ""
    return replace(lead, incident_id=incident, mail=mail, why_nobody=why, mailed_at=mailed_at, acknowledged_by=by)
