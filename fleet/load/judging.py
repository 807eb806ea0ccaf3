"""The load verdict on each endpoint, renewed once an hour; a change of it is kept for good."""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db.models import F, Q

from core import fence
from core.database import writing

from ..alerts import load_verdicts
from ..engines.http.address import host_and_port
from ..engines.reading import BEHIND
from ..engines.registry import GATEWAYS
from ..evidence import line
from ..evidence.damping import Judgement, held
from ..evidence.judge import Case, confirmed, latest
from ..evidence.verdict import FIRM, Verdict
from ..evidence.window import DAY, Row
from ..models import Endpoint, EndpointLoad, LoadVerdict
from . import hours, settings, stored

JUDGING = "load verdicts"
"""The sweep, as core.fence knows it."""

EVERY = 3600
"""Seconds between two judgements of one endpoint."""

CANARIES_OFF = (
    "Ollama shows no queue, so waits are measured by canaries, which are off here. Switch on “measure waits” in the "
    "endpoint's load settings."
)


def judge_due(now: float | None = None) -> None:
    """Judges those whose turn it is, a sixtieth of the fleet each minute; `now` in unix seconds."""
    now = time.time() if now is None else now
    endpoints = Endpoint.objects.filter(paused=False).annotate(turn=F("pk") % 60)
    due = endpoints.filter(turn=int(now) // 60 % 60).select_related("team", "state").order_by("pk")
    judge_these(due, int(now))


def judge_these(endpoints: Iterable[Endpoint], now: int) -> None:
    """Judges these endpoints (with team and state) and stores what came out; one that raises costs itself alone."""
    chosen = {each.pk: each for each in endpoints}
    for ids in hours.portions(chosen):
        some = [chosen[pk] for pk in ids]
        read = Read(some, now)
        fence.each(JUDGING, some, partial(_renew, read), lambda each: fence.Item(str(each.pk), each.name, each.team_id))


def _renew(read: "Read", endpoint: Endpoint) -> None:
    case, current = read.case(endpoint), read.current.get(endpoint.pk)
    verdicts, callers = latest(case), current.line if current else None
    # A load line costs as much as three verdicts and moves slowly: once a day, at an hour that depends on the endpoint.
    day_began = read.now - (read.now - endpoint.pk // 60 % 24 * 3600) % DAY
    if current is None or not current.recent or current.judged_at.timestamp() < day_began:
        known = line.learned(case.rows, case.stated.target)
        callers = known.callers if known else None
    if any(each.state in FIRM for each in verdicts):  # few are, so the window before is read for them alone
        since, until = (case.until - n * DAY * case.limits.window_days for n in (2, 1))
        before = hours.rows([endpoint.pk], since, until=until).get(endpoint.pk, [])
        verdicts = confirmed(verdicts, replace(case, rows=_own(before)))
    _store(endpoint, current, verdicts, callers, read.now)


def rows_of_two_windows(endpoint: Endpoint, case: Case) -> tuple[Row, ...]:
    """The rows of the case's window and of the one before, which confirms its verdict."""
    since = case.until - 2 * DAY * case.limits.window_days
    return _own(hours.rows([endpoint.pk], since).get(endpoint.pk, []))


def _own(rows: list[Row]) -> tuple[Row, ...]:
    """Without what a gateway counts of the servers behind it."""
    return tuple(row for row in rows if not row.model.startswith(BEHIND))


def _behind(endpoint: Endpoint) -> str:
    """The name under which gateways count its requests."""
    return f"{BEHIND}{host_and_port(endpoint.url)}"


class Read:
    """All that the verdicts on some endpoints are made of, in a few queries. `now`: unix seconds."""

    def __init__(self, endpoints: list[Endpoint], now: int) -> None:
        ids, teams = [each.pk for each in endpoints], {each.team_id for each in endpoints}
        self.now = now
        self._teams = settings.of_teams(teams)
        self._own = {each.endpoint_id: each for each in EndpointLoad.objects.filter(endpoint__in=ids)}
        days = max((team.limits().window_days for team in self._teams.values()), default=1)
        self.current = {each.endpoint_id: each for each in LoadVerdict.objects.filter(endpoint__in=ids, until=None)}
        self._rows = hours.rows(ids, now - DAY * days)
        gateways = Endpoint.objects.filter(team__in=teams).filter(
            Q(engine__in=GATEWAYS) | Q(engine="", state__engine__in=GATEWAYS)
        )
        of_team = dict(gateways.order_by().values_list("pk", "team_id"))
        wanted = {_behind(each) for each in endpoints}
        found = hours.rows(of_team, now - 2 * DAY * days, wanted) if of_team else {}
        self._behind: dict[tuple[int, str], list[Row]] = defaultdict(list)
        for gateway, rows in found.items():
            for row in rows:
                self._behind[of_team[gateway], row.model].append(row)

    def case(self, endpoint: Endpoint) -> Case:
        """What one endpoint's verdict is made of."""
        team = self._teams[endpoint.team_id]
        own = self._own.get(endpoint.pk, EndpointLoad())
        engine = endpoint.engine or endpoint.state.engine
        return Case(
            engine,
            _own(self._rows.get(endpoint.pk, [])),
            self.now,
            team.limits(),
            own.circumstances(team),
            team.office(),
            tuple(self._behind.get((endpoint.team_id, _behind(endpoint)), ())),
            samples_by=CANARIES_OFF if engine == "ollama" and not own.measures_waits else "",
        )


def _store(
    endpoint: Endpoint, current: LoadVerdict | None, verdicts: tuple[Verdict, ...], callers: int | None, now: int
) -> None:
    """Moves the current row's figures; a verdict of another kind ends it and begins one, once that stands."""
    at, worst = datetime.fromtimestamp(now, UTC), verdicts[0]
    found = Judgement(
        now,
        (worst.state.weight, int(worst.confirmed)),
        (worst.state, worst.firm_words, worst.limit or "", worst.model),
        [stored.to_json(each) for each in verdicts],
    )
    before = (Judgement.from_json(each, current.verdicts) for each in current.recent) if current else ()
    shown, *lighter = held(before, found)
    worst = stored.from_json(shown.content[0])
    kind = {"state": worst.state, "limit": worst.limit or "", "model": worst.model[:300], "confirmed": worst.confirmed}
    figures: dict[str, Any] = {
        "judged_at": at,
        "confidence": worst.confidence,
        "line": callers,
        "callers": worst.callers,
        "at_work": worst.at_work,
        "in_time": worst.in_time,
        "verdicts": shown.content,
        "recent": [shown.to_json(content=False), *(each.to_json() for each in lighter)],
    }
    with writing():
        if current:
            same = all(getattr(current, name) == value for name, value in kind.items())
            stands = LoadVerdict.objects.filter(pk=current.pk, until=None)
            if current.recent:
                stands = stands.exclude(recent=[])
            moved = stands.update(**(figures if same else {"until": at}))
            if same or not moved:  # another worker ended it meanwhile, or it is to be judged by other settings
                return
        new = LoadVerdict.objects.create(endpoint=endpoint, since=at, **kind, **figures)
        first = next(iter(worst.advice), None)
        load_verdicts.write_if_wanted(new, current, f"{first.words} {first.setting}".strip() if first else "")
