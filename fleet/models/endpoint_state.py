"""The current state of an endpoint."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Self

from django.db import models

from ..engines.errors import Cause
from ..engines.reading import Facts, Reading
from ..engines.reading_json import facts_from_json, load_from_json, to_json
from ..verdict.canary_memory import CanaryMemory
from ..verdict.flapping import flapping
from ..verdict.judge import Verdict
from ..verdict.memory import Memory, Rules
from ..verdict.schedule import deadline
from ..verdict.stall import Still
from ..verdict.starts import Stretch
from ..verdict.status import TROUBLE, Standing, Status, Thresholds, doubts
from .endpoint import Endpoint


class EndpointStateQuerySet(models.QuerySet["EndpointState"]):
    """The rules by which states are picked, each written once."""

    def watched(self) -> Self:
        """Those that are probed: not paused."""
        return self.filter(due_at__isnull=False)

    def locked(self) -> Self:
        """The same rows, locked until the transaction ends. All who wait for such locks take them in this order, by
        what never moves, so that none waits for another in a circle."""
        return self.order_by("pk").select_for_update()


class EndpointState(models.Model):
    """The current state of an endpoint: one row, written by each probe.

    due_at, waiting_since and not_probed_since are unix seconds: whole seconds on the grid of verdict.schedule, which
    queries compare with the tick's time. All other moments are DateTimes. Readings and verdicts have unix seconds only;
    for them `standing`, `memory`, `take` and `settle` convert.
    """

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, primary_key=True, related_name="state")
    due_at = models.BigIntegerField(null=True, db_index=True)  # unix seconds; null while paused
    waiting_since = models.BigIntegerField(
        null=True
    )  # unix seconds; when the first probe was due that was sent and is not recorded yet
    not_probed_since = models.BigIntegerField(
        null=True
    )  # the same, once that is so long ago that nothing is known any more: fleet.probing.overdue
    probe_seconds = models.FloatField(default=0)  # how long a probe is expected to take: fleet.probing.shares
    stretch = models.PositiveSmallIntegerField(default=1)  # it is probed every so many intervals for now

    status = models.CharField(max_length=12, default=Status.UNKNOWN)
    cause = models.CharField(max_length=24, blank=True, default=Cause.NEW)
    step = models.CharField(max_length=12, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    since = models.DateTimeField(null=True)  # when this status began
    failures = models.PositiveIntegerField(default=0)
    downs = models.PositiveIntegerField(default=0)
    successes = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)  # the first of the failures in a row
    recent = models.PositiveIntegerField(default=0)  # the last 20 findings as bits, the newest lowest; 1: trouble
    turns = models.JSONField(default=list)  # the latest ones into trouble and out of it: fleet.verdict.flapping
    still = models.PositiveIntegerField(default=0)  # probes in a row that find requests under way without any progress
    starts = models.JSONField(default=list)  # seconds that the latest starts took
    starting = models.JSONField(default=dict)  # the start under way: fleet.verdict.starts.Stretch
    certificate_until = models.DateTimeField(null=True)  # when the TLS certificate expires
    canary = models.JSONField(default=dict)  # fleet.verdict.canary_memory, and still_since and still_rises: see memory
    marks = models.JSONField(default=dict)  # what mutes it or was done about it: fleet.muting.marks

    probed_at = models.DateTimeField(null=True)  # the last probe
    seen_at = models.DateTimeField(null=True)  # the last answer
    latency_ms = models.FloatField(null=True)

    engine = models.CharField(max_length=40, blank=True)
    proof = models.CharField(max_length=300, blank=True)
    identified_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)  # engines.reading.Facts
    load = models.JSONField(default=dict)  # engines.reading.Load
    ladder = models.JSONField(default=list)  # the last probe's exchanges
    strip = models.JSONField(default=dict)  # fleet.history.day_strip: the last 24 h and the last hour, for the board
    models_loaded = models.CharField(max_length=200, blank=True, default="")  # as the next three: history.sort_figures
    callers = models.PositiveIntegerField(null=True)
    load_share = models.FloatField(null=True)
    available = models.FloatField(null=True)
    collected = models.JSONField(default=dict)  # evidence.collect.Collecting: the hour of load under way

    shown_at = models.DateTimeField(null=True)  # when the board's row last changed
    regrouped_at = models.DateTimeField(null=True)  # when it last moved on the board

    objects = EndpointStateQuerySet.as_manager()

    class Meta:
        # Few: each claim and each probe writes the row again, and with it an entry of every index that has it.
        indexes = [
            models.Index(
                fields=["waiting_since"], condition=models.Q(waiting_since__isnull=False), name="state_waiting"
            ),
            models.Index(
                fields=["not_probed_since"], condition=models.Q(not_probed_since__isnull=False), name="state_not_probed"
            ),
            models.Index(
                fields=["failing_since"], condition=models.Q(failing_since__isnull=False), name="state_failing"
            ),
        ]

    _known: tuple[dict[str, Any], Facts] | None = None  # see known(): read once in a probe, not twice

    def rules(self) -> Rules:
        """What the next reading is judged by, of what the team set."""
        endpoint = self.endpoint
        return Rules(
            Thresholds(endpoint.fail_after, endpoint.recover_after, endpoint.fail_of, endpoint.fail_for),
            engine=endpoint.engine or self.engine,
            expected_models=tuple(endpoint.expected_models),
            slow_after=endpoint.slow_after,
            start_within=endpoint.start_within,
            canary_models=tuple(endpoint.canary_models),
            canary_every=endpoint.canary_every,
            measures_waits=bool(endpoint.canary_models) and endpoint.measures_waits,
            interval=endpoint.interval * self.stretch,
            key=str(self.pk),
        )

    def standing(self) -> Standing:
        """Status and cause, with the counts that will change them. Raises ValueError for unknown ones."""
        return Standing(
            Status(self.status),
            Cause(self.cause) if self.cause else None,
            self.step,
            self.detail,
            self.failures,
            self.downs,
            self.successes,
            self.recent,
            unix(self.failing_since),
        )

    def deadline(self) -> float:
        """Seconds that the next probe may take."""
        return deadline(self.endpoint.timeout, doubts(self.standing(), self.rules().thresholds))

    def known(self) -> Facts:
        """What earlier probes learned of the server. Raises TypeError for JSON that no probe wrote."""
        if self._known is None or self._known[0] is not self.facts:
            self._known = self.facts, facts_from_json(self.facts)
        return self._known[1]

    def memory(self) -> Memory:
        """What earlier probes left. Raises AttributeError, TypeError or ValueError for JSON that no probe wrote."""
        return Memory(
            facts=self.known(),
            load=load_from_json(self.load),
            refused=any(exchange.get("error") == Cause.CONNECTION_REFUSED for exchange in self.ladder[-1:]),
            seen_at=unix(self.seen_at),
            due_at=self.due_at,
            canary=CanaryMemory.from_json(self.canary),
            stalled=Still(self.still, self.canary.get("still_since") or 0.0, self.canary.get("still_rises") or 0),
            starts=tuple(self.starts),
            starting=Stretch(**self.starting) if self.starting else None,
            turns=tuple((at, trouble) for at, trouble in self.turns),
        )

    def flaps(self, now: datetime) -> bool:
        """Whether the endpoint comes and goes so often that not every turn gets an alert at once."""
        return flapping(self.turns, now.timestamp())

    def face(self) -> tuple[Any, ...]:
        """What people act on in the endpoint's row on the board; when it moves, the row is drawn again at once."""
        counted = min(self.failures, self.endpoint.fail_after)
        loaded = [m["name"] for m in self.facts.get("models", ()) if m.get("loaded")]
        load = [self.load.get(figure) for figure in ("running", "waiting", "deferred", "busy")]
        return self.status, self.cause, self.detail, counted, self.engine, self.facts.get("version"), load, loaded

    def last_seen(self) -> dict[str, Any]:
        """What the last good probe knew, as Incident.last_seen keeps it for the incident's page and mails."""
        models = [m["name"] for m in self.facts.get("models", ())]
        return {
            "at": self.seen_at.isoformat() if self.seen_at else None,
            "engine": self.engine,
            "version": self.facts.get("version"),
            "models": models[:10],
            "more_models": max(0, len(models) - 10),
        }

    def take(self, reading: Reading) -> None:
        """Takes over what a reading brings, whatever it means. Is not saved."""
        at = datetime.fromtimestamp(reading.at, UTC)
        self.probed_at = at
        self.ladder = [to_json(exchange) for exchange in reading.exchanges]
        self.load = to_json(reading.load)
        self.latency_ms = reading.latency_ms
        if reading.certificate_until is not None:
            self.certificate_until = datetime.fromtimestamp(reading.certificate_until, UTC)
        if reading.failure:
            return
        if reading.identity and reading.identity.proof:
            self.engine, self.proof, self.identified_at = reading.identity.engine, reading.identity.proof[:300], at
        self.seen_at = at
        if reading.facts != self.known():  # rarely: they move slowly
            self.facts = to_json(reading.facts)

    def settle(self, verdict: Verdict, at: datetime) -> None:
        """Takes over the verdict on a reading of `at`. Is not saved."""
        after, memory = verdict.standing, verdict.memory
        if after.failing_since is not None:
            self.failing_since = datetime.fromtimestamp(after.failing_since, UTC)
        if after.status != self.status:
            self.since = self.failing_since if after.status in TROUBLE else at
            self.regrouped_at = datetime.now(UTC)
        self.status, self.cause, self.step = after.status, after.cause or "", after.step
        self.detail = after.detail[:500]
        self.failures, self.downs, self.successes = after.failures, after.downs, after.successes
        self.recent = after.recent
        self.due_at = verdict.due_at
        self.still, stalled = memory.stalled.probes, memory.stalled
        self.canary = memory.canary.to_json()
        if stalled.probes:
            self.canary |= {"still_since": stalled.since, "still_rises": stalled.rises}
        self.starts, self.starting = list(memory.starts), asdict(memory.starting) if memory.starting else {}
        self.turns = [list(turn) for turn in memory.turns]


def unix(at: datetime | None) -> float | None:
    """A moment in unix seconds."""
    return at.timestamp() if at else None
