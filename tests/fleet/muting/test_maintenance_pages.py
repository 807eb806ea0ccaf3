"""The page on which people plan maintenance: by which clock, what is refused, and what was stored oddly."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from fleet.models import Endpoint, EndpointState, MaintenanceWindow
from fleet.muting import windows
from tests.html import flat

pytestmark = [pytest.mark.usefixtures("valkey", "transactional_db"), pytest.mark.database]

HOUR = timedelta(hours=1)
NEXT_YEAR = datetime.now(UTC).year + 1


def text(response) -> str:
    return flat(response.content.decode())


def local(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def plan(gpu: Endpoint, **data) -> dict[str, str]:
    start = datetime.now(UTC) + 24 * HOUR
    known = {"name": "Driver update", "target": f"endpoint-{gpu.pk}", "repeats": "once", "time_zone": "UTC"}
    return {**known, "starts": local(start), "ends": local(start + 2 * HOUR), **data}


def test_the_maintenance_page_teaches_lists_and_removes(page, gpu):
    html = text(page.get("/maintenance/"))
    assert "No maintenance is planned." in html
    assert 'For several endpoints at once <a href="/?view=none">tick their rows on the board</a>' in html
    html = text(page.post("/maintenance/", plan(gpu, repeats="weekly"), follow=True))
    assert "“Driver update” is planned for gpu-1." in html and "every week by the clock of UTC" in html
    assert re.search(r"</time> to <time [^>]*>[^<]*</time> <span [^>]*data-zone>", html)
    assert "Driver update, every week" in text(page.get(gpu.get_absolute_url()))
    html = text(page.post(f"/maintenance/{MaintenanceWindow.objects.get().pk}/remove/", follow=True))
    assert "No maintenance is planned." in html


def test_the_form_begins_with_the_next_full_hour_and_suggests_zones(page, settings):
    settings.TIME_ZONE = "UTC"
    with time_machine.travel(datetime(2026, 11, 28, 21, 34, tzinfo=UTC), tick=False):
        html = text(page.get("/maintenance/"))
    assert 'value="2026-11-28T22:00"' in html and 'value="2026-11-28T23:00"' in html
    assert '<datalist id="zones">' in html and '<option value="Asia/Tokyo">' in html


def test_maintenance_of_what_is_down_begins_now(page, gpu, settings):
    settings.TIME_ZONE = "UTC"
    EndpointState.objects.filter(pk=gpu.pk).update(status="down")
    with time_machine.travel(datetime(2026, 11, 28, 21, 34, tzinfo=UTC), tick=False):
        html = text(page.get(f"/maintenance/?endpoint={gpu.pk}"))
    assert 'value="2026-11-28T21:34"' in html and 'value="2026-11-28T23:00"' in html


def test_times_of_maintenance_are_those_of_its_own_zone(page, gpu):
    data = plan(gpu, time_zone="Europe/Berlin", starts=f"{NEXT_YEAR}-07-01T02:00", ends=f"{NEXT_YEAR}-07-01T04:00")
    page.post("/maintenance/", data)
    assert MaintenanceWindow.objects.get().starts_at == datetime(NEXT_YEAR, 7, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts", "ends", "begin", "end"),
    [
        pytest.param("10-25T01:00", "10-25T04:00", "10-24 23:00", "10-25 03:00", id="over the end of summer time"),
        pytest.param("03-29T01:00", "03-29T04:00", "03-29 00:00", "03-29 02:00", id="over its beginning"),
        pytest.param("10-24T22:00", "10-25T06:00", "10-24 20:00", "10-25 05:00", id="across midnight"),
        pytest.param("10-25T02:30", "10-25T02:45", "10-25 00:30", "10-25 00:45", id="in the doubled hour"),
        pytest.param("10-25T02:30", "10-25T02:15", "10-25 00:30", "10-25 01:15", id="into its second time"),
        pytest.param("10-25T01:30", "10-25T02:30", "10-24 23:30", "10-25 00:30", id="into its first time"),
        pytest.param("03-29T02:30", "03-29T04:00", "03-29 01:30", "03-29 02:00", id="from a time left out"),
        pytest.param("03-29T01:30", "03-29T02:30", "03-29 00:30", "03-29 01:30", id="to a time left out"),
        pytest.param("03-29T02:30", "03-29T03:10", None, None, id="nothing of it is left"),
    ],
)
def test_maintenance_planned_once_ends_when_it_says(page, gpu, starts, ends, begin, end):
    data = plan(gpu, time_zone="Europe/Berlin", starts=f"2026-{starts}", ends=f"2026-{ends}")
    with time_machine.travel(datetime(2026, 1, 15, tzinfo=UTC)):
        html = text(page.post("/maintenance/", data, follow=True))
    if begin is None:
        assert "The clock is put forward just then" in html and not MaintenanceWindow.objects.exists()
        return
    found = windows.first(MaintenanceWindow.objects.get())
    assert found == tuple(datetime.fromisoformat(f"2026-{at}+00:00") for at in (begin, end))


@pytest.mark.parametrize("first", ["2026-10-18", "2026-10-25", "2026-11-01", "2026-03-22", "2026-03-29", "2026-04-05"])
def test_what_repeats_is_as_long_as_its_clock_shows(page, gpu, first):
    data = plan(gpu, time_zone="Europe/Berlin", starts=f"{first}T01:00", ends=f"{first}T04:00", repeats="weekly")
    with time_machine.travel(datetime(2026, 1, 15, tzinfo=UTC)):
        page.post("/maintenance/", data)
    assert MaintenanceWindow.objects.get().minutes == 180


def test_maintenance_of_a_whole_team_is_shown_on_its_endpoints(page, gpu):
    now = datetime.now(UTC)
    page.post(
        "/maintenance/", plan(gpu, target=f"team-{gpu.team_id}", starts=local(now - HOUR), ends=local(now + HOUR))
    )
    assert "On now" in text(page.get("/maintenance/"))
    assert "Maintenance</a> of all of Search until" in text(page.get(gpu.get_absolute_url()))
    assert 'class="row-marks"' in text(page.get("/"))


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ({"starts": f"{NEXT_YEAR}-01-01T10:00", "ends": f"{NEXT_YEAR}-01-01T09:00"}, "It ends before it starts"),
        ({"starts": f"{NEXT_YEAR}-01-01T10:00", "ends": f"{NEXT_YEAR}-01-01T10:00"}, "a minute at least"),
        ({"starts": "0001-01-01T00:00", "ends": "0001-01-01T00:30"}, "more than a year ago"),
        ({"starts": "0001-01-01T00:00", "time_zone": "Pacific/Kiritimati"}, "more than a year ago"),
        ({"starts": "9999-12-31T23:00", "ends": "9999-12-31T23:30"}, "ten years ahead"),
        ({"ends": "9999-12-31T23:30", "time_zone": "America/Los_Angeles"}, "ten years ahead"),
        ({"repeats": "daily", "last_day": "9999-12-31"}, "ten years ahead"),
        ({"starts": ""}, "Choose when it starts"),
        ({"name": ""}, "Name what is done"),
        ({"time_zone": "Mars/Base"}, "no time zone we know"),
        ({"repeats": "daily", "last_day": "2020-01-01"}, "before the first one"),
        ({"repeats": "daily", "last_day": "soon"}, "Write the day like"),
    ],
)
def test_maintenance_that_makes_no_sense_is_refused_and_what_was_typed_stays(page, gpu, data, result):
    answer = page.post("/maintenance/", plan(gpu, **data))
    assert answer.status_code == 422 and result in text(answer) and not MaintenanceWindow.objects.exists()
    assert data.get("name", "Driver update") in text(answer)


OLD, LATE = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
ODD = {
    "once in the year one": {"starts_at": OLD},
    "once in 9999": {"starts_at": LATE},
    "months from the year one": {"starts_at": OLD, "repeats": "monthly"},
    "by another clock": {"starts_at": OLD, "repeats": "monthly", "time_zone": "America/Los_Angeles"},
    "weeks of 9999": {"starts_at": LATE, "repeats": "weekly", "time_zone": "America/Los_Angeles"},
    "very long": {"starts_at": datetime.now(UTC) - HOUR, "minutes": 2**31 - 1},
    "a zone that is gone": {"starts_at": datetime.now(UTC), "repeats": "daily", "time_zone": "Mars/Base"},
    "a zone that is a folder": {"starts_at": datetime.now(UTC), "repeats": "daily", "time_zone": "Europe"},
    "an unknown repetition": {"starts_at": datetime.now(UTC), "repeats": "hourly"},
}
"""What no form takes any more, but older rows and restored ones may have."""


def test_windows_with_odd_dates_that_are_stored_stay_on_the_page_and_can_be_removed(page, gpu):
    rows = [MaintenanceWindow(team=gpu.team, name=name, **{"minutes": 30} | values) for name, values in ODD.items()]
    MaintenanceWindow.objects.bulk_create(rows)
    assert page.get(gpu.get_absolute_url()).status_code == 200
    for left in range(len(ODD), 0, -1):
        html = text(page.get("/maintenance/"))
        found = [window for window in MaintenanceWindow.objects.all() if f"Remove {window.name}" in html]
        ended = [window for window in MaintenanceWindow.objects.all() if f"End {window.name}" in html]
        assert len(found + ended) == left
        assert page.post(f"/maintenance/{(found + ended)[0].pk}/remove/").status_code == 302


@pytest.mark.parametrize(
    ("odd", "shown"),
    [
        ({"time_zone": "Mars/Base"}, "The time zone “Mars/Base” is not known on this machine, so UTC is used."),
        ({"repeats": "hourly"}, "“hourly” is no way to repeat that is known."),
    ],
)
def test_a_window_that_can_not_be_kept_as_stored_is_shown_with_the_reason(page, gpu, odd, shown):
    values = {"starts_at": datetime.now(UTC), "minutes": 30, "repeats": "daily"} | odd
    MaintenanceWindow.objects.create(team=gpu.team, name="Updates", **values)
    assert shown in text(page.get("/maintenance/"))
