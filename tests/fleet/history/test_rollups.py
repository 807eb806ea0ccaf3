"""Minutes, hours and days from observations; and what is deleted when."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError
from hypothesis import given
from hypothesis import strategies as st

from core.models import PutOff
from fleet.history import rollups, upkeep
from fleet.history.totals import FIGURES, RANK, SECONDS, Part, Total, add_up, coarser, stands_for, total_of
from fleet.models import Endpoint, Observation, Rollup
from tests.fleet.past import DAWN, NOON, at, endpoint, probes

numbers = st.none() | st.floats(0, 10_000, allow_subnormal=False)
probe = st.tuples(
    st.integers(0, 3600),
    st.sampled_from(RANK),
    st.sampled_from(("", "", "maintenance", "blind")),
    *[numbers] * len(FIGURES),
)


def rows(span: str) -> list[Rollup]:
    return list(Rollup.objects.filter(span=span).order_by("endpoint_id", "start"))


# Adding up


@given(st.lists(st.lists(probe, max_size=6), max_size=8))
def test_an_hour_is_the_sum_of_its_minutes(minutes):
    hour = add_up(total_of(each) for each in minutes)
    counted = [p for each in minutes for p in each if not p[2]]
    assert hour.probes == sum(map(len, minutes))
    assert hour.counts == {s: n for s in RANK if (n := sum(p[1] == s for p in counted))}
    for i, name in enumerate(FIGURES, 3):
        known = [p[i] for p in counted if p[i] is not None]
        if known:
            assert hour.sums[name] == pytest.approx([len(known), sum(known), min(known), max(known)], abs=1e-3)
        else:
            assert name not in hour.sums


@given(st.lists(st.lists(probe, max_size=4), max_size=8), st.integers(0, 8))
def test_it_does_not_matter_in_which_portions_totals_are_added_up(minutes, cut):
    totals = [total_of(each) for each in minutes]
    whole, halves = add_up(totals), add_up([add_up(totals[:cut]), add_up(totals[cut:])])
    assert (whole.counts, whole.excluded, whole.worst) == (halves.counts, halves.excluded, halves.worst)
    assert whole.sums.keys() == halves.sums.keys()
    for name, numbers in whole.sums.items():
        assert numbers == pytest.approx(halves.sums[name], abs=1e-3)


def found(status: str, excluded: str = "", seconds: float = 10, **figures) -> tuple:
    return (seconds, status, excluded, *(figures.get(name) for name in FIGURES))


def test_the_most_urgent_status_speaks_for_a_minute_and_excluded_probes_only_count_as_such():
    total = total_of([found("up", latency_ms=4.0), found("busy"), found("down", "blind", latency_ms=9.0)])
    assert (total.worst, total.counts, total.excluded) == ("busy", {"up": 1, "busy": 1}, {"blind": 1})
    assert total.sums["latency_ms"] == [1, 4.0, 4.0, 4.0]
    assert total_of([found("down", "maintenance")]).worst == "unknown"


@pytest.mark.parametrize(
    ("since_last", "expected"),
    [(None, 30), (0, 0), (3, 3), (27, 27), (30, 30), (33, 33), (45, 45), (46, 30), (9e9, 30)],
)
def test_a_probe_stands_for_the_time_since_the_last_one_as_far_as_its_interval_explains_it(since_last, expected):
    assert stands_for(since_last, 30) == expected


def test_each_status_has_the_time_of_its_own_probes():
    probes = [found("up", seconds=594), found("down", seconds=600), found("down", seconds=3), found("up", "blind")]
    total = total_of(probes)
    assert [total.seconds_of(what) for what in ("up", "down", "blind", "busy")] == [594, 603, 10, 0]
    assert total.seconds == 1207 and total_of([]) == Total()


def test_spans_from_before_each_status_had_its_own_time_share_theirs():
    old = Total({"up": 3, "down": 1}, {}, {SECONDS: [4, 120, 30, 30]})
    both = add_up([old, total_of([found("down", seconds=3)])])
    assert [each.seconds_of("down") for each in (old, both)] == [30, 33] and both.seconds == 123


def test_busy_is_kept_as_zero_or_one():
    assert total_of([found("up", busy=True), found("up", busy=False)]).sums["busy"] == [2, 1, 0, 1]


def test_parts_are_put_into_their_hour_and_endpoint():
    minutes = [Part(pk, start, total_of([found("up")])) for pk in (1, 2) for start in (0, 3540, 3600)]
    assert [(p.endpoint_id, p.start, p.total.probes) for p in coarser(minutes, 3600)] == [
        (1, 0, 2), (1, 3600, 1), (2, 0, 2), (2, 3600, 1),
    ]  # fmt: skip


# Rolling up


@pytest.mark.django_db
@pytest.mark.postgres
class TestRollingUp:
    def test_minutes_hours_and_days_hold_every_probe_once(self, team):
        gpu, box = endpoint(team), endpoint(team, "box", 300)
        for each in (gpu, box):
            probes(each, DAWN - 7200, DAWN + 3700, running=3, busy=True)
        probes(gpu, DAWN + 3700, DAWN + 3800, status="down", latency_ms=None)
        assert rollups.roll_up(at(DAWN + 86_400 + 1000))
        for span in ("minute", "hour", "day"):
            assert sum(row.counts.get("up", 0) for row in rows(span) if row.endpoint_id == gpu.pk) == 364
            assert sum(sum(row.counts.values()) for row in rows(span) if row.endpoint_id == box.pk) == 37
        days = [row for row in rows("day") if row.endpoint_id == gpu.pk]
        assert [(row.start, row.worst) for row in days] == [(at(DAWN - 86_400), "up"), (at(DAWN), "down")]
        assert days[1].sums["running"] == [124, 372, 3, 3] and days[1].sums["busy"] == [124, 124, 1, 1]
        assert days[0].sums[SECONDS][1] == 7200

    def test_only_what_is_complete_for_two_minutes_is_rolled_up(self, team):
        gpu = endpoint(team)
        probes(gpu, NOON, NOON + 600)
        rollups.roll_up(at(NOON + 239))
        assert [row.start for row in rows("minute")] == [at(NOON)]
        rollups.roll_up(at(NOON + 240))
        assert [row.start for row in rows("minute")] == [at(NOON), at(NOON + 60)]
        assert not rows("hour")

    def test_twice_is_as_good_as_once(self, team):
        probes(endpoint(team), NOON - 7200, NOON)
        rollups.roll_up(at(NOON + 1000))
        before = [(row.span, row.start, row.counts, row.sums) for row in Rollup.objects.order_by("span", "start")]
        rollups.roll_up(at(NOON + 1000))
        Rollup.objects.filter(span="minute", start=at(NOON - 60)).delete()
        Rollup.objects.filter(span="hour", start=at(NOON - 3600)).delete()
        rollups.roll_up(at(NOON + 1000))
        after = [(row.span, row.start, row.counts, row.sums) for row in Rollup.objects.order_by("span", "start")]
        assert after == before and len(before) == 122

    def test_what_comes_late_is_counted_when_its_hour_is_rolled_up(self, team):
        gpu = endpoint(team)
        probes(gpu, NOON - 3600, NOON)
        rollups.roll_up(at(NOON + 300))
        Observation.objects.create(endpoint=gpu, at=at(NOON - 3000), status="down")
        rollups.roll_up(at(NOON + 600))
        (hour,) = rows("hour")
        assert hour.counts == {"up": 120, "down": 1}
        assert Rollup.objects.get(span="minute", start=at(NOON - 3000)).counts == {"up": 2, "down": 1}

    def test_a_run_that_breaks_off_is_taken_up_where_it_was(self, team, monkeypatch):
        fleet = [endpoint(team, f"gpu-{n}") for n in range(3)]
        for each in fleet:
            probes(each, NOON - 7200, NOON)
        write, portions = rollups._write, []

        def breaks(span, parts):
            portions.append(span)
            if len(portions) == 5:
                raise OperationalError("gone")
            write(span, list(parts)[:20])  # a portion of it was written, the rest was not

        monkeypatch.setattr(rollups, "_write", breaks)
        with pytest.raises(OperationalError):
            rollups.roll_up(at(NOON + 1000))
        monkeypatch.setattr(rollups, "_write", write)
        assert rollups.roll_up(at(NOON + 1000))
        assert sum(row.counts["up"] for row in rows("hour")) == 3 * 240
        assert len(rows("minute")) == 3 * 120

    def test_a_stop_and_a_pause_are_leapt_over(self, team, django_assert_max_num_queries):
        gpu = endpoint(team)
        probes(gpu, NOON - 90 * 86_400, NOON - 90 * 86_400 + 600)
        rollups.roll_up(at(NOON - 90 * 86_400 + 700))
        probes(gpu, NOON - 600, NOON)
        with django_assert_max_num_queries(60):
            assert rollups.roll_up(at(NOON + 1000))
        assert sum(row.counts["up"] for row in rows("hour")) == 40
        with django_assert_max_num_queries(7):
            assert rollups.roll_up(at(NOON + 1060))

    def test_out_of_time_the_rest_is_left_to_the_next_run(self, team):
        probes(endpoint(team), NOON - 7200, NOON)
        assert not rollups.roll_up(at(NOON + 1000), budget=0)
        while not rollups.roll_up(at(NOON + 1000), budget=0.01):
            pass
        assert sum(row.counts["up"] for row in rows("hour")) == 240

    def test_spans_from_when_the_clock_was_ahead_hold_nothing_up(self, team):
        gpu = endpoint(team)
        probes(gpu, NOON + 86_400, NOON + 86_400 + 300)
        rollups.roll_up(at(NOON + 90_000))
        probes(gpu, NOON, NOON + 300)
        rollups.roll_up(at(NOON + 600))
        assert Rollup.objects.filter(span="minute", start__lt=at(NOON + 300)).count() == 5

    def test_an_endpoint_removed_meanwhile_costs_the_others_nothing(self, team, monkeypatch):
        gone, other = endpoint(team), endpoint(team, "gpu-2")
        for gpu in (gone, other):
            probes(gpu, NOON - 600, NOON)
        write, number = rollups._write, gone.pk

        def removed(span, parts):
            parts = list(parts)
            if any(part.endpoint_id == number for part in parts):
                Endpoint.objects.filter(pk=number).delete()
                raise IntegrityError("no such endpoint")
            write(span, parts)

        monkeypatch.setattr(rollups, "_write", removed)
        assert rollups.roll_up(at(NOON + 1000))
        assert {row.endpoint_id for row in rows("hour")} == {other.pk}
        assert not PutOff.objects.exists()

    def test_a_transaction_writes_few_rows(self, team, monkeypatch, django_assert_max_num_queries):
        fleet = [endpoint(team, f"gpu-{n}") for n in range(60)]
        Observation.objects.bulk_create(
            Observation(endpoint=each, at=at(NOON + 60 * n), status="up") for each in fleet for n in range(10)
        )
        sizes = []
        create = Rollup.objects.bulk_create
        monkeypatch.setattr(
            type(Rollup.objects), "bulk_create", lambda self, rows, **kw: (sizes.append(len(rows)), create(rows, **kw))
        )
        rollups.roll_up(at(NOON + 720))
        assert sum(sizes) == 600 and max(sizes) == rollups.WRITE_AT_ONCE


# Pruning


@pytest.mark.django_db
@pytest.mark.postgres
class TestPruning:
    def test_raw_goes_after_two_days_and_minutes_after_three_hours(self, team):
        gpu = endpoint(team, interval=3600)
        probes(gpu, NOON - 10 * 86_400, NOON)
        rollups.roll_up(at(NOON + 1000))
        upkeep.prune(at(NOON + 1000))
        oldest = Observation.objects.order_by("at").first()
        assert timedelta(0) <= oldest.at - (at(NOON + 1000) - timedelta(days=2)) < timedelta(hours=1)
        assert [row.start for row in rows("minute")] == [at(NOON - hours * 3600) for hours in (2, 1)]
        assert rows("hour")[0].start == at(NOON - 10 * 86_400)
        assert sum(row.counts["up"] for row in rows("hour")) == 240

    def test_minutes_of_an_endpoint_that_is_paused_are_not_made_again(self, team):
        gpu = endpoint(team)
        probes(gpu, NOON - 7 * 3600, NOON - 6.5 * 3600)
        rollups.roll_up(at(NOON))
        upkeep.prune(at(NOON))
        assert Observation.objects.count() == 60 and not rows("minute")
        assert rollups.roll_up(at(NOON + 60)) and not rows("minute")
        probes(gpu, NOON, NOON + 60)
        rollups.roll_up(at(NOON + 600))
        assert [row.start for row in rows("minute")] == [at(NOON)]

    def test_readings_are_kept_as_long_as_the_administrator_says(self, team, monkeypatch):
        monkeypatch.setattr(upkeep, "KEEP_OBSERVATIONS", timedelta(days=5))
        probes(endpoint(team, interval=3600), NOON - 10 * 86_400, NOON)
        rollups.roll_up(at(NOON + 1000))
        upkeep.prune(at(NOON + 1000))
        oldest = Observation.objects.order_by("at").first()
        assert timedelta(0) <= oldest.at - (at(NOON + 1000) - timedelta(days=5)) < timedelta(hours=1)

    def test_hours_and_days_go_by_their_age(self, team):
        gpu = endpoint(team)
        for days in (801, 799, 101, 99):
            probes(gpu, NOON - days * 86_400, NOON - days * 86_400 + 60)
        rollups.roll_up(at(NOON))
        upkeep.prune(at(NOON))
        assert [round((at(NOON) - row.start).days) for row in rows("hour")] == [99]
        assert [(at(NOON) - row.start).days for row in rows("day")] == [799, 101, 99]

    def test_what_is_not_rolled_up_is_kept_however_old(self, team):
        gpu, box = endpoint(team), endpoint(team, "box")
        probes(gpu, NOON - 30 * 86_400, NOON - 30 * 86_400 + 600)
        upkeep.prune(at(NOON))
        assert Observation.objects.count() == 20
        rollups.roll_up(at(NOON - 30 * 86_400 + 900))  # minutes, but no hour yet
        probes(box, NOON - 20 * 86_400, NOON - 20 * 86_400 + 600)
        upkeep.prune(at(NOON))
        assert Observation.objects.count() == 40 and len(rows("minute")) == 10
        rollups.roll_up(at(NOON))
        upkeep.prune(at(NOON))
        assert Observation.objects.count() == 0 and not rows("minute") and len(rows("hour")) == 2
