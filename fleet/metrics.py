"""Our own metrics in the text format of Prometheus, made for each scrape.

https://prometheus.io/docs/instrumenting/exposition_formats/. What is not known is left out, never zero: while the
broker is away its figures are missing and plimsoll_broker_up is 0.
"""

import platform
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

import django
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import HistogramMetricFamily as Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.version import version
from teams.tokens import Bearer

from .access import sees_all
from .probing.probe_counts import BUCKETS
from .queries import metrics as query

__all__ = ["CONTENT_TYPE", "text"]


def text(bearer: Bearer) -> bytes:
    """All metrics. Endpoints, incidents, alerts and messages are those that the token may see; the rest is of all.

    In a closed fleet only tokens of administrators get figures of all probes.
    """
    registry = CollectorRegistry()
    registry.register(_Scrape(bearer))
    return generate_latest(registry)


class _Scrape(Collector):
    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer

    def describe(self) -> list[Metric]:
        return []  # or registering would collect

    def collect(self) -> Iterator[Metric]:
        known = query.from_broker()
        yield _build()
        yield from _of_database(query.stored(self._bearer))
        yield Gauge(
            "plimsoll_broker_up",
            "1 while the broker answers; without it most figures are missing.",
            int(known is not None),
        )
        if known:
            yield from _queues(known)
            yield _gauge(
                "plimsoll_sign_of_life_age_seconds",
                "Time since each part last showed that it works.",
                ("part",),
                known.ages,
            )
            done = "Time since each scheduled task last finished, or since the first of them started."
            yield _gauge("plimsoll_schedule_age_seconds", done, ("task",), known.work)
            skipped = Counter(
                "plimsoll_schedule_skipped", "Runs left out, since the one before had not ended.", labels=("task",)
            )
            for task, number in sorted(known.skipped.items()):
                skipped.add_metric((task,), number)
            yield skipped
            if sees_all(self._bearer):
                yield from _probes(known)
            yield Gauge(
                "plimsoll_board_viewers", "Open boards that follow changes, over all web processes.", known.viewers
            )


def _build() -> Metric:
    info = Gauge("plimsoll_build_info", "Always 1; what runs is in the labels.", labels=("version", "python", "django"))
    info.add_metric((version(), platform.python_version(), django.get_version()), 1)
    return info


def _of_database(known: query.Stored) -> Iterator[Metric]:
    yield _gauge("plimsoll_endpoints", "Endpoints by their status now.", ("status",), known.endpoints)
    on_them = "Open incidents, and whether somebody is on them."
    yield _gauge("plimsoll_incidents_open", on_them, ("status", "acknowledged"), known.incidents)
    states = "Stored alerts: waiting, held by quiet hours, in a message, dropped."
    yield _gauge("plimsoll_alerts", states, ("state",), known.alerts)
    yield _gauge("plimsoll_messages", "Stored messages by what became of them.", ("channel", "state"), known.messages)
    if known.overdue is not None:
        yield Gauge(
            "plimsoll_probe_overdue_seconds",
            "Time since the oldest probe was due that is not recorded yet.",
            known.overdue,
        )
    yield Gauge(
        "plimsoll_blind", "1 while Plimsoll itself is blind, so that no endpoint counts as down.", int(known.blind)
    )


def _probes(known: query.FromBroker) -> Iterator[Metric]:
    probes = Counter("plimsoll_probes", "Probes by what each of them found by itself.", labels=("result", "cause"))
    for labels, number in sorted(known.found.items()):
        probes.add_metric(labels, number)
    yield probes
    if known.late:
        yield _lateness(known)


def _queues(known: query.FromBroker) -> Iterator[Metric]:
    lengths = {name: queue.length for name, queue in known.queues.items()}
    yield _gauge("plimsoll_queue_length", "Tasks that no worker has taken yet.", ("queue",), lengths)
    ages = {name: queue.age for name, queue in known.queues.items() if queue.age is not None}
    yield _gauge(
        "plimsoll_queue_age_seconds",
        "Time since the oldest waiting task was sent; 0 while none waits.",
        ("queue",),
        ages,
    )


def _lateness(known: query.FromBroker) -> Metric:
    counts = accumulate(known.late.get(bound, 0) for bound in (*map(str, BUCKETS), "more"))
    buckets = list(zip((*map(str, BUCKETS), "+Inf"), counts, strict=True))
    lateness = Histogram("plimsoll_probe_lateness_seconds", "How late probes began after they were due.")
    lateness.add_metric((), buckets, known.late_sum)
    return lateness


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    """A gauge with a sample for each of the values, whose key is the one label's value or all of theirs."""
    gauge = Gauge(name, text, labels=labels)
    for of, value in values.items():
        gauge.add_metric((of,) if isinstance(of, str) else of, value)
    return gauge
