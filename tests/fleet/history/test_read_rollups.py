"""What was rolled up, read again: charts and parts without gap or overlap."""

import pytest

from fleet.display.time_span import DAY, RANGES, up_to
from fleet.history import rollups
from fleet.models import EndpointState, Rollup
from fleet.queries import past
from fleet.queries.series import history
from tests.fleet.past import DAWN, NOON, at, endpoint, probes


@pytest.mark.django_db
@pytest.mark.postgres
class TestReading:
    def test_days_hours_minutes_and_raw_follow_each_other_without_gap_or_overlap(self, team):
        gpu, box = endpoint(team, interval=60), endpoint(team, "box", 60)
        for each in (gpu, box):
            probes(each, DAWN - 2 * 86_400, NOON + 900)
        rollups.roll_up(at(NOON + 890))
        Rollup.objects.filter(endpoint=box, start__gte=at(NOON - 7200)).delete()  # one is behind
        for since in (DAWN - 2 * 86_400, DAWN - 86_400):
            parts = list(past.parts({gpu.pk: at(since), box.pk: at(since)}, at(NOON + 900), "day"))
            for each in (gpu, box):
                own = [part for part in parts if part.endpoint_id == each.pk]
                assert sum(part.total.probes for part in own) == (NOON + 900 - since) / 60
                assert len({part.start for part in own}) == len(own)

    @pytest.mark.parametrize("key", ["7d", "30d", "90d"])
    def test_the_long_charts_show_what_is_rolled_up_and_what_is_not_yet(self, team, key):
        gpu = endpoint(team, interval=60)
        EndpointState.objects.create(endpoint=gpu)
        probes(gpu, NOON - 86_400, NOON - 3600, running=2, kv_cache_usage=0.5)
        probes(gpu, NOON - 3600, NOON + 300, running=4, latency_ms=30.0, kv_cache_usage=0.5, status="busy")
        rollups.roll_up(at(NOON + 250))
        shown = history(gpu, up_to(RANGES[key], NOON + 300), NOON + 300)
        latency, requests, usage = shown.charts
        assert "/10/30" in latency.lines[0].values or key == "7d"
        assert "running: mean" in requests.summary and "highest 4" in requests.summary
        assert usage.summary == "mean 50 %, highest 50 %"
        assert shown.band[-1].status == "busy"

    def test_the_long_charts_show_busy_as_a_share_and_the_day(self, team):
        gpu = endpoint(team, interval=60)
        EndpointState.objects.create(endpoint=gpu)
        probes(gpu, NOON - 3600, NOON - 1800, busy=True)
        probes(gpu, NOON - 1800, NOON, busy=False)
        rollups.roll_up(at(NOON + 700))
        work = history(gpu, up_to(90 * DAY, NOON + 700), NOON + 700).charts[1]
        assert (work.title, work.summary) == ("At work", "mean 50 %, highest 50 %")
        assert work.lines[0].values == "," * 269 + "50"

    @pytest.mark.parametrize("key", ["24h", "7d"])
    def test_probes_that_do_not_count_are_unknown_in_the_band(self, team, key):
        gpu = endpoint(team, interval=60)
        EndpointState.objects.create(endpoint=gpu)
        probes(gpu, NOON - 7200, NOON, status="down", excluded="maintenance")
        rollups.roll_up(at(NOON + 700))
        assert {spot.status for spot in history(gpu, up_to(RANGES[key], NOON), NOON).band} == {"unknown"}
