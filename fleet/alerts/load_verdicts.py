"""Load verdicts as messages: they are no outage, so they stand in the daily digest, or come as a note at once."""

from datetime import UTC, datetime

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse

from teams.models import Team

from ..evidence.verdict import FIRM
from ..models import LoadVerdict, TeamLoad
from . import outbox

HOLDS = "It stands until nothing as heavy was found for a day."


def with_before(rows: QuerySet[LoadVerdict]) -> QuerySet[LoadVerdict]:
    """Those that took the place of one of another state or limit: `was`, `was_limit`. What came first is left out."""
    before = LoadVerdict.objects.filter(endpoint=OuterRef("endpoint"), until=OuterRef("since")).order_by("-pk")
    rows = rows.annotate(was=Subquery(before.values("state")[:1]), was_limit=Subquery(before.values("limit")[:1]))
    return rows.exclude(was=None).exclude(was=F("state"), was_limit=F("limit"))


def changed(team: Team, since: datetime, until: datetime) -> list[LoadVerdict]:
    """The team's verdicts that became firm, or ended a firm one, in this time, oldest first.

    Without those that were sent at once.
    """
    rows = with_before(LoadVerdict.objects.filter(endpoint__team=team, since__gt=since, since__lte=until))
    found = rows.select_related("endpoint").defer("verdicts").order_by("since")
    sent = FIRM if _at_once(team) else frozenset()
    return [each for each in found if FIRM & {each.state, each.was} and each.state not in sent]  # type: ignore[attr-defined]


def sentence(verdict: LoadVerdict) -> str:
    """One line of a digest, about a verdict of `changed`."""
    was = _words(verdict.was, verdict.was_limit)  # type: ignore[attr-defined]
    now, at = _words(verdict.state, verdict.limit), verdict.since.astimezone(UTC)
    return f"- {verdict.endpoint}: {was} became {now}, confidence {verdict.confidence} ({at:%d %b %H:%M} UTC)."


def write_if_wanted(verdict: LoadVerdict, was: LoadVerdict | None, advice: str) -> None:
    """Writes a note to the team about a verdict that is firm now, where it wants that at once."""
    endpoint = verdict.endpoint
    same = was is not None and (was.state, was.limit) == (verdict.state, verdict.limit)
    if verdict.state not in FIRM or same or not _at_once(endpoint.team):
        return
    words = _words(verdict.state, verdict.limit)
    before = f" It was {_words(was.state, was.limit)} before." if was else ""
    model = f" (judged by its model {verdict.model})" if verdict.model else ""
    text = f"The load of {endpoint} is judged as {words}{model}, confidence {verdict.confidence}.{before}"
    outbox.write_note(
        endpoint.team,
        f"load-{verdict.pk}",
        subject=f"{endpoint}: {words}",
        text="\n\n".join(filter(None, [text, f"What to try next: {advice}" if advice else "", HOLDS])),
        path=reverse("endpoint-load", args=[endpoint.pk]),
        link_text="See what it rests on",
    )


def _at_once(team: Team) -> bool:
    return TeamLoad.objects.filter(team=team, at_once=True).exists()


def _words(state: str, limit: str) -> str:
    return f"{state} ({limit})" if limit else state
