"""The watch over the watch: when it is blind, no endpoint counts as down for it.

While most of what was probed fails in the same moment, the prober checks itself (own_network.py). If the fault is
ours, a blind stretch begins: what was found since its beginning is taken back, and what comes is unknown.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet

from core import fence, signs_of_life

from .. import live
from ..alerts import outbox
from ..engines.errors import Cause
from ..incidents import lifecycle
from ..models import BlindStretch, EndpointState, Observation
from ..muting import marks
from ..verdict.monitor_blind import (
    RECENT,
    Glance,
    Suspicion,
    host_of,
    is_loopback,
    reached,
    suspect,
    suspicious,
    verdict,
)
from ..verdict.status import Status
from . import own_network

BLIND = "blind stretches"
"""The sweep, as core.fence knows it."""

CHECK_EVERY = 2.0
"""Seconds until we check ourselves again after nothing was found wrong with us."""

HOSTS_OF_A_TEAM, TEAMS_ASKED = 5, 20
"""How many are asked whether there is a way to them, when those of somebody fail."""

AT_ONCE = 100
"""Endpoints probed in one second after a blind stretch, so that its end is no stampede."""

_checking = threading.Lock()
_cleared_at = -CHECK_EVERY
log = logging.getLogger(__name__)


def check(now: float) -> None:
    """Called every second (`now` in unix seconds): checks ourselves when there is reason to, and records the result.

    The checks may take two seconds, so one thread at a time does it; the others go on with their work.
    """
    if not _checking.acquire(blocking=False):
        return
    try:
        stretch = BlindStretch.objects.filter(ended_at=None).first()
        if stretch is not None:
            _check_again(stretch)
        elif suspicion := doubt(now):
            _check_ourselves(suspicion)
    finally:
        _checking.release()


def _check_ourselves(suspicion: Suspicion) -> None:
    global _cleared_at
    if time.monotonic() - _cleared_at < CHECK_EVERY:
        return
    if reason := _why_blind(suspicion.hosts):
        begin(suspicion, reason)
    else:
        _cleared_at = time.monotonic()


def doubt(now: float) -> Suspicion | None:
    """Why we should check ourselves, if at all. Costs one small query while nothing fails."""
    moment = datetime.fromtimestamp(now - RECENT, UTC)
    failing = EndpointState.objects.filter(failures__gt=0, failing_since__gt=moment, probed_at__gt=moment).order_by()
    first = failing.aggregate(first=Min("failing_since"))["first"]
    return suspect(_glances(failing, first), now) if first else None


def _glances(failing: QuerySet[EndpointState], first: datetime) -> list[Glance]:
    rows = list(failing.values_list("pk", "endpoint__url", "probed_at", "failing_since"))
    ours = _suspicious([pk for pk, *_ in rows], first)
    answered = EndpointState.objects.filter(seen_at__gte=first, failures=0).order_by()
    good = answered.values_list("endpoint__url", "seen_at")
    return [
        *(
            Glance(host_of(url), at.timestamp(), since.timestamp(), pk in ours)
            for pk, url, at, since in rows
            if at and since
        ),
        *(Glance(host_of(url), at.timestamp()) for url, at in good if at),
    ]


def _suspicious(endpoint_ids: list[int], since: datetime) -> set[int]:
    """Those whose latest observation may be our own fault."""
    found = Observation.objects.filter(endpoint__in=endpoint_ids, at__gte=since).order_by("at")
    latest = {pk: (cause, step) for pk, cause, step in found.values_list("endpoint", "cause", "step")}
    return {pk for pk, finding in latest.items() if suspicious(*finding)}


def _why_blind(hosts: Iterable[str]) -> str | None:
    """The sentence that says why we are blind; None when we are not.

    Routes and names are those of hosts that teams chose. When another team's can be reached, nobody is blind: else the
    hosts of one team, which never had a route or whose name server keeps silent, would hold up everybody's alerts.
    """
    hosts = list(hosts)
    checks = own_network.check(hosts, settings.WITNESS, only_host=len(hosts) == 1 and _remote_hosts() == set(hosts))
    reason = verdict(checks)
    ours = verdict(replace(checks, routes=(0, 0), names=(0, 0)))
    return None if reason and not ours and _a_team_is_reached() else reason


def _a_team_is_reached() -> bool:
    """Whether there is a way to the hosts of a team, by those that answered before; some of each are asked."""
    by_team: dict[int, set[str]] = defaultdict(set)
    seen = EndpointState.objects.watched().filter(seen_at__isnull=False).order_by("-seen_at")
    for team, url in seen.values_list("endpoint__team", "endpoint__url"):
        host = host_of(url)
        if not is_loopback(host) and len(by_team[team]) < HOSTS_OF_A_TEAM:
            by_team[team].add(host)
    teams = [sorted(hosts) for hosts in by_team.values() if hosts][:TEAMS_ASKED]
    if not teams:
        return False
    with ThreadPoolExecutor(len(teams)) as threads:
        return any(reached(checks) for checks in threads.map(own_network.check, teams))


def _remote_hosts() -> set[str]:
    hosts = {host_of(url) for url in EndpointState.objects.watched().values_list("endpoint__url", flat=True)}
    return {host for host in hosts if not is_loopback(host)}


def begin(suspicion: Suspicion, reason: str) -> BlindStretch:
    """From now on, and in hindsight since the first of the failures, what probes find says nothing."""
    since = datetime.fromtimestamp(suspicion.since, UTC)
    with transaction.atomic():
        stretch = BlindStretch.objects.create(began_at=since, reason=reason[:300])
        taken_back = _take_back(since)
        voided = lifecycle.void(since, f"The monitor was blind. {reason}")
    log.warning("Blind: %s Taken back: %d endpoints, %d incidents.", reason, len(taken_back), voided)
    _say(reason)
    marks.refresh()
    live.publish(taken_back)
    return stretch


def _take_back(since: datetime) -> list[int]:
    """Makes unknown what was in doubt or down only since then; what was down before stays it."""
    failing = EndpointState.objects.filter(failures__gt=0, failing_since__gte=since)
    pks = sorted(_suspicious(list(failing.values_list("pk", flat=True)), since))
    blinded = Q(endpoint__in=pks, at__gte=since, cause__in=(Cause.NO_ROUTE, Cause.DNS_FAILED))
    timed_out = Q(endpoint__in=pks, at__gte=since, cause=Cause.TIMED_OUT, step="connect")
    Observation.objects.filter(blinded | timed_out, excluded="").update(excluded="blind")
    now, taken = datetime.now(UTC), []

    def take_back(state: EndpointState) -> None:
        state.recent >>= state.failures
        state.turns = [turn for turn in state.turns if turn[0] < int(since.timestamp())]
        state.status, state.cause, state.step, state.detail = Status.UNKNOWN, Cause.BLIND, "", ""
        state.failures = state.downs = state.successes = 0
        state.failing_since, state.since = None, since
        # A probe that is under way finds the row moved by this, and drops what it found.
        state.shown_at = state.regrouped_at = now
        with transaction.atomic():
            state.save(update_fields=_TAKEN_BACK)
        taken.append(state.pk)

    def item(state: EndpointState) -> fence.Item:
        # One that was put off in an earlier stretch is tried in this one.
        return fence.Item(f"{state.pk}-{since:%Y%m%d%H%M%S}", state.endpoint.name, state.endpoint.team_id)

    states = EndpointState.objects.filter(pk__in=pks).select_related("endpoint").defer("endpoint__api_key")
    fence.each(BLIND, states, take_back, item)
    return taken


_TAKEN_BACK = [
    *("status", "cause", "step", "detail", "since", "failures", "downs", "successes", "failing_since"),
    *("recent", "turns", "shown_at", "regrouped_at"),
]


def _check_again(stretch: BlindStretch) -> None:
    """Ends the stretch once our checks pass, or once anything on another machine answers."""
    hosts = sorted(_remote_hosts())
    if not hosts or _seen_since(stretch.began_at):
        end(stretch)
        return
    reason = _why_blind(hosts)
    if reason is None:
        end(stretch)
    else:
        _say(reason)


def _seen_since(began: datetime) -> bool:
    seen = EndpointState.objects.filter(seen_at__gt=began).order_by().values_list("endpoint__url", flat=True)
    return any(not is_loopback(host_of(url)) for url in seen)


def end(stretch: BlindStretch) -> None:
    """The monitor sees again: everything is probed now, and the administrators are notified."""
    stretch.ended_at = datetime.now(UTC)
    with transaction.atomic():
        if not BlindStretch.objects.filter(pk=stretch.pk, ended_at=None).update(ended_at=stretch.ended_at):
            return  # another dispatcher was first
        found = Observation.objects.filter(at__gte=stretch.began_at, excluded="blind")
        affected = found.order_by().aggregate(many=Count("endpoint", distinct=True))["many"]
        blinded = EndpointState.objects.watched().filter(cause=Cause.BLIND).order_by("due_at")
        pks = list(blinded.values_list("pk", flat=True))
        for second, start in enumerate(range(0, len(pks), AT_ONCE)):
            due = int(stretch.ended_at.timestamp()) + second
            blinded.filter(pk__in=pks[start : start + AT_ONCE], due_at__gt=due).update(due_at=due)
        # One mail an hour: a network that comes and goes is no reason for a mail each time.
        outbox.write_monitor_note(f"blind-{stretch.ended_at:%Y-%m-%d-%H}", *_note(stretch, affected))
    log.warning("Not blind any more: %s", stretch.reason)
    _say("")
    marks.refresh()


def _note(stretch: BlindStretch, affected: int) -> tuple[str, str]:
    """Subject and text of the monitor's own alarm."""
    began, ended = stretch.began_at, stretch.ended_at or datetime.now(UTC)
    minutes, seconds = divmod(round((ended - began).total_seconds()), 60)
    lasted = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    endpoints = "1 endpoint" if affected == 1 else f"{affected} endpoints"
    text = (
        f"Plimsoll could not probe the fleet from {began:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S} UTC ({lasted}).\n\n"
        f"{stretch.reason}\n\n"
        f"{endpoints} could not be probed. No alert was sent for them, and the time does not count for "
        "their availability. Check the network, the name servers and the load of the machine that Plimsoll runs on.\n\n"
        "If it happens again within the hour, no further mail is sent."
    )
    return f"Plimsoll was blind for {lasted}", text


def _say(trouble: str) -> None:
    """For the health page and the banner. Said again while it lasts: the broker forgets it after an hour."""
    try:
        signs_of_life.set_trouble("watch", trouble)
    except redis.RedisError as error:
        log.warning("The state of the watch could not be stored in the broker: %s", error)
