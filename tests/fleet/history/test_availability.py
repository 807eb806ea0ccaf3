"""How available endpoints were, and what that leaves out."""

import csv
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from fleet.display.time_span import DAY, up_to
from fleet.engines.errors import Cause
from fleet.engines.reading import Failure, Reading
from fleet.history import day_strip, rollups
from fleet.history.availability import PERIODS, Availability, availability, together, without_repeats
from fleet.history.totals import FIGURES, Part, total_of
from fleet.models import AlertPolicy, EndpointState, Incident, Rollup
from fleet.queries.availability import of_endpoint, of_team
from fleet.queries.series import history
from tests.fleet import recording as record
from tests.fleet.past import DAWN, NOON, at, endpoint, probes
from tests.html import flat

DAY_PERIOD, WEEK, MONTH, QUARTER = PERIODS
LONG_AGO = 0.0
NOBODY_KNOWS = (None,) * len(FIGURES)


def part(start: float, *found: tuple[str, str], seconds: float = 30) -> Part:
    """A minute in which each of the probes stands for so many seconds."""
    return Part(1, int(start), total_of((seconds, *one, *NOBODY_KNOWS) for one in found))


def minutes(start: float, count: int, *found: tuple[str, str]) -> list[Part]:
    return [part(start + 60 * n, *found) for n in range(count)]


UP, DOWN = ("up", ""), ("down", "")


def test_the_share_is_that_of_the_time_in_which_it_was_not_found_down():
    parts = [*minutes(NOON - 6000, 90, UP, UP), *minutes(NOON - 600, 10, DOWN, DOWN)]
    known = availability(DAY_PERIOD, parts, NOON, 30, LONG_AGO)
    assert (known.share, known.counted, known.down, known.probes) == (0.9, 6000, 600, 200)


@pytest.mark.parametrize("status", ["busy", "loading", "asleep", "degraded"])
def test_an_endpoint_that_answers_is_available(status):
    assert availability(DAY_PERIOD, minutes(NOON - 60, 1, (status, "")), NOON, 30, LONG_AGO).share == 1


def test_probes_brought_forward_while_it_fails_do_not_make_it_worse():
    parts = [part(NOON - 120, UP, UP), part(NOON - 60, DOWN, DOWN, DOWN, DOWN, DOWN, seconds=12)]
    assert availability(DAY_PERIOD, parts, NOON, 30, LONG_AGO).share == 0.5


def test_maintenance_and_blind_times_are_left_out_and_reported():
    parts = [
        *minutes(NOON - 86_400, 1440 - 124, UP, UP),
        *minutes(NOON - 124 * 60, 120, ("down", "maintenance"), ("down", "maintenance")),
        *minutes(NOON - 240, 4, ("unknown", "blind"), ("unknown", "blind")),
    ]
    known = availability(DAY_PERIOD, parts, NOON, 30, LONG_AGO)
    assert (known.share, known.maintenance, known.blind, known.unwatched) == (1.0, 7200, 240, 0)
    assert known.notes == "excluded 2 h maintenance, 4 min blind"


def test_times_without_probes_or_results_are_reported_too():
    parts = [
        *minutes(NOON - 86_400, 60, UP, UP),
        *minutes(NOON - 3600, 30, UP, UP),
        *minutes(NOON - 1800, 30, ("unknown", "")),
    ]
    known = availability(DAY_PERIOD, parts, NOON, 30, LONG_AGO)
    assert known.notes == "not known for 15 min; not watched for 22 h 15 min"


def test_the_wait_for_the_next_probe_is_not_a_gap():
    assert availability(DAY_PERIOD, minutes(NOON - 86_400, 1439, UP, UP), NOON, 30, LONG_AGO).notes == ""


def test_a_figure_of_few_days_says_since_when_and_does_not_call_the_time_before_unwatched():
    added = NOON - 5 * 86_400 + 1800
    parts = [part(start, UP, seconds=86_400) for start in range(DAWN - 5 * 86_400, DAWN, 86_400)]
    known = availability(QUARTER, parts, DAWN, 30, added)
    assert (known.since, known.unwatched, known.share) == (int(added), 0, 1.0)
    assert availability(DAY_PERIOD, minutes(NOON - 86_400, 1440, UP, UP), NOON, 30, LONG_AGO).since is None


def test_periods_longer_than_the_history_are_not_shown_as_the_same_again():
    day, week, month = (Availability("24 h"), Availability("7 d", since=5), Availability("30 d", since=5))
    assert without_repeats([day, week, month]) == (day, week)
    assert without_repeats([week, month]) == (week,)
    assert without_repeats([day]) == (day,)


def test_without_any_history_there_is_no_figure():
    known = availability(WEEK, [], NOON, 30, LONG_AGO)
    assert (known.share, known.notes, known.since) == (None, "", None)


def test_what_is_older_than_the_period_does_not_count():
    parts = [part(NOON - 86_400 - 60, DOWN, DOWN), part(NOON - 86_400, UP, UP)]
    assert availability(DAY_PERIOD, parts, NOON, 30, LONG_AGO).share == 1.0


def test_together_each_counts_as_long_as_it_was_watched():
    long = availability(DAY_PERIOD, minutes(NOON - 54_000, 900, UP, UP), NOON, 30, LONG_AGO)
    short = availability(DAY_PERIOD, minutes(NOON - 6000, 100, DOWN, DOWN), NOON, 30, LONG_AGO)
    all_of_them = together(DAY_PERIOD, [long, short])
    assert (all_of_them.share, all_of_them.probes) == (0.9, 2000)
    assert all_of_them.since == NOON - 54_000
    assert together(DAY_PERIOD, []).share is None


@given(st.lists(st.lists(st.tuples(st.sampled_from(("up", "down", "busy", "unknown")), st.sampled_from(("", "blind"))),
                         max_size=4), max_size=20))  # fmt: skip
def test_the_share_is_one_and_the_times_make_up_what_was_watched(found):
    parts = [part(NOON - 3600 + 60 * n, *each, seconds=15) for n, each in enumerate(found)]
    known = availability(DAY_PERIOD, parts, NOON, 30, LONG_AGO)
    assert known.share is None or 0 <= known.share <= 1
    watched = sum(each.total.seconds for each in parts)
    assert known.counted + known.maintenance + known.blind + known.unknown == pytest.approx(watched)
    assert (known.share is None) == (not known.probes)


@pytest.mark.django_db
@pytest.mark.postgres
class TestFromTheHistory:
    def test_the_figures_are_the_same_whether_it_is_rolled_up_or_not(self, team):
        gpu = endpoint(team, interval=300, added_at=NOON - 26 * 3600)
        probes(gpu, NOON - 26 * 3600, NOON - 7200)
        probes(gpu, NOON - 7200, NOON - 3600, status="down")
        probes(gpu, NOON - 3600, NOON, excluded="maintenance")
        raw = of_endpoint(gpu, NOON).periods
        for now in (NOON - 20 * 3600, NOON - 5400, NOON - 200, NOON + 1000):
            assert rollups.roll_up(at(now))
            assert of_endpoint(gpu, NOON).periods == raw
        assert [known.maintenance for known in raw] == [3600] * 4
        assert raw[0].share == pytest.approx(22 / 23) and raw[1].share == pytest.approx(24 / 25)

    def test_90_days_come_from_days_and_show_when_the_endpoint_was_added(self, team):
        added = NOON - 40 * 86_400
        gpu = endpoint(team, interval=28_800, added_at=added)
        probes(gpu, added, NOON, status="up")
        rollups.roll_up(at(NOON + 1000))
        day, week, month, quarter = of_endpoint(gpu, NOON).periods
        assert (day.since, week.since, month.since, quarter.since) == (None, None, None, added)
        assert quarter.probes == 40 * 3 and quarter.notes == ""

    def test_a_team_has_a_line_for_each_endpoint_and_one_for_all(self, team):
        for name, status in (("a", "up"), ("b", "down")):
            probes(endpoint(team, name, 300), NOON - 86_400, NOON, status=status)
        found = of_team(team, NOON)
        assert [(line.endpoint.name, line.periods[0].share) for line in found.lines] == [("a", 1.0), ("b", 0.0)]
        assert found.total.periods[0].share == 0.5

    def test_the_boards_figure_leaves_out_what_does_not_count(self, team):
        gpu = endpoint(team)
        EndpointState.objects.create(endpoint=gpu, marks={"maintenance": at(NOON + 3600).isoformat()})
        failed = Reading(float(NOON), failure=Failure(Cause.CONNECTION_REFUSED, "connect", ""))
        record.record(record.state_of(gpu.pk), failed, 0.0)
        state = EndpointState.objects.get(pk=gpu.pk)
        assert day_strip.availability(state.strip, NOON) is None
        assert day_strip.day_cells(state.strip, NOON)[-1] == "unknown"

    def test_outages_are_added_up_from_the_incidents_in_which_it_was_down(self, team):
        gpu = endpoint(team)

        def outage(began: float, ended: float | None, status: str = "down", announced: str = "recovered") -> None:
            Incident.objects.create(
                endpoint=gpu, status=status, cause="timed_out", announced=announced, began_at=at(began),
                opened_at=at(began), resolved_at=None if ended is None else at(ended),
            )  # fmt: skip

        outage(NOON - 90_000, NOON - 82_800)  # half of it before the last 24 h
        outage(NOON - 7200, NOON - 6000)
        outage(NOON - 5000, NOON - 4000, status="degraded")
        outage(NOON - 5000, NOON - 4000, announced="closed")
        outage(NOON - 600, None)
        day, week, *_ = of_team(team, NOON).outages
        assert (day.incidents, day.seconds, day.to_repair) == (3, 3600 + 1200 + 600, 4200)
        assert (week.incidents, week.seconds) == (3, 7200 + 1200 + 600)

    def test_a_team_without_endpoints_has_no_figures(self, team):
        found = of_team(team, NOON)
        assert found.lines == () and found.total.periods[0].share is None
        assert found.outages[3].to_repair is None


def test_a_day_starts_with_an_hour_and_longer_periods_with_a_utc_day():
    now = NOON + 1234
    assert [at(period.start(now)) for period in PERIODS] == [
        at(NOON) - timedelta(days=1), at(DAWN) - timedelta(days=7),
        at(DAWN) - timedelta(days=30), at(DAWN) - timedelta(days=90),
    ]  # fmt: skip


def signed_in(client, person):
    client.force_login(person)
    return client


@pytest.mark.django_db
class TestPages:
    def test_the_endpoint_page_shows_a_young_history_once_and_what_it_leaves_out(self, client, alice, team):
        now = time.time() // 60 * 60
        gpu = endpoint(team, added_at=now - 7200)
        EndpointState.objects.create(endpoint=gpu)
        probes(gpu, now - 7200, now - 3600)
        probes(gpu, now - 3600, now, excluded="maintenance")
        html = signed_in(client, alice).get(gpu.get_absolute_url()).content.decode()
        part = html.split('id="availability-title"')[1].split("</section>")[0]
        assert part.count("100 %") == 1 and part.count("excluded 1 h maintenance") == 1 and part.count(", since") == 1
        assert f'href="/teams/{team.slug}/availability/"' in part

    def test_an_endpoint_that_was_never_probed_has_no_figure(self, client, alice, team):
        gpu = endpoint(team)
        EndpointState.objects.create(endpoint=gpu)
        assert "no data" in flat(signed_in(client, alice).get(gpu.get_absolute_url()).content.decode())

    def test_the_team_page_has_endpoints_the_total_and_outages_for_anyone_signed_in(self, client, charlie, team):
        now = time.time() // 60 * 60
        for name, status in (("good", "up"), ("<b>bad</b>", "down")):
            probes(endpoint(team, name), now - 3600, now, status=status)
        html = signed_in(client, charlie).get(f"/teams/{team.slug}/availability/").content.decode()
        assert "All together" in html and "50 %" in html and "none repaired" in html
        assert "&lt;b&gt;bad&lt;/b&gt;" in html and "<b>bad" not in html

    def test_last_week_is_that_of_the_teams_clock_and_all_is_a_table_too(self, client, alice, team):
        AlertPolicy.objects.update_or_create(team=team, defaults={"time_zone": "Asia/Tokyo"})
        now = datetime(2026, 11, 25, 10, tzinfo=UTC).timestamp()  # a Wednesday
        monday = datetime(2026, 11, 15, 15, tzinfo=UTC).timestamp()  # 0:00 in Tokyo
        gpu = endpoint(team, "=gpu", added_at=monday - 86_400)
        probes(gpu, monday - 3600, monday, status="down")
        probes(gpu, monday, monday + 3600)
        probes(gpu, monday + 7 * 86_400 - 3600, monday + 7 * 86_400, status="down")
        probes(gpu, monday + 7 * 86_400, monday + 7 * 86_400 + 3600)
        end = monday + 7 * 86_400
        moments = {"began_at": at(end - 3600), "opened_at": at(end - 3500), "resolved_at": at(end + 60)}
        Incident.objects.create(endpoint=gpu, status="down", **moments)
        found = of_team(team, now)
        week, outages = found.lines[0].periods[-1], found.outages[-1]
        last_week = "last week, 2026-11-16 to 2026-11-22"
        assert (week.period, week.share, week.counted) == (last_week, 0.5, 7200)
        assert (outages.incidents, outages.seconds, outages.to_repair) == (1, 3600, None)
        with time_machine.travel(now, tick=False):
            page = signed_in(client, alice).get(f"/teams/{team.slug}/availability/").content.decode()
            answer = client.get(f"/teams/{team.slug}/availability/?format=csv")
        assert "Monday to Sunday on the clock of the team's alerts (Asia/Tokyo)" in flat(page)
        assert page.index("All together") < page.index("=gpu"), "first, also on a phone"
        rows = {(row["endpoint"], row["period"]): row for row in csv.DictReader(answer.content.decode().splitlines())}
        assert (
            rows["'=gpu", last_week]["available (%)"] == rows["All together", last_week]["available (%)"] == "50.0000"
        )
        assert len(rows) == 10

    def test_a_team_without_endpoints_is_shown_what_to_do(self, client, alice, team):
        html = signed_in(client, alice).get(f"/teams/{team.slug}/availability/").content.decode()
        assert "watches nothing yet" in html and "/endpoints/add/" in html

    def test_there_is_no_page_of_an_unknown_team_and_none_for_strangers(self, client, alice, team):
        assert client.get(f"/teams/{team.slug}/availability/").status_code == 302
        assert signed_in(client, alice).get("/teams/nobody/availability/").status_code == 404

    def test_the_board_links_to_it_from_the_heading_of_the_team(self, client, alice, team):
        EndpointState.objects.create(endpoint=endpoint(team), status="up")
        assert f'href="/teams/{team.slug}/availability/"' in signed_in(client, alice).get("/").content.decode()


@pytest.mark.parametrize("odd", [[], "text", 5, [1]])
@pytest.mark.parametrize("column", ["counts", "excluded", "sums"])
@pytest.mark.django_db
def test_a_stored_span_that_can_not_be_read_is_left_out(team, column, odd):
    gpu = endpoint(team)
    for span, start in (("day", DAWN - 2 * 86_400), ("hour", DAWN)):
        values = {"counts": {"up": 1}, column: odd}
        Rollup.objects.create(endpoint=gpu, span=span, start=at(start), worst="up", **values)
    assert of_endpoint(gpu, NOON).periods[1].probes == 0
    EndpointState.objects.create(endpoint=gpu)
    assert history(gpu, up_to(7 * DAY, NOON), NOON).charts
