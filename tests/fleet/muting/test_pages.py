"""The pages on which people acknowledge, silence and plan: what they show, who may act, and what bad input does."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from fleet import endpoints
from fleet.models import Endpoint, EndpointState, Incident, MaintenanceWindow, Silence
from fleet.muting import actions, windows
from teams.models import Team
from tests.html import flat

pytestmark = [pytest.mark.usefixtures("valkey", "transactional_db"), pytest.mark.database]

HOUR = timedelta(hours=1)
NEXT_YEAR = datetime.now(UTC).year + 1


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")


@pytest.fixture
def incident(gpu) -> Incident:
    return broken(gpu)


def broken(endpoint: Endpoint, **columns) -> Incident:
    now = datetime.now(UTC)
    EndpointState.objects.filter(pk=endpoint.pk).update(status="down", cause="timed_out", since=now)
    known = {"status": "down", "cause": "timed_out", "began_at": now, "opened_at": now}
    return Incident.objects.create(endpoint=endpoint, **known | columns)


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def stranger(client, charlie):
    client.force_login(charlie)
    return client


def text(response) -> str:
    return flat(response.content.decode())


def local(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def test_the_incident_page_takes_an_acknowledgement_and_gives_it_back(page, incident):
    url = incident.get_absolute_url()
    assert "Nobody is on it yet" in text(page.get(url))
    html = text(
        page.post(f"{url}acknowledge/", {"lasts": "60", "note": "restarting it", "zone": "Europe/Berlin"}, follow=True)
    )
    assert "alice is on it" in html and "restarting it" in html and "Release" in html
    left = Incident.objects.get().acknowledged_until - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= HOUR
    assert "Nobody is on it yet" in text(page.post(f"{url}unacknowledge/", follow=True))


def test_tomorrow_is_nine_by_the_readers_clock(page, incident):
    page.post(f"{incident.get_absolute_url()}acknowledge/", {"lasts": "9", "zone": "Asia/Tokyo"})
    until = Incident.objects.get().acknowledged_until
    assert until.hour == 0 and timedelta(0) < until - datetime.now(UTC) < timedelta(hours=33)


def test_an_own_time_is_read_by_the_readers_clock(page, incident):
    data = {"lasts": "own", "own": f"{NEXT_YEAR}-01-02T09:30", "zone": "Asia/Tokyo"}
    page.post(f"{incident.get_absolute_url()}acknowledge/", data)
    assert Incident.objects.get().acknowledged_until == datetime(NEXT_YEAR, 1, 2, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ({"lasts": "own"}, "Choose the day and the time"),
        ({"lasts": "own", "own": "tomorrow"}, "Write date and time like"),
        ({"lasts": "own", "own": "2020-01-01T00:00"}, "over already"),
        ({"lasts": "60", "note": "n" * 501}, "At most 500 characters"),
        ({"lasts": "60", "zone": "Nowhere/City"}, "no time zone we know"),
        ({"lasts": "77"}, "77 is not one of the available choices"),
    ],
)
def test_an_acknowledgement_that_makes_no_sense_is_refused_and_what_was_typed_stays(page, incident, data, result):
    answer = page.post(f"{incident.get_absolute_url()}acknowledge/", {"note": "my typed note", **data})
    assert answer.status_code == 422 and result in text(answer)
    assert data.get("note", "my typed note") in text(answer)
    assert not Incident.objects.get().acknowledged_at


def test_what_was_resolved_meanwhile_is_said_to_be_over(page, incident):
    Incident.objects.update(resolved_at=datetime.now(UTC))
    answer = page.post(f"{incident.get_absolute_url()}acknowledge/", {"lasts": ""}, follow=True)
    assert "It is resolved already" in text(answer) and "I am on it" not in text(answer)


def test_a_note_stands_in_the_timeline_with_its_author_as_text(page, incident):
    url = incident.get_absolute_url()
    html = text(page.post(f"{url}note/", {"text": "<b>fuse</b> blown"}, follow=True))
    assert "alice:</span> &lt;b&gt;fuse&lt;/b&gt; blown" in html
    empty = page.post(f"{url}note/", {"text": "  "})
    assert empty.status_code == 422 and "Write what you found" in text(empty)


def test_an_incident_leads_to_what_it_is_put_down_to_and_back(page, team, incident):
    other = endpoints.add(team, name="gpu-2", url="http://gpu-2:8000")
    child = broken(other, parent=incident, flapping=True)
    assert f'href="{child.get_absolute_url()}">gpu-2' in text(page.get(incident.get_absolute_url()))
    html = text(page.get(child.get_absolute_url()))
    assert f'href="{incident.get_absolute_url()}">incident #{incident.pk} of gpu-1' in html and "flapping" in html


def test_the_endpoint_can_be_silenced_from_its_incident(page, incident, gpu):
    url = incident.get_absolute_url()
    answer = page.post("/silences/", {"target": f"endpoint-{gpu.pk}", "lasts": "30", "back": url}, follow=True)
    assert answer.redirect_chain == [(url, 302)] and "gpu-1 is silenced until" in text(answer).replace("Gpu", "gpu")
    assert "silenced</span> until" in text(answer)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_the_way_back_never_leaves_the_site(page, gpu, back):
    answer = page.post("/silences/", {"target": f"endpoint-{gpu.pk}", "lasts": "30", "back": back})
    assert answer.headers["Location"] == "/silences/"


def test_strangers_read_everything_and_change_nothing(stranger, team, alice, incident, gpu):
    silence = actions.silence(team, alice, ends_at=datetime.now(UTC) + HOUR)
    window = actions.plan(team, alice, name="x", starts_at=datetime.now(UTC), ends_at=datetime.now(UTC) + HOUR)
    url = incident.get_absolute_url()
    for read in (url, "/silences/", "/maintenance/", gpu.get_absolute_url()):
        html = text(stranger.get(read))
        assert "I am on it" not in html and "End it" not in html and "Plan maintenance</a>" not in html
    for act in (f"{url}acknowledge/", f"{url}unacknowledge/", f"{url}note/", f"/silences/{silence.pk}/end/",
                f"/maintenance/{window.pk}/remove/"):  # fmt: skip
        assert stranger.post(act, {"text": "hello", "lasts": ""}).status_code == 404
    for page, data in (("/silences/", {"lasts": "30"}), ("/maintenance/", {"name": "x"})):
        answer = stranger.post(page, {"target": f"endpoint-{gpu.pk}", **data})
        assert answer.status_code == 422
    assert (Silence.objects.count(), MaintenanceWindow.objects.count()) == (1, 1)
    assert not Incident.objects.get().acknowledged_at


@pytest.mark.parametrize("path", ["acknowledge/", "unacknowledge/", "note/"])
def test_a_get_never_acts(page, incident, path):
    assert page.get(incident.get_absolute_url() + path).status_code == 405


def test_the_silences_page_teaches_lists_and_ends(page, gpu):
    assert "Nothing is silenced." in text(page.get("/silences/"))
    html = text(
        page.post("/silences/", {"target": f"team-{gpu.team_id}", "lasts": "1440", "reason": "move"}, follow=True)
    )
    assert "All of Search is silenced until" in html and "by alice: move" in html
    html = text(page.post(f"/silences/{Silence.objects.get().pk}/end/", follow=True))
    assert "Nothing is silenced." in html and "Over, of the last days" in html


def test_an_engine_that_the_team_runs_can_be_silenced(page, gpu):
    EndpointState.objects.update(engine="vllm")
    assert "all vLLM of Search" in text(page.get("/silences/"))
    page.post("/silences/", {"target": f"engine-{gpu.team_id}-vllm", "lasts": "60"})
    assert Silence.objects.get().engine == "vllm"


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ({"lasts": "own", "ends_at": "2020-01-01T00:00"}, "over already"),
        ({"lasts": "own", "ends_at": "2999-01-01T00:00"}, "30 days at most"),
        ({"lasts": "own"}, "Choose the day"),
        ({"lasts": "30", "reason": "r" * 201}, "At most 200"),
        ({"lasts": "30", "target": "endpoint-99999"}, "Choose one of the list"),
        ({"lasts": "30", "target": ""}, "Choose what it is about"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(page, gpu, data, result):
    answer = page.post("/silences/", {"target": f"endpoint-{gpu.pk}", "zone": "UTC", **data})
    assert answer.status_code == 422 and result in text(answer) and not Silence.objects.exists()


def plan(gpu: Endpoint, **data) -> dict[str, str]:
    start = datetime.now(UTC) + 24 * HOUR
    known = {"name": "Driver update", "target": f"endpoint-{gpu.pk}", "repeats": "once", "time_zone": "UTC"}
    return {**known, "starts": local(start), "ends": local(start + 2 * HOUR), **data}


def test_the_maintenance_page_teaches_lists_and_removes(page, gpu):
    assert "No maintenance is planned." in text(page.get("/maintenance/"))
    html = text(page.post("/maintenance/", plan(gpu, repeats="weekly"), follow=True))
    assert "“Driver update” is planned for gpu-1." in html and "every week by the clock of UTC" in html
    assert "Next maintenance" in text(page.get(gpu.get_absolute_url()))
    html = text(page.post(f"/maintenance/{MaintenanceWindow.objects.get().pk}/remove/", follow=True))
    assert "No maintenance is planned." in html


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


@pytest.mark.parametrize(
    ("now", "until"), [("00:15", "00:30"), ("00:30", "01:30"), ("00:45", "01:30"), ("01:15", "01:30")]
)
def test_a_silence_until_a_time_that_comes_twice_ends_at_the_next_one(page, gpu, now, until):
    data = {"target": f"endpoint-{gpu.pk}", "lasts": "own", "ends_at": "2026-10-25T02:30", "zone": "Europe/Berlin"}
    with time_machine.travel(datetime.fromisoformat(f"2026-10-25T{now}+00:00")):
        page.post("/silences/", data)
    assert Silence.objects.get().ends_at == datetime.fromisoformat(f"2026-10-25T{until}+00:00")


def test_maintenance_of_a_whole_team_is_shown_on_its_endpoints(page, gpu):
    now = datetime.now(UTC)
    page.post(
        "/maintenance/", plan(gpu, target=f"team-{gpu.team_id}", starts=local(now - HOUR), ends=local(now + HOUR))
    )
    assert "On now" in text(page.get("/maintenance/"))
    assert "maintenance</span> until" in text(page.get(gpu.get_absolute_url()))
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


def test_without_a_team_the_pages_say_who_may_act(stranger):
    assert "You are an operator of no team" in text(stranger.get("/silences/"))
    assert "You are an operator of no team" in text(stranger.get("/maintenance/"))


def test_an_endpoints_link_chooses_it_in_the_forms(page, team, gpu):
    endpoints.add(team, name="a-first", url="http://a:1")
    for url in ("/silences/", "/maintenance/"):
        assert f'value="endpoint-{gpu.pk}" selected' in text(page.get(f"{url}?endpoint={gpu.pk}"))


def test_a_fleet_costs_the_pages_a_fixed_number_of_statements(page, gpu, alice, django_assert_max_num_queries):
    other = Team.objects.create(name="Other", slug="other")
    for number in range(20):
        endpoints.add(other, name=f"box-{number}", url=f"http://box-{number}:11434")
        actions.silence(other, alice, ends_at=datetime.now(UTC) + HOUR)
        actions.plan(other, alice, name="x", starts_at=datetime.now(UTC), ends_at=datetime.now(UTC) + HOUR)
    for url in ("/silences/", "/maintenance/"):
        with django_assert_max_num_queries(10):
            page.get(url)


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


def test_the_reason_of_a_silence_is_for_its_team(client, page, team, alice, charlie, incident, settings):
    settings.FLEET_OPEN = True
    for ends_in in (timedelta(hours=1), timedelta(hours=2)):
        made = actions.silence(team, alice, ends_at=datetime.now(UTC) + ends_in, reason="the planted reason")
    actions.end_silence(made, alice)
    assert text(page.get("/silences/")).count("the planted reason") == 2
    client.force_login(charlie)
    for path in ("/silences/", incident.get_absolute_url(), incident.endpoint.get_absolute_url(), "/"):
        found = text(client.get(path))
        assert "planted reason" not in found, path
    assert "by alice" in text(client.get("/silences/"))
