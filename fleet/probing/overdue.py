"""Endpoints that were not probed in time are unknown, never "up"; and that is trouble of the watch itself.

The sweep runs in the dispatcher, and by a clock of its own in each worker, so that it is seen whatever stops.
"""

import logging
import math
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import redis
from django.db.models import BigIntegerField, Count, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from core import prepared, signs_of_life
from core.database import writing
from core.models import PutOff

from .. import live
from ..engines.errors import Cause
from ..models import EndpointState
from ..verdict.schedule import SLOW_AFTER
from ..verdict.status import TROUBLE, Status
from . import claims, put_off, shares

INTERVALS = 3
"""An endpoint whose oldest due probe is older than so many of its intervals is unknown."""

SHORTEST = 5
"""Seconds of the shortest interval."""

SIGN = "probing"
"""Under this name the trouble is left in the broker."""

log = logging.getLogger(__name__)
_last_said = ""


def sweep(now: float) -> int:
    """Marks what was not probed in time at `now` (unix seconds); returns how many endpoints are newly marked.

    Trouble that is known stands, and with it its incident.
    """
    if not _last_said and not any(_may_be_late(least=_least(now))):
        return 0
    if late := _late(now):
        pks = [pk for found in late.values() for pk in found]
        with writing():
            list(EndpointState.objects.watched().filter(pk__in=pks).locked().values_list("pk"))
            marked = sum(_mark(since, found) for since, found in late.items())
        live.publish(pks)
    _say(trouble())
    return marked if late else 0


def first_due() -> Coalesce:
    """An expression for when the oldest probe of an endpoint was, or is, due that is not recorded (unix seconds)."""
    return Coalesce("waiting_since", "due_at")


def trouble() -> str:
    """A sentence about what was not probed in time; "" when all was.

    Not among them is what is no trouble of the watch: endpoints that were put off, those that hang, and those of a team
    that needs more than its share of the probe threads.
    """
    sweeps = (put_off.SWEEP, claims.CLAIMS)
    waiting = PutOff.objects.filter(sweep__in=sweeps).values_list("key", flat=True)
    over_share = {team for team, _ in shares.stretches()}
    late = EndpointState.objects.watched().filter(not_probed_since__isnull=False, probe_seconds__lte=SLOW_AFTER)
    late = late.exclude(pk__in=[int(key) for key in waiting]).exclude(endpoint__team__in=over_share)
    found = late.aggregate(many=Count("pk"), first=Min("not_probed_since"))
    if not found["many"]:
        return ""
    have = "1 endpoint has" if found["many"] == 1 else f"{found['many']} endpoints have"
    return f"{have} not been probed in time, the oldest {since_in_words(found['first'])}."


def since_in_words(moment: int) -> str:
    """ "since 12:03 UTC", with the date when that was another day; `moment` in unix seconds."""
    at = datetime.fromtimestamp(moment, UTC)
    return f"since {at:%H:%M} UTC" if at.date() == datetime.now(UTC).date() else f"since {at:%Y-%m-%d %H:%M} UTC"


def _late(now: float) -> dict[int, list[int]]:
    """When the oldest probe was due -> the endpoints.

    A team whose endpoints need more than its share of the probe threads waits for longer: that is its own doing.
    """
    rows = _older_than(_least(now)).filter(not_probed_since=None).annotate(first=first_due())
    found: dict[int, list[int]] = defaultdict(list)
    stretches = shares.stretches()
    columns = ("pk", "first", "stretch", "endpoint__interval", "endpoint__team_id")
    for pk, first, stretch, interval, team in rows.values_list(*columns):
        if now - first > INTERVALS * interval * max(stretch, shares.of_team(stretches, team)):
            found[first].append(pk)
    return found


def _least(now: float) -> int:
    return math.ceil(now - INTERVALS * SHORTEST)


def _older_than(least: Any) -> QuerySet[EndpointState]:
    """Those whose oldest probe was due before then, so that it may be late."""
    maybe = Q(waiting_since__lt=least) | Q(waiting_since=None, due_at__lt=least)
    return EndpointState.objects.watched().filter(maybe)


_may_be_late = prepared.exist(
    lambda: [
        _older_than(prepared.Parameter("least", BigIntegerField())),
        EndpointState.objects.watched().filter(not_probed_since__isnull=False),
    ]
)


def _mark(since: int, endpoint_ids: list[int]) -> int:
    """Marks those of these endpoints that were not probed meanwhile; returns how many."""
    now = datetime.now(UTC)
    still_late = EndpointState.objects.watched().annotate(first=first_due()).filter(pk__in=endpoint_ids, first=since)
    rows = EndpointState.objects.filter(pk__in=list(still_late.values_list("pk", flat=True)))
    rows.exclude(status__in=TROUBLE).update(
        status=Status.UNKNOWN,
        cause=Cause.NOT_PROBED,
        step="",
        detail=since_in_words(since),
        since=datetime.fromtimestamp(since, UTC),
    )
    return rows.update(not_probed_since=since, shown_at=now, regrouped_at=now)


def _say(sentence: str) -> None:
    """For the health page and the banner. Said again while it lasts: the broker forgets it after an hour."""
    global _last_said
    if not sentence and not _last_said:
        return
    if sentence and not _last_said:
        log.warning("%s", sentence)
    try:
        signs_of_life.set_trouble(SIGN, sentence)
    except redis.RedisError as error:
        log.warning("What was not probed in time could not be stored in the broker: %s", error)
    else:
        _last_said = sentence
