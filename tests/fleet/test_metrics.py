"""GET /metrics: our own metrics, as a Prometheus reads them."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
import redis
import time_machine
from prometheus_client.parser import text_string_to_metric_families

from config.celery import app
from core import redis_keys
from fleet import endpoints, live, metrics, viewers
from fleet.engines.errors import Cause
from fleet.engines.reading import Exchange, Failure, Reading
from fleet.models import Alert, BlindStretch, Endpoint, EndpointState, Incident, Message
from fleet.probing import dispatch, probe_counts
from teams import tokens
from teams.models import Scope, Team
from tests.broker import free_port
from tests.fleet import recording as record

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def counts(monkeypatch) -> probe_counts.ProbeCounts:
    """The counts of this process, without what other tests left in them."""
    fresh = probe_counts.ProbeCounts()
    monkeypatch.setattr("fleet.probing.record.counts", fresh)
    monkeypatch.setattr(dispatch, "counts", fresh)
    return fresh


def nothing_to_draw(cursor: str, _: set[int]) -> tuple[str, str]:
    return "", cursor


class Scrape(dict):
    """Sample -> value: scrape["plimsoll_endpoints", "up"]; the labels' values stand in the order of their names."""

    def __init__(self, text: str) -> None:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self[(sample.name, *(value for _, value in sorted(sample.labels.items())))] = sample.value

    @property
    def names(self) -> set[str]:
        return {key[0] for key in self}


@pytest.fixture
def scrape(client, alice):
    """Scrapes as Alice's Prometheus does, or with the headers given."""
    mine = token(alice)

    def get(headers: dict[str, str] = mine) -> Scrape:
        answer = client.get("/metrics", headers=headers)
        assert answer.status_code == 200
        return Scrape(answer.content.decode())

    return get


def token(by, team: Team | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.make('prometheus', [Scope.METRICS], 30, by, team)[1]}"}


def watched(team: Team, name: str, **state) -> EndpointState:
    endpoint = Endpoint.objects.create(team=team, name=name, url=f"http://{name}:8000")
    return EndpointState.objects.create(endpoint=endpoint, **{"status": "up", "cause": "", **state})


def reading(at: float, cause: Cause | None = None) -> Reading:
    step = Exchange("connect", "GET /health", error="refused" if cause else None, total_ms=1.0)
    return Reading(at, exchanges=(step,), failure=Failure(cause, "connect") if cause else None)


def test_it_is_the_text_format_with_a_help_and_a_type_for_each(client, alice, valkey):
    answer = client.get("/metrics", headers=token(alice))
    assert answer["Content-Type"] == metrics.CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.content.decode()))
    assert len(families) >= 12
    for family in families:
        assert family.name.startswith("plimsoll_")
        assert family.documentation and family.type in ("gauge", "counter", "histogram")


def test_what_the_database_knows(scrape, valkey, team):
    state = watched(team, "gpu-1", status="down", cause="timed_out", due_at=int(time.time()) - 60)
    watched(team, "gpu-2")
    moments = {"began_at": NOON, "opened_at": NOON}
    incident = Incident.objects.create(endpoint_id=state.pk, status="down", cause="timed_out", **moments)
    alert = {"incident": incident, "team": team, "facts": {}, "created_at": NOON}
    later = datetime.now(UTC) + timedelta(hours=1)
    message = Message.objects.create(team=team, recipient="a@example.org", created_at=NOON, state="given_up")
    for kind, fields in {"down": {"message": message}, "reminder": {"hold_until": later}, "recovered": {}}.items():
        Alert.objects.create(kind=kind, recipient="a@example.org", **alert, **fields)
    BlindStretch.objects.create(began_at=NOON, reason="No network.")

    shown = scrape()
    assert (shown["plimsoll_endpoints", "down"], shown["plimsoll_endpoints", "up"]) == (1, 1)
    assert shown["plimsoll_endpoints", "busy"] == 0
    assert shown["plimsoll_incidents_open", "no", "down"] == 1
    alerts = {state: shown["plimsoll_alerts", state] for state in ("waiting", "held", "gathered", "dropped")}
    assert alerts == {"waiting": 1, "held": 1, "gathered": 1, "dropped": 0}
    assert shown["plimsoll_messages", "mail", "given_up"] == 1
    assert 60 <= shown[("plimsoll_probe_overdue_seconds",)] < 90
    assert shown[("plimsoll_blind",)] == shown[("plimsoll_broker_up",)] == 1
    Incident.objects.update(acknowledged_at=NOON)
    assert scrape()["plimsoll_incidents_open", "yes", "down"] == 1


def test_probes_are_counted_by_what_they_found_and_how_late_they_were(scrape, valkey, team, counts):
    gpu = endpoints.add(team, name="gpu-1", url="http://10.0.0.5:8000")
    now = time.time()
    for late_ms, cause in ((20.0, None), (3_000.0, Cause.CONNECTION_REFUSED), (99_000.0, Cause.CONNECTION_REFUSED)):
        now += 1
        record.record(record.state_of(gpu.pk), reading(now, cause), late_ms)
    assert "plimsoll_probes_total" not in scrape().names  # still in the process
    counts.send()
    counts.send()
    shown = scrape()
    assert shown["plimsoll_probes_total", "connection_refused", "down"] == 2
    assert shown["plimsoll_probes_total", "", "up"] == 1
    buckets = {key[1]: value for key, value in shown.items() if key[0] == "plimsoll_probe_lateness_seconds_bucket"}
    assert buckets["0.01"] == 0 and buckets["0.025"] == buckets["2.5"] == 1
    assert buckets["5.0"] == buckets["30.0"] == 2 and buckets["+Inf"] == 3
    assert shown[("plimsoll_probe_lateness_seconds_count",)] == 3
    assert shown[("plimsoll_probe_lateness_seconds_sum",)] == pytest.approx(102.02)


def test_several_processes_add_up(scrape, valkey):
    for process in (probe_counts.ProbeCounts(), probe_counts.ProbeCounts()):
        process.add("up", None, None)
        process.send()
    shown = scrape()
    assert shown["plimsoll_probes_total", "", "up"] == 2
    assert "plimsoll_probe_lateness_seconds_bucket" not in shown.names


def test_a_probe_costs_no_round_trip_until_some_seconds_are_over(valkey, monkeypatch):
    process = probe_counts.ProbeCounts()
    for _ in range(10):
        process.add("up", None, 1.0)
    assert not valkey.exists(probe_counts.KEY)
    monkeypatch.setattr(probe_counts, "EVERY", 0.0)
    process.add("up", None, 1.0)
    assert valkey.hget(probe_counts.KEY, "found|up|") == b"11"


def test_counts_wait_for_a_broker_that_is_away(valkey, settings):
    process, there = probe_counts.ProbeCounts(), settings.REDIS_URL
    process.add("up", None, None)
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    process.send()
    settings.REDIS_URL = there
    process.add("up", None, None)
    process.send()
    assert valkey.hget(probe_counts.KEY, "found|up|") == b"2"


def test_the_probe_workers_sign_of_life_sends_the_counts(valkey, counts):
    counts.add("up", None, None)
    dispatch.pulse_probe()
    assert valkey.hget(probe_counts.KEY, "found|up|") == b"1"


def test_queues_show_how_many_wait_and_for_how_long(scrape, valkey):
    with time_machine.travel(time.time() - 40, tick=False):
        app.send_task("fleet.tasks.probe", (1, 2, 3), queue="probe")
    app.send_task("fleet.tasks.probe", (2, 2, 3), queue="probe")
    shown = scrape()
    assert shown["plimsoll_queue_length", "probe"] == 2
    assert 39 < shown["plimsoll_queue_age_seconds", "probe"] < 60
    assert shown["plimsoll_queue_length", "delivery"] == shown["plimsoll_queue_age_seconds", "delivery"] == 0


def test_a_message_that_does_not_say_when_it_was_sent_has_no_age(scrape, valkey):
    valkey.lpush(redis_keys.queue("upkeep"), '{"headers": {}}')
    shown = scrape()
    assert shown["plimsoll_queue_length", "upkeep"] == 1
    assert ("plimsoll_queue_age_seconds", "upkeep") not in shown


def test_signs_of_life_have_an_age_and_none_where_there_was_none(scrape, valkey):
    valkey.set("plimsoll:pulse", f"{time.time() - 30:.3f}")
    shown = scrape()
    assert 30 <= shown["plimsoll_sign_of_life_age_seconds", "probe_worker"] < 60
    assert ("plimsoll_sign_of_life_age_seconds", "dispatcher") not in shown


def test_viewers_come_and_go_and_those_of_dead_processes_do_not_stay(scrape, valkey, wait_for):
    valkey.hset(viewers.KEY, "elsewhere:1", f"3 {time.time():.0f}")
    valkey.hset(viewers.KEY, "dead:2", f"7 {time.time() - viewers.STALE_AFTER - 1:.0f}")

    async def shown(number: bytes | None) -> None:
        end = time.monotonic() + 5
        while number != (await asyncio.to_thread(_ours, valkey)):
            assert time.monotonic() < end, "the number was not shown"
            await asyncio.sleep(0.01)

    async def scene() -> Scrape:
        hub = live.Hub()
        async with hub.viewer(1, None, nothing_to_draw):
            async with hub.viewer(1, None, nothing_to_draw):
                await shown(b"2")
            await shown(b"1")
            seen = await asyncio.to_thread(metrics.query.from_broker)
        await shown(None)
        return seen

    assert asyncio.run(scene()).viewers == 4
    assert scrape()[("plimsoll_board_viewers",)] == 3


def test_what_ended_processes_said_goes_when_nobody_says_more(valkey):
    async def scene() -> int:
        async with live.Hub().viewer(1, None, nothing_to_draw):
            while not (left := await asyncio.to_thread(valkey.ttl, viewers.KEY)) > 0:
                await asyncio.sleep(0.01)
            return left

    assert asyncio.run(asyncio.wait_for(scene(), 5)) <= viewers.STALE_AFTER


def _ours(valkey: redis.Redis) -> bytes | None:
    said = [value for name, value in valkey.hgetall(viewers.KEY).items() if name not in (b"elsewhere:1", b"dead:2")]
    return said[0].split()[0] if said else None


def test_while_the_broker_is_away_its_figures_are_missing_and_not_zero(scrape, settings, team):
    watched(team, "gpu-1")
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    shown = scrape()
    assert shown[("plimsoll_broker_up",)] == 0
    assert shown["plimsoll_endpoints", "up"] == 1
    assert shown[("plimsoll_blind",)] == 0
    of_broker = ("queue", "probes", "probe_lateness", "sign_of_life", "board_viewers")
    assert not [name for name in shown.names if name.removeprefix("plimsoll_").startswith(of_broker)]


def test_a_token_of_a_team_counts_its_team_alone(scrape, valkey, alice, team):
    watched(team, "gpu-1")
    watched(Team.objects.create(name="Vision", slug="vision"), "gpu-2")
    assert scrape()["plimsoll_endpoints", "up"] == 2
    assert scrape(token(alice, team))["plimsoll_endpoints", "up"] == 1


@pytest.mark.parametrize("fleet_open", [False, True])
def test_other_teams_probes_are_shown_to_admins_only_in_a_closed_fleet(
    scrape, valkey, settings, admin_user, alice, team, counts, fleet_open
):
    settings.FLEET_OPEN = fleet_open
    watched(team, "gpu-1", due_at=int(time.time()) - 60)
    watched(Team.objects.create(name="Vision", slug="vision"), "gpu-2", due_at=int(time.time()) - 600)
    counts.add("down", Cause.CONNECTION_REFUSED, 20.0)
    counts.send()
    of_admin = scrape(token(admin_user))
    for shown, whole in ((of_admin, True), (scrape(), fleet_open), (scrape(token(alice, team)), fleet_open)):
        assert ("plimsoll_probes_total" in shown.names) == whole
        assert ("plimsoll_probe_lateness_seconds_count" in shown.names) == whole
        assert (shown[("plimsoll_probe_overdue_seconds",)] >= 600) == whole
        assert shown[("plimsoll_probe_overdue_seconds",)] >= 60
        assert shown["plimsoll_queue_length", "probe"] == 0


def test_the_build_is_named(scrape, valkey):
    [build] = [key for key in scrape() if key[0] == "plimsoll_build_info"]
    assert build[-1].count(".") == 2 and "unknown" not in build


def test_another_scope_does_not_open_it(client, alice):
    secret = tokens.make("ci", [Scope.STATUS], 30, alice)[1]
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")
