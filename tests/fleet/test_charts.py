"""An endpoint's charts: the time and the endpoints they show, what happened meanwhile, and their CSV."""

import csv
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.display.time_span import HOUR, up_to
from fleet.evidence import counts
from fleet.models import (
    BucketEdges,
    Endpoint,
    EndpointState,
    Incident,
    LoadHour,
    MaintenanceWindow,
    Observation,
    Silence,
)
from fleet.models.history import Trace
from fleet.queries.series import history
from teams.models import Membership, Role, Team
from tests.fleet.past import NOON, at, probes
from tests.html import flat

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.database]

EDGES = {"ttft": ["0.1", "0.5", "1", "+Inf"], "queue": ["0.3", "+Inf"]}


@pytest.fixture
def gpu(team) -> Endpoint:
    return made(team, "gpu-1")


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


def made(team, name: str, engine: str = "vllm") -> Endpoint:
    added = endpoints.add(team, name=name, url=f"http://{name}:8000", interval=30)
    EndpointState.objects.filter(endpoint=added).update(engine=engine, status="up")
    return Endpoint.objects.select_related("state", "team").get(pk=added.pk)


def text(response) -> str:
    return flat(response.content.decode())


def charts(gpu: Endpoint, seconds: int = HOUR, now: float = NOON - 1):
    return {each.title: each for each in history(gpu, up_to(seconds, now), now).charts}


def table(response) -> list[dict[str, str]]:
    assert response.status_code == 200 and response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(response.content.decode().splitlines()))


class TestCounted:
    def test_tokens_per_second_come_from_the_engines_counter_and_leave_out_its_restart(self, gpu):
        for n, tokens in enumerate([100, 700, 1300, 50, 650]):
            probes(gpu, NOON - 600 + 60 * n, NOON - 600 + 60 * n + 1, generation_tokens=tokens)
        drawn = charts(gpu)["Tokens generated"].lines[0].values
        assert [each for each in drawn.split(",") if each] == ["10", "10", "10"]

    def test_longer_spans_have_the_tokens_of_whole_hours(self, gpu):
        hour(gpu, NOON - 7200, {"seconds": 3600, "generation_tokens": 36_000})
        assert charts(gpu, 7 * 24 * HOUR)["Tokens generated"].summary == "mean 10 per s, highest 10 per s"

    def test_times_are_ranges_between_the_edges_of_the_engines_buckets(self, gpu):
        hour(gpu, NOON - 3600, {"ttft.0": 10, "ttft.1": 85, "ttft.2": 5, "queue.1": 3})
        found = charts(gpu)
        median, most = found["Time to first token"].lines
        assert (median.values[:12], most.values[:12]) == ("/0.1/0.5,=,=", "/0.1/0.5,=,=")
        assert not median.line and median.band.startswith("M0 ")
        assert found["Time in the queue"].lines[0].values.startswith("/0.3/inf,=")

    def test_ollama_is_said_not_to_report_them(self, team):
        box = made(team, "box", "ollama")
        (sentence,) = history(box, up_to(HOUR, NOON), NOON).missing
        assert sentence == "Ollama does not report tokens per second, time to first token or time in the queue."

    def test_an_engine_that_reports_them_but_has_none_yet_is_not_said_to_lack_them(self, gpu):
        (sentence,) = history(gpu, up_to(HOUR, NOON), NOON).missing
        assert sentence == "No figures of tokens per second, time to first token and time in the queue in this time."


def hour(gpu: Endpoint, start: int, counted: dict[str, int]) -> None:
    edges, _ = BucketEdges.objects.get_or_create(digest="d", defaults={"edges": EDGES})
    LoadHour.objects.create(endpoint=gpu, start=start, model="m", counts=counts.pack(counted), edges=edges)


class TestTime:
    def test_two_ends_in_the_address_are_shown_by_every_link_of_the_charts(self, page, gpu):
        html = text(page.get(gpu.get_absolute_url() + "?from=2026-11-01T10:00Z&to=2026-11-01T12:00Z"))
        assert 'value="2026-11-01T10:00:00"' in html and 'value="2026-11-01T12:00:00"' in html
        assert "series.csv?from=2026-11-01T10:00:00Z&amp;to=2026-11-01T12:00:00Z" in html
        assert "?range=1h#charts" in html and "Reset" in html

    def test_ends_typed_without_javascript_are_utc_and_by_the_browsers_clock_with_it(self, page, gpu):
        for zone, start in (("UTC", "10:00"), ("Europe/Berlin", "09:00"), ("nowhere", "10:00")):
            shown = page.get(gpu.get_absolute_url() + f"?from=2026-11-01T10:00&to=2026-11-01T12:00&zone={zone}")
            assert f'value="2026-11-01T{start}:00"' in text(shown)

    def test_a_time_that_cannot_be_shown_is_a_sentence_and_what_was_typed_stays(self, page, gpu):
        html = text(page.get(gpu.get_absolute_url() + "?from=<b>&to=2026-11-01T12:00"))
        assert "“&lt;b&gt;” is no time. Write it like 2026-11-28T14:00Z." in html
        assert 'value="2026-11-01T12:00"' in html and "in the last 1 h" in html
        assert 'value="&lt;b&gt;"' not in html, "browsers warn of what the field cannot take"

    def test_a_live_update_keeps_what_the_address_of_the_page_asks_for(self, page, gpu):
        where = f"http://testserver{gpu.get_absolute_url()}?from=2026-11-01T10:00Z&to=2026-11-01T12:00Z"
        headers = {"HX-Request": "true", "HX-Current-URL": where}
        moved = page.get(f"{gpu.get_absolute_url()}now/?cursor=0&face=0", headers=headers)
        assert 'value="2026-11-01T10:00:00"' in text(moved) and 'value="2026-11-01T12:00:00"' in text(moved)


class TestCompare:
    def test_another_endpoint_stands_beside_it_with_its_name_and_another_stroke(self, page, gpu, team):
        box = made(team, "box")
        now = int(time.time())
        probes(gpu, now - 600, now, latency_ms=10)
        probes(box, now - 600, now, latency_ms=30)
        html = text(page.get(f"{gpu.get_absolute_url()}?with={box.pk}"))
        assert 'class="key key-main">gpu-1' in html and 'class="key key-other">box' in html
        assert re.search(r'class="line-other" data-name="box" data-values="[^"]*30', html)
        assert f"?range=24h&amp;with={box.pk}" in html
        rows = table(page.get(f"{gpu.get_absolute_url()}series.csv?with={box.pk}"))
        assert {(row["gpu-1: Latency, mean (ms)"], row["box: Latency, mean (ms)"]) for row in rows} >= {("10", "30")}

    def test_statuses_and_what_happened_are_those_of_both_by_name(self, page, gpu, team):
        box, now = made(team, "box"), datetime.now(UTC)
        probes(gpu, int(time.time()) - 600, int(time.time()))
        probes(box, int(time.time()) - 600, int(time.time()), status="down")
        began = dict.fromkeys(("began_at", "opened_at"), now - timedelta(minutes=9))
        incident = Incident.objects.create(endpoint=box, status="down", cause="timed_out", **began)
        Silence.objects.create(team=team, endpoint=gpu, starts_at=now - timedelta(minutes=5), ends_at=now)
        html = text(page.get(f"{gpu.get_absolute_url()}?with={box.pk}"))
        strips = re.findall(r'class="band"[^>]*data-name="([^"]*)".*?</svg>', html)
        assert strips == ["gpu-1", "box"] and 'aria-label="Status of box ' in html
        assert f'href="{incident.get_absolute_url()}">box: Incident #{incident.pk}, down' in html
        assert ">gpu-1: Silence</a>" in html
        assert ">Silence</a>" in text(page.get(gpu.get_absolute_url()))

    def test_one_that_reports_no_queue_is_compared_by_the_time_at_work(self, gpu, team):
        box = made(team, "box", "ollama")
        probes(gpu, NOON - 600, NOON, running=2, busy=True)
        probes(box, NOON - 600, NOON, busy=False)
        assert "At work" not in charts(gpu)
        both = history(gpu, up_to(HOUR, NOON - 1), NOON - 1, box)
        assert [each.title for each in both.charts] == ["Latency", "Requests", "At work"]

    def test_the_endpoints_to_choose_from_are_listed_when_they_are_asked_for(self, page, gpu, team):
        box = made(team, "box")
        assert f'<option value="{box.pk}"' not in text(page.get(gpu.get_absolute_url()))
        html = text(page.get(gpu.get_absolute_url() + "?compare=1"))
        assert f'<option value="{box.pk}"' in html and f'<option value="{gpu.pk}"' not in html

    @pytest.mark.parametrize("asked", ["0", "x", "99999999999999999999"])
    def test_one_that_is_not_there_is_a_sentence(self, page, gpu, asked):
        assert "to compare with is not there" in text(page.get(f"{gpu.get_absolute_url()}?with={asked}"))
        assert page.get(f"{gpu.get_absolute_url()}series.csv?with={asked}").status_code == 400

    def test_charlie_compares_with_nothing_of_teams_he_does_not_see(self, client, charlie, gpu, settings):
        settings.FLEET_OPEN = False
        elsewhere = Team.objects.create(name="Elsewhere", slug="elsewhere", mail_to=[])
        Membership.objects.create(user=charlie, team=elsewhere, role=Role.OWNER)
        client.force_login(charlie)
        url = made(elsewhere, "his").get_absolute_url()
        assert "to compare with is not there" in text(client.get(f"{url}?with={gpu.pk}"))
        assert gpu.name not in text(client.get(f"{url}?compare=1"))
        assert client.get(f"{gpu.get_absolute_url()}series.csv").status_code == 404


class TestBands:
    def test_incidents_maintenance_and_silences_are_bands_and_links(self, page, gpu, team):
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        began = {"began_at": now - timedelta(minutes=30), "opened_at": now - timedelta(minutes=29)}
        incident = Incident.objects.create(endpoint=gpu, status="down", cause="timed_out", **began)
        MaintenanceWindow.objects.create(team=team, name="Driver", starts_at=now - timedelta(minutes=50), minutes=10)
        MaintenanceWindow.objects.create(team=team, name="Later", starts_at=now + timedelta(hours=5), minutes=10)
        Silence.objects.create(team=team, starts_at=now - timedelta(minutes=5), ends_at=now + timedelta(minutes=5))
        probes(gpu, int(time.time()) - 600, int(time.time()))
        html = text(page.get(gpu.get_absolute_url()))
        assert f'href="{incident.get_absolute_url()}">Incident #{incident.pk}, down' in html
        assert "Maintenance: Driver" in html and "Maintenance: Later" not in html
        for kind in ("down", "maintenance", "silence"):
            assert f'class="shade b-{kind}"' in html and f"key-{kind}" in html

    def test_one_of_less_than_a_minute_has_its_seconds(self, page, gpu):
        began = datetime.now(UTC).replace(minute=0, second=10) - timedelta(hours=1)
        times = {"began_at": began, "opened_at": began, "resolved_at": began + timedelta(seconds=25)}
        Incident.objects.create(endpoint=gpu, status="down", cause="timed_out", **times)
        html = text(page.get(f"{gpu.get_absolute_url()}?range=24h"))
        assert f"{began:%H}:00:10 UTC</time> to" in html and f"{began:%H}:00:35 UTC</time>" in html

    def test_what_ended_before_is_none(self, gpu):
        ended = {"began_at": at(NOON - 9000), "opened_at": at(NOON - 9000), "resolved_at": at(NOON - 8000)}
        Incident.objects.create(endpoint=gpu, status="down", cause="timed_out", **ended)
        assert history(gpu, up_to(HOUR, NOON), NOON).bands == []
        assert len(history(gpu, up_to(3 * HOUR, NOON), NOON).bands) == 1


class TestCSV:
    def test_rows_have_utc_times_units_and_statuses(self, page, gpu):
        began = int(time.time()) // HOUR * HOUR - HOUR
        probes(gpu, began, began + 60, latency_ms=12.5, kv_cache_usage=0.5, status="busy")
        start, end = (f"{at(began + by):%Y-%m-%dT%H:%M:%SZ}" for by in (-HOUR, HOUR))
        (row, *_) = table(page.get(f"{gpu.get_absolute_url()}series.csv?from={start}&to={end}"))
        assert row["time (UTC)"] == f"{at(began):%Y-%m-%dT%H:%M:%SZ}"
        assert row["gpu-1: status"] == "busy"
        assert row["gpu-1: Latency, mean (ms)"] == "12.5" and row["gpu-1: KV cache in use, mean (%)"] == "50"

    def test_a_name_that_is_a_formula_is_text(self, page, gpu):
        Endpoint.objects.filter(pk=gpu.pk).update(name="=1+1")
        response = page.get(f"{gpu.get_absolute_url()}series.csv")
        assert response.content.decode().startswith("time (UTC),'=1+1: status")

    def test_a_time_that_cannot_be_shown_is_refused_with_the_reason(self, page, gpu):
        refused = page.get(f"{gpu.get_absolute_url()}series.csv?from=x&to=y")
        assert refused.status_code == 400 and "“x” is no time" in refused.content.decode()


def test_an_hour_of_probes_makes_a_light_page_without_a_node_for_each(page, gpu):
    now = int(time.time())
    Endpoint.objects.filter(pk=gpu.pk).update(interval=5)
    gpu.interval = 5
    probes(gpu, now - 3600, now, running=3, waiting=1, kv_cache_usage=0.4, generation_tokens=7)
    exchange = {
        "step": "load",
        "request": "GET /metrics",
        "status": 200,
        "bytes": 9000,
        "first_byte_ms": 3,
        "total_ms": 4,
    }
    Trace.objects.bulk_create(Trace(observation=each, exchanges=[exchange] * 3) for each in Observation.objects.all())
    response = page.get(gpu.get_absolute_url())
    assert len(response.content) < 60_000
    assert response.content.count(b"<title>") == 1, "that of the page"
