"""Whatever was probed when: what is counted is time that passed, once."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.history import rollups
from fleet.history.availability import PERIODS
from fleet.models import Endpoint, Observation
from fleet.queries.availability import of_endpoint
from tests.fleet.past import NOON, at, endpoint, probes


@pytest.mark.django_db
@pytest.mark.postgres
class TestCountedTime:
    """Whatever was probed when: what is counted is time that passed, once."""

    @pytest.mark.parametrize("interval", [61, 600, 3600])
    @pytest.mark.parametrize("second", [0, 30, 56, 58, 59])
    def test_probes_that_confirm_count_once_wherever_the_minute_ends(self, team, interval, second):
        gpu = endpoint(team, interval=interval)
        first = NOON - 5 * 3600 + second
        for n in range(4):
            probes(gpu, first + n * interval, first + n * interval + 1, status="down" if n == 1 else "up")
            if n in (1, 2):  # the failure and the recovery are confirmed twice each
                for after in (3, 6):
                    moment = first + n * interval + after
                    probes(gpu, moment, moment + 1, status="down" if n == 1 else "up")
        now = first + 3 * interval + 200
        for rolled_up in (False, True):
            if rolled_up:
                rollups.roll_up(at(now + 7200))
            day = of_endpoint(gpu, now).periods[0]
            assert day.down == pytest.approx(interval + 6) and day.counted == pytest.approx(4 * interval)

    @pytest.mark.parametrize("after", [1, 30, 300, 3600, 86_400])
    @pytest.mark.parametrize("before", [30, 300, 3600])
    @pytest.mark.parametrize("status", ["up", "down"])
    def test_a_changed_interval_changes_only_what_comes(self, team, before, after, status):
        gpu = endpoint(team, interval=before, added_at=NOON - 4 * 3600)
        probes(gpu, NOON - 4 * 3600, NOON, status=status, interval=before)
        rollups.roll_up(at(NOON + 60))
        known = of_endpoint(gpu, NOON).periods[1]
        gpu.interval = after
        gpu.save()
        assert of_endpoint(gpu, NOON).periods[1].counted == known.counted
        probes(gpu, NOON, NOON + max(after, 600), interval=after)
        now = NOON + max(after, 600)
        week = of_endpoint(gpu, now).periods[1]
        assert 4 * 3600 - before <= week.counted + before and week.counted <= now - (NOON - 4 * 3600)
        assert week.down == pytest.approx(known.down, abs=before)

    def test_a_stretched_interval_counts_as_what_it_is(self, team):
        gpu = endpoint(team, interval=10)
        Observation.objects.bulk_create(
            Observation(endpoint=gpu, at=at(NOON - 3600 + 120 * n), status="up", interval=120) for n in range(30)
        )
        assert of_endpoint(gpu, NOON).periods[0].counted == 3600

    def test_a_new_endpoint_counts_from_when_it_was_added(self, team):
        gpu = endpoint(team, interval=3600, added_at=NOON - 60)
        probes(gpu, NOON - 55, NOON - 54, status="down", interval=3600)
        assert of_endpoint(gpu, NOON).periods[0].counted == 60


statuses, left_out = (
    st.sampled_from(("up", "down", "unknown", "busy")),
    st.sampled_from(("", "", "blind", "maintenance")),
)
gaps = st.lists(st.tuples(st.integers(0, 90_000), statuses, left_out, st.integers(1, 86_400)), max_size=12)


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(gaps, st.integers(1, 86_400))
def test_counted_time_never_exceeds_the_time_that_passed(team, found, interval):
    Endpoint.objects.all().delete()
    gpu, moment = endpoint(team, interval=interval), NOON - 40 * 86_400
    for gap, status, excluded, kept in found:
        moment += gap
        Observation.objects.create(endpoint=gpu, at=at(moment), status=status, excluded=excluded, interval=kept)
    now = moment + 1
    for _ in range(2):
        for period in of_endpoint(gpu, now).periods:
            watched = period.counted + period.maintenance + period.blind + period.unknown
            assert watched <= now - period_start(period.period, now) + 1e-3
            assert period.down <= period.counted + 1e-3 and (period.share is None or -1e-9 <= period.share <= 1)
        rollups.roll_up(at(now + 7200))


def period_start(key: str, now: float) -> int:
    return next(period.start(now) for period in PERIODS if period.key == key)
