"""The pages on which people acknowledge, silence and plan: what they show, who may act, and what bad input does."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from fleet import endpoints
from fleet.incidents.forms import AcknowledgeForm
from fleet.models import Endpoint, EndpointState, Incident, MaintenanceWindow, Silence
from fleet.muting import actions
from teams.models import AuditEntry, Team
from tests.html import flat

pytestmark = [pytest.mark.usefixtures("valkey", "transactional_db"), pytest.mark.database]

HOUR = timedelta(hours=1)
NEXT_YEAR = datetime.now(UTC).year + 1


@pytest.fixture
def incident(gpu) -> Incident:
    return broken(gpu)


def broken(endpoint: Endpoint, **columns) -> Incident:
    now = datetime.now(UTC)
    EndpointState.objects.filter(pk=endpoint.pk).update(status="down", cause="timed_out", since=now)
    known = {"status": "down", "cause": "timed_out", "began_at": now, "opened_at": now}
    return Incident.objects.create(endpoint=endpoint, **known | columns)


@pytest.fixture
def stranger(client, charlie):
    client.force_login(charlie)
    return client


def text(response) -> str:
    return flat(response.content.decode())


def test_the_incident_page_takes_an_acknowledgement_and_gives_it_back(page, incident):
    url = incident.get_absolute_url()
    assert "Not acknowledged" in text(page.get(url))
    html = text(
        page.post(f"{url}acknowledge/", {"lasts": "60", "note": "restarting it", "zone": "Europe/Berlin"}, follow=True)
    )
    assert "Acknowledged by alice" in html and "restarting it" in html and "Remove acknowledgement" in html
    left = Incident.objects.get().acknowledged_until - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= HOUR
    assert "Not acknowledged" in text(page.post(f"{url}unacknowledge/", follow=True))


@pytest.mark.parametrize(
    ("now", "choice", "until"),
    [
        ("2027-01-15 16:07", "morning", "2027-01-16 00:00"),  # 01:07 in Tokyo: this morning
        ("2027-01-15 16:07", "tomorrow", "2027-01-17 00:00"),
        ("2027-01-16 00:00", "morning", "2027-01-17 00:00"),  # 09:00 in Tokyo: the next one is tomorrow's
        ("2027-01-16 05:00", "tomorrow", "2027-01-17 00:00"),
    ],
)
def test_nine_in_the_morning_is_the_next_one_or_tomorrows_by_the_readers_clock(page, incident, now, choice, until):
    with time_machine.travel(datetime.fromisoformat(f"{now}:00+00:00"), tick=False):
        found = AcknowledgeForm({"lasts": choice, "zone": "Asia/Tokyo"})
        assert found.is_valid()
    assert f"{found.cleaned_data['until'].astimezone(UTC):%Y-%m-%d %H:%M}" == until
    answer = text(page.get(incident.get_absolute_url()))
    assert "until the next 9:00" in answer and "until tomorrow, 9:00" in answer


def test_an_own_time_is_read_by_the_readers_clock(page, incident):
    data = {"lasts": "own", "ends_at": f"{NEXT_YEAR}-01-02T09:30", "zone": "Asia/Tokyo"}
    page.post(f"{incident.get_absolute_url()}acknowledge/", data)
    assert Incident.objects.get().acknowledged_until == datetime(NEXT_YEAR, 1, 2, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ({"lasts": "own"}, "Choose the day and the time"),
        ({"lasts": "own", "ends_at": "tomorrow"}, "Write date and time like"),
        ({"lasts": "own", "ends_at": "2020-01-01T00:00"}, "over already"),
        ({"lasts": "60", "note": "n" * 501}, "At most 500 characters"),
        ({"lasts": "60", "zone": "Nowhere/City"}, "no time zone we know"),
        ({"lasts": "77"}, "This is not in the list. Choose one that is."),
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
    assert "It is resolved already" in text(answer) and "nothing is left to acknowledge" in text(answer)


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
    assert answer.redirect_chain == [(url, 302)] and ": gpu-1. Nobody is notified" in text(answer)
    assert "End the silence" in text(answer) and "Silence the endpoint for" not in text(answer)


def test_a_name_keeps_its_case_and_the_time_is_the_readers(page, gpu):
    endpoints.change(gpu, name="gPU-1")
    answer = text(page.post("/silences/", {"target": f"endpoint-{gpu.pk}", "lasts": "30"}, follow=True))
    assert "Silenced until <time" in answer and "</time>: gPU-1." in answer and "GPU-1" not in answer.replace("gPU", "")


def test_a_silence_that_runs_is_extended_not_doubled(page, gpu):
    page.post("/silences/", {"target": f"endpoint-{gpu.pk}", "lasts": "30", "reason": "fan"})
    first = Silence.objects.get()
    html = text(page.get(gpu.get_absolute_url()))
    assert "Extend</a>" in html and "End now" in html and f'={gpu.pk}">Silence</a>' not in html
    assert "Extend the silence of gpu-1" in text(page.get(f"/silences/?endpoint={gpu.pk}"))
    page.post("/silences/", {"target": f"endpoint-{gpu.pk}", "lasts": "240"})
    extended = Silence.objects.get()
    assert (extended.pk, extended.reason) == (first.pk, "fan") and extended.ends_at > first.ends_at + 3 * HOUR
    assert AuditEntry.objects.filter(action="silence.changed").count() == 1


def test_what_holds_for_an_endpoint_is_ended_on_its_page(page, gpu, incident, alice):
    url = gpu.get_absolute_url()
    page.post(f"{incident.get_absolute_url()}acknowledge/", {"lasts": ""})
    silence = actions.silence(gpu.team, alice, ends_at=datetime.now(UTC) + HOUR, engine="vllm")
    EndpointState.objects.update(engine="vllm")
    now = datetime.now(UTC)
    window = actions.plan(gpu.team, alice, name="Fan", starts_at=now, ends_at=now + HOUR, endpoint=gpu)
    html = text(page.get(url))
    assert "Acknowledged by alice" in html and "with vLLM of Search until" in html and "End for vLLM of Search" in html
    assert "Maintenance</a> until" in html and ": Fan" in html
    for path in (f"/silences/{silence.pk}/end/", f"/maintenance/{window.pk}/remove/",
                 f"{incident.get_absolute_url()}unacknowledge/"):  # fmt: skip
        assert page.post(path, {"back": url}).headers["Location"] == url
    assert 'class="plain card card-flush rows in-force"' not in text(page.get(url))


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
        assert 'id="acknowledge"' not in html and "End it" not in html and "Plan maintenance</a>" not in html
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
    assert "</time>: all of Search. Nobody" in html and "by alice: move" in html
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


@pytest.mark.parametrize(
    ("now", "until"), [("00:15", "00:30"), ("00:30", "01:30"), ("00:45", "01:30"), ("01:15", "01:30")]
)
def test_a_silence_until_a_time_that_comes_twice_ends_at_the_next_one(page, gpu, now, until):
    data = {"target": f"endpoint-{gpu.pk}", "lasts": "own", "ends_at": "2026-10-25T02:30", "zone": "Europe/Berlin"}
    with time_machine.travel(datetime.fromisoformat(f"2026-10-25T{now}+00:00")):
        page.post("/silences/", data)
    assert Silence.objects.get().ends_at == datetime.fromisoformat(f"2026-10-25T{until}+00:00")


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


def test_the_reason_of_a_silence_is_for_its_team(client, page, team, alice, charlie, incident, settings):
    settings.FLEET_OPEN = True
    for ends_in, engine in ((HOUR, ""), (2 * HOUR, "vllm")):
        ends_at = datetime.now(UTC) + ends_in
        made = actions.silence(team, alice, ends_at=ends_at, engine=engine, reason="the planted reason")
    actions.end_silences([made], alice)
    assert text(page.get("/silences/")).count("the planted reason") == 2
    client.force_login(charlie)
    for path in ("/silences/", incident.get_absolute_url(), incident.endpoint.get_absolute_url(), "/"):
        found = text(client.get(path))
        assert "planted reason" not in found, path
    assert "by alice" in text(client.get("/silences/"))


def test_a_note_keeps_its_lines(page, incident):
    page.post(f"{incident.get_absolute_url()}note/", {"text": "restarted:\r\n  gpu-1\tand 2\r\n"})
    assert incident.events.get().text == "restarted:\ngpu-1 and 2"
    assert "restarted:\ngpu-1 and 2</span>" in page.get(incident.get_absolute_url()).content.decode()
