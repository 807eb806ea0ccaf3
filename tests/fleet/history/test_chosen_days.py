"""Availability in days that a reader chooses."""

import csv
from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings

from core.display import COOKIE, Display
from fleet.history import rollups
from fleet.history.availability import chosen_days
from fleet.models import Incident, Rollup
from fleet.queries.availability import of_team
from teams.models import ShownAs
from tests.fleet.past import DAWN, NOON, at, endpoint, probes
from tests.html import flat

HOURS, DAYS = 100, 800
TODAY = "2027-01-15"


def chosen(first: str, last: str, zone: str = "UTC"):
    return chosen_days(first, last, zone, NOON, HOURS, DAYS)


def test_both_days_are_included_and_today_ends_now():
    days = chosen("2027-01-13", "2027-01-14")
    assert (days.start, days.end, days.period.key) == (DAWN - 2 * 86_400, DAWN, "2027-01-13 to 2027-01-14")
    assert chosen(TODAY, TODAY).start == DAWN and chosen(TODAY, TODAY).end == NOON


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Asia/Tokyo", datetime(2027, 1, 12, 15, tzinfo=UTC)),
        ("America/New_York", datetime(2027, 1, 13, 5, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2027, 1, 12, 18, tzinfo=UTC)),  # 18:30: whole hours are kept
    ],
)
def test_days_are_those_of_the_readers_clock(zone, start):
    days = chosen("2027-01-13", "2027-01-13", zone)
    assert days.start == start.timestamp() and days.end == start.timestamp() + 86_400


def test_a_day_on_which_the_clock_changes_has_its_own_length():
    days = chosen("2026-10-25", "2026-10-25", "Europe/Vienna")
    assert days.end - days.start == 25 * 3600


def test_what_begins_before_there_are_hours_goes_by_days_of_utc():
    days = chosen("2026-09-01", "2026-09-30", "Asia/Tokyo")
    assert (days.zone, days.start) == ("UTC", datetime(2026, 9, 1, tzinfo=UTC).timestamp())
    assert chosen("2026-12-01", "2026-12-31", "Asia/Tokyo").zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("first", "last", "zone", "sentence"),
    [
        ("", TODAY, "UTC", "Both days are needed"),
        (TODAY, "", "UTC", "Both days are needed"),
        ("15.1.2027", TODAY, "UTC", "“15.1.2027” is no day. Write it like 2026-11-28."),
        ("2027-02-30", TODAY, "UTC", "is no day"),
        ("2027-01-14", "2027-01-13", "UTC", "before the first one. Exchange the two."),
        (TODAY, "2027-01-16", "UTC", "has not come yet. Choose 2027-01-15 or an earlier one."),
        ("0001-01-01", TODAY, "UTC", "kept for 800 days (KEEP_DAILY). Choose 2024-11-07 or a later first day."),
        ("2024-11-06", TODAY, "UTC", "Choose 2024-11-07 or a later"),
        (TODAY, TODAY, "Europe/Vindobona", "“Europe/Vindobona” is no time zone we know."),
        ("9999-12-31", "9999-12-31", "UTC", "has not come yet"),
    ],
)
def test_what_can_not_be_shown_says_why_and_what_to_do(first, last, zone, sentence):
    with pytest.raises(ValueError, match=r"^.") as refused:
        chosen(first, last, zone)
    assert sentence in str(refused.value)


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("days", [("2027-01-11", "2027-01-13"), (TODAY, TODAY), ("2027-01-09", TODAY)])
def test_the_figures_are_the_same_whether_it_is_rolled_up_or_not(team, zone, days):
    gpu = endpoint(team, interval=900, added_at=NOON - 5 * 86_400 + 3600)
    for n in range(5 * 24):
        start = NOON - 5 * 86_400 + 3600 + 3600 * n
        probes(gpu, start, min(start + 3600, NOON), status="down" if n % 7 == 3 else "up")
    raw = of_team(team, NOON, chosen(*days, zone)).lines[0].periods[-1]
    assert raw.probes and (days[0] == TODAY or raw.share not in (None, 1.0))
    for now in (NOON - 2 * 86_400, NOON - 3 * 3600 - 5, NOON, NOON + 1000):
        rollups.roll_up(at(now))
        assert of_team(team, NOON, chosen(*days, zone)).lines[0].periods[-1] == raw, at(now)
    assert Rollup.objects.filter(span="day").exists()


@pytest.mark.django_db
def test_nothing_before_the_first_day_or_after_the_last_counts(team):
    gpu = endpoint(team, interval=300)
    probes(gpu, DAWN - 3 * 86_400, DAWN - 2 * 86_400, status="down")
    probes(gpu, DAWN - 2 * 86_400, DAWN - 86_400)
    probes(gpu, DAWN - 86_400, DAWN, status="down")
    rollups.roll_up(at(NOON))
    known = of_team(team, NOON, chosen("2027-01-13", "2027-01-13")).lines[0].periods[-1]
    assert (known.share, known.counted, known.probes) == (1.0, 86_400, 288)


@pytest.mark.django_db
class TestPage:
    @pytest.fixture
    def page(self, client, alice, team):
        """The page at noon, by what its address asks."""
        gpu = endpoint(team, interval=900)
        probes(gpu, DAWN - 2 * 86_400, DAWN - 86_400)
        probes(gpu, DAWN - 86_400, DAWN, status="down")
        moments = {"began_at": at(DAWN - 86_400), "opened_at": at(DAWN - 86_400), "resolved_at": at(DAWN - 82_800)}
        Incident.objects.create(endpoint=gpu, status="down", **moments)

        def page(**asked):
            with time_machine.travel(NOON, tick=False):
                client.force_login(alice)
                return client.get(f"/teams/{team.slug}/availability/", asked)

        return page

    def test_the_days_are_a_column_of_their_own_with_outages_and_a_link_to_the_same_as_csv(self, page):
        html = flat(page(**{"from": "2027-01-13", "to": "2027-01-14", "zone": "UTC"}).content.decode())
        assert html.count("2027-01-13 to 2027-01-14") == 4 and "50 %" in html
        assert "by the clock of UTC" in html and 'type="date" value="2027-01-13"' in html
        assert 'href="?format=csv&amp;from=2027-01-13&amp;to=2027-01-14&amp;zone=UTC"' in html

    def test_the_table_has_them_and_its_name_says_which_days(self, page):
        answer = page(**{"from": "2027-01-14", "to": "2027-01-14", "format": "csv"})
        assert 'filename="availability-search-2027-01-14-2027-01-14.csv"' in answer["Content-Disposition"]
        rows = [row for row in csv.DictReader(answer.content.decode().splitlines()) if row["period"].startswith("2027")]
        assert [(row["endpoint"], row["available (%)"]) for row in rows] == [
            ("All together", "0.0000"),
            ("gpu-1", "0.0000"),
        ]

    def test_a_wrong_day_keeps_the_page_and_says_what_to_do(self, page):
        asked = {"from": "2027-01-14", "to": "2027-01-13"}
        html = flat(page(**asked).content.decode())
        assert "The last day is before the first one. Exchange the two." in html and "last week" in html
        answer = page(**asked, format="csv")
        assert answer.status_code == 400 and answer.content.decode().startswith("The last day is before")

    def test_without_a_zone_that_of_the_browser_counts_and_else_the_installations(self, page, client):
        asked = {"from": "2027-01-14", "to": "2027-01-14"}
        assert f"by the clock of {settings.TIME_ZONE}" in flat(page(**asked).content.decode())
        client.cookies[COOKIE] = Display(zone="Asia/Tokyo").cookie
        assert "by the clock of <span data-zone>Asia/Tokyo</span>" in flat(page(**asked).content.decode())

    def test_the_zone_that_the_person_chose_goes_before_that_of_the_browser(self, page, client, alice):
        ShownAs.objects.create(user=alice, zone="Asia/Kolkata")
        client.cookies[COOKIE] = Display(zone="Asia/Tokyo").cookie
        asked = {"from": "2027-01-14", "to": "2027-01-14"}
        assert "by the clock of <span data-zone>Asia/Kolkata</span>" in flat(page(**asked).content.decode())

    def test_days_by_utc_say_why(self, page):
        html = flat(page(**{"from": "2026-06-01", "to": "2026-06-30", "zone": "Asia/Tokyo"}).content.decode())
        assert "by the clock of UTC, since they begin before there are sums of hours" in html
