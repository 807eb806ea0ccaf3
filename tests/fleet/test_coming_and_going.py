"""What recipients get of an endpoint that comes and goes, probed every five seconds: its mails, by the clock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from fleet.alerts import gathering, wording
from fleet.engines.errors import Cause
from fleet.engines.reading import Exchange
from fleet.incidents import actions, sweep
from fleet.models import Alert, AlertPolicy, EndpointState, Incident, MaintenanceWindow, Message
from fleet.muting import marks
from fleet.queries.availability import of_team
from teams.models import Team
from tests.fleet.outages import bad, good, probed, watched
from tests.fleet.recording import record, state_of
from tests.html import flat

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

START = datetime(2027, 1, 15, 12, tzinfo=UTC)
STEP = 5
SWEEP = 10
"""Seconds between two sweeps of catching up, as the schedule has it."""

CONFIRMED = 15
"""Seconds within which three failures, or two good probes, and a sweep have come."""

ALERT_AFTER = 120


class Watch:
    """Endpoints of one team on a clock of our own."""

    def __init__(self, clock: time_machine.Traveller, team: Team, names: list[str]) -> None:
        self._clock = clock
        self.endpoints = [watched(team, name, fail_after=2, recover_after=1) for name in names]

    def go(self, seconds: float, cause: Cause | None = None) -> None:
        """So long all of them fail like this, or answer."""
        for _ in range(round(seconds / STEP)):
            self._clock.shift(STEP)
            for endpoint in self.endpoints:
                record(state_of(endpoint.pk), bad(cause) if cause else good())
            if self.now % SWEEP == 0:
                sweep.sweep()
            if gathering.ungathered().exists():  # as the delivery asks first
                gathering.gather()

    def down(self, seconds: float) -> None:
        self.go(seconds, Cause.CONNECTION_REFUSED)

    def up(self, seconds: float) -> None:
        self.go(seconds)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return (datetime.now(UTC) - START).total_seconds()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as travelling:
        yield travelling


@pytest.fixture
def gpu(clock, team) -> Watch:
    return Watch(clock, team, ["gpu-1"])


def mails() -> list[tuple[list[str], float]]:
    """(kinds, seconds since the start) of each message."""
    rows = Message.objects.order_by("pk").prefetch_related("alerts")
    return [
        (sorted({alert.kind for alert in row.alerts.all()}), (row.created_at - START).total_seconds()) for row in rows
    ]


def kinds() -> list[str]:
    return [kind for found, _ in mails() for kind in found]


@pytest.mark.parametrize(("down", "up"), [(20, 20), (10, 10), (90, 30), (150, 30)])
def test_ten_minutes_of_alternation_are_three_mails_and_the_last_word_is_the_last_state(gpu, down, up):
    gpu.up(30)
    while gpu.now < 600:
        gpu.down(down)
        gpu.up(min(up, max(0, 600 - gpu.now)))
    assert kinds() == ["down", "recovered", "down"] and len(mails()) <= 3
    gpu.up(ALERT_AFTER + CONFIRMED)
    assert kinds() == ["down", "recovered", "down", "recovered"]
    gpu.up(60)
    assert len(kinds()) == 4 and not Incident.objects.filter(resolved_at=None).exists()


def test_alternation_through_degraded_is_three_mails_too(gpu):
    while gpu.now < 600:
        gpu.go(20, Cause.AUTH_REJECTED)
        gpu.down(20)
        gpu.up(20)
    assert len(mails()) == 3
    gpu.up(ALERT_AFTER + CONFIRMED)
    assert kinds()[-1] == "recovered"


@pytest.mark.parametrize("pause", [20, 130])
def test_an_outage_that_lasts_is_mailed_after_two_minutes_however_often_it_flapped(gpu, pause):
    for _ in range(4):
        gpu.down(20)
        gpu.up(pause)
    gpu.up(130)  # the last word is "recovered" now
    assert kinds()[-1] == "recovered"
    marks.refresh()
    assert EndpointState.objects.get().marks == {"flapping": True}
    began, before = gpu.now, len(mails())
    gpu.go(ALERT_AFTER + CONFIRMED, Cause.TIMED_OUT)
    assert len(mails()) == before + 1
    found, at = mails()[-1]
    assert found == ["down"] and began + ALERT_AFTER < at <= began + ALERT_AFTER + CONFIRMED
    facts = Alert.objects.latest("pk").facts
    assert facts["began_at"] == (START + timedelta(seconds=began + STEP)).isoformat()
    assert (facts["status"], facts["cause"]) == ("down", "timed_out")
    gpu.up(ALERT_AFTER + CONFIRMED)
    assert kinds()[before:] == ["down", "recovered"]


def test_short_recoveries_do_not_hide_trouble_that_goes_on(gpu):
    for _ in range(2):
        gpu.down(20)
        gpu.up(140)
    assert kinds()[-1] == "recovered"
    while gpu.now < 760:
        gpu.down(30)
        gpu.up(20)
    assert kinds() == ["down", "recovered", "down", "recovered", "down"]
    assert mails()[3][1] + 600 > mails()[4][1] > mails()[1][1] + 600, "not more than three in ten minutes"


def test_the_second_outage_within_ten_minutes_is_mailed_at_once(gpu):
    gpu.down(60)
    gpu.up(120)
    gpu.down(30)
    found, at = mails()[-1]
    assert found == ["down"] and at <= 180 + CONFIRMED


def test_two_storms_within_ten_minutes_name_every_endpoint_each_time(clock, team):
    names = [f"gpu-{n}" for n in range(6)]
    fleet = Watch(clock, team, names)
    for _ in range(2):
        fleet.down(40)
        fleet.up(60)
    fleet.up(ALERT_AFTER)
    assert kinds() == ["down", "recovered", "down", "recovered"]
    for message in Message.objects.all():
        assert sorted(alert.facts["name"] for alert in message.alerts.all()) == names


def test_those_whose_ends_wait_are_in_one_mail(clock, team):
    """The ends of a storm are known some seconds apart, and so are the moments at which they have lasted."""
    first, second = Watch(clock, team, ["gpu-1"]), Watch(clock, team, ["gpu-2"])
    both = Watch(clock, team, [])
    both.endpoints = [*first.endpoints, *second.endpoints]
    both.down(40)
    both.up(60)
    both.down(40)
    probed(first.endpoints[0], good())
    both.up(ALERT_AFTER + 30)
    assert [len(message.alerts.all()) for message in Message.objects.all()] == [2, 2, 2, 2]


def test_the_timeline_says_what_happened_in_plain_words(gpu):
    for _ in range(3):
        gpu.down(20)
        gpu.up(20)
    first, second = Incident.objects.order_by("pk")
    assert not first.flapping and second.flapping
    said = list(second.events.values_list("text", flat=True))
    assert any(text.startswith("Flapping: it comes and goes.") and "2 min" in text for text in said)
    assert any(text.startswith("Down again.") for text in said) and said[-1].startswith("Resolved: up after")


def come_back(gpu: Watch) -> Incident:
    """Down three times. The second incident holds the last two, which came too quickly for alerts, 30 s apart."""
    gpu.down(20)
    gpu.up(20)
    gpu.down(20)
    Incident.objects.filter(resolved_at=None).update(acknowledged_by="bob", acknowledged_at=datetime.now(UTC))
    gpu.up(30)
    gpu.down(40)
    return Incident.objects.get(resolved_at=None)


def test_an_acknowledgement_ends_with_its_outage(gpu, client, alice):
    incident = come_back(gpu)
    assert not incident.is_acknowledged
    marks.refresh()
    assert "acknowledged" not in EndpointState.objects.get().marks
    assert "The acknowledgement ended" in str(incident.events.values_list("text", flat=True))
    client.force_login(alice)
    page = flat(client.get(incident.get_absolute_url()).content.decode())
    assert "The acknowledgement ended" in page and "Not acknowledged" in page
    assert page.count("The acknowledgement by bob ended") == 1 and "<dt>Acknowledged</dt>" not in page


@pytest.mark.parametrize("somebody_was_on_it", [True, False])
def test_what_comes_back_after_somebody_was_on_it_is_mailed_though_its_end_was_not(gpu, somebody_was_on_it):
    gpu.down(20)
    gpu.up(20)
    gpu.down(20)
    if somebody_was_on_it:
        actions.acknowledge(Incident.objects.get(resolved_at=None), "alice")
    gpu.up(25)
    gpu.down(ALERT_AFTER - CONFIRMED)
    assert kinds() == ["down", "recovered", "down"]
    gpu.down(2 * CONFIRMED)
    again = ["down"] if somebody_was_on_it else []
    assert kinds() == ["down", "recovered", "down", *again]
    gpu.down(2 * ALERT_AFTER)
    gpu.up(ALERT_AFTER + CONFIRMED)
    assert kinds() == ["down", "recovered", "down", *again, "recovered"]


def test_each_outage_has_its_own_time_to_be_acknowledged_before_it_is_escalated(gpu, team):
    AlertPolicy.objects.create(team=team, escalate_after=1, escalate_to=["boss@example.org"])
    incident = come_back(gpu)
    assert (incident.failing_since - incident.began_at).total_seconds() > 45
    gpu.down(5)
    assert "escalated" not in kinds()
    gpu.down(60)
    assert kinds().count("escalated") == 1


def lasted_is_shown(client, incident: Incident, lasted: str, sentence: str) -> None:
    """On the incident's page as that sentence, in the list, and in both parts of the last mail."""
    assert sentence in flat(client.get(incident.get_absolute_url()).content.decode())
    assert lasted in flat(client.get("/incidents/").content.decode())
    mail = Message.objects.order_by("pk").last()
    assert f"Lasted     {lasted}" in wording.render_text(mail) and lasted in wording.render_html(mail)


def test_how_long_an_incident_lasted_is_its_downtime(gpu, client, alice):
    incident = come_back(gpu)
    gpu.up(ALERT_AFTER + 10)
    incident.refresh_from_db()
    assert (incident.outages, incident.downtime.total_seconds(), incident.span.total_seconds()) == (2, 60, 90)
    client.force_login(alice)
    lasted_is_shown(client, incident, "twice, 1 min of 1 min 30 s", "gpu-1 was down twice, 1 min of 1 min 30 s")


def test_the_list_and_the_page_of_what_is_open_add_up_the_same_outages(gpu, client, alice):
    incident = come_back(gpu)
    assert (incident.outages, incident.resolved_at) == (2, None)
    client.force_login(alice)
    for path in ("/incidents/", incident.get_absolute_url(), gpu.endpoints[0].get_absolute_url()):
        assert incident.lasted in flat(client.get(path).content.decode())
    assert f",{incident.downtime.total_seconds():.0f},2," in client.get("/incidents/?format=csv").content.decode()


def test_an_outage_is_as_long_as_between_the_seconds_shown_beside_it():
    began, ended = START.replace(microsecond=900_000), START + timedelta(seconds=88, microseconds=100_000)
    incident = Incident(began_at=began, resolved_at=ended)
    assert incident.lasted == "1 min 28 s"


def test_an_installation_can_set_how_long_an_outage_has_to_last(gpu, settings):
    settings.FLAPPING_ALERT_AFTER = 30
    for _ in range(4):
        gpu.down(40)
        gpu.up(40)
    assert len(mails()) == 8


def test_an_incident_that_stayed_open_goes_on_after_a_blind_stretch(gpu):
    gpu.down(20)
    EndpointState.objects.update(status="unknown", cause="blind")
    gpu.down(20)
    assert Incident.objects.count() == 1 and kinds() == ["down"]
    EndpointState.objects.update(status="unknown", cause="blind")
    gpu.up(20)
    assert Incident.objects.get().resolved_at and kinds() == ["down", "recovered"]


def test_the_board_says_of_a_flapping_endpoint_that_it_was_mailed_of_the_outage_before(gpu, client, alice):
    for _ in range(4):
        gpu.down(20)
        gpu.up(20)
    gpu.down(20)
    Message.objects.update(state="sent", sent_at=START)
    marks.refresh()
    client.force_login(alice)
    html = flat(client.get("/").content.decode())
    assert "<h1>gpu-1 is down, flapping" in html and "</time>, about the trouble before: while it is flapping" in html


def test_an_open_incident_names_the_same_last_good_answer_as_its_endpoint(gpu, client, alice):
    gpu.down(60)
    seen = EndpointState.objects.get().seen_at
    gpu.endpoints[0].recover_after = 3
    gpu.endpoints[0].save()
    gpu.up(5)  # one good probe, which does not end it
    gpu.down(20)
    client.force_login(alice)
    html = client.get(Incident.objects.get(resolved_at=None).get_absolute_url()).content.decode()
    found = html.split("Last good answer")[1].split("</li>")[0]
    state = EndpointState.objects.get()
    assert state.seen_at > seen and f"{state.seen_at:%Y-%m-%d %H:%M:%S}" in found


def test_a_mail_about_a_later_outage_names_the_last_good_answer_before_that_one(gpu):
    incident = come_back(gpu)
    assert incident.last_seen["at"] > incident.began_at.isoformat()


def plan(team: Team, began: timedelta, minutes: int) -> None:
    """Maintenance of the whole team, from so long ago."""
    begins = datetime.now(UTC) - began
    MaintenanceWindow.objects.create(team=team, name="Update", starts_at=begins, minutes=minutes)
    marks.refresh()


def test_maintenance_does_not_count_as_downtime_on_pages_in_mails_and_in_outages(gpu, team, client, alice):
    gpu.down(60)
    plan(team, timedelta(0), minutes=3)
    gpu.down(180)
    marks.refresh()  # it is over
    gpu.down(60)
    gpu.up(20)
    incident = Incident.objects.get()
    assert incident.in_maintenance == timedelta(minutes=3)
    assert (incident.span - incident.downtime, incident.unwatched) == (timedelta(minutes=3), timedelta(0))
    client.force_login(alice)
    said = "2 min (3 min of maintenance not counted)"
    lasted_is_shown(client, incident, said, f"gpu-1 was down for {said}")
    day, *_ = of_team(team, datetime.now(UTC).timestamp()).outages
    assert (day.seconds, day.to_repair) == (120, 120)


def test_what_an_incident_lasted_so_far_stands_still_in_maintenance(gpu, clock, team, client, alice):
    gpu.down(60)
    plan(team, timedelta(0), minutes=3)
    gpu.down(60)
    client.force_login(alice)
    incident, now = Incident.objects.get(), "55 s (1 min of maintenance not counted)"
    for _ in range(2):
        pages = (incident.get_absolute_url(), "/incidents/", f"/endpoints/{incident.endpoint_id}/")
        for page in pages:
            assert now in flat(client.get(page).content.decode()), page
        clock.shift(STEP - 1)


def test_outages_and_the_availability_above_them_differ_by_an_interval_at_each_end_at_most(gpu, team, client, alice):
    gpu.endpoints[0].recover_after, gpu.endpoints[0].created_at = 2, START - timedelta(days=1)
    gpu.endpoints[0].save()
    gpu.up(60)
    gpu.down(60)
    gpu.up(60)
    history = of_team(team, datetime.now(UTC).timestamp())
    down, outage = history.total.periods[0].down, history.outages[0].seconds
    assert down == 60 and abs(down - outage) <= 2 * STEP
    client.force_login(alice)
    shown = flat(client.get(f"/teams/{team.slug}/availability/").content.decode())
    assert "the two differ by up to a probe interval at each end of an outage" in shown


def test_an_outage_that_was_planned_from_end_to_end_is_in_no_figure(gpu, team):
    gpu.down(60)
    gpu.up(20)
    before = of_team(team, datetime.now(UTC).timestamp()).outages[0]
    plan(team, timedelta(0), minutes=3)
    gpu.down(60)
    gpu.up(20)
    after = of_team(team, datetime.now(UTC).timestamp()).outages[0]
    assert before.incidents == 1 and Incident.objects.count() == 2
    assert (after.incidents, after.to_repair) == (before.incidents, before.to_repair)


def test_trouble_that_begins_in_maintenance_counts_from_its_end(gpu, team):
    plan(team, timedelta(minutes=1), minutes=3)
    gpu.down(120)
    marks.refresh()
    gpu.down(30)
    gpu.up(10)
    incident = Incident.objects.get()
    assert incident.in_maintenance == timedelta(seconds=115)  # the first failure is the beginning
    assert incident.downtime == incident.span - incident.in_maintenance == timedelta(seconds=35)


def test_time_in_which_nothing_was_probed_does_not_count_as_downtime(gpu, clock, client, alice):
    gpu.down(60)
    clock.shift(600)
    gpu.down(60)
    gpu.up(10)
    incident = Incident.objects.get()
    assert (incident.unwatched, incident.in_maintenance) == (timedelta(seconds=605 - 30), timedelta(0))
    assert incident.downtime == incident.span - incident.unwatched
    client.force_login(alice)
    assert "9 min 35 s in which no probe found how it was" in flat(
        client.get(incident.get_absolute_url()).content.decode()
    )


def test_a_canary_that_hangs_is_no_time_without_probes(clock, team):
    endpoint = watched(team, "gpu-1", interval=5, timeout=2, fail_after=1, expected_models=["absent"])

    def probe_with_a_canary_of(seconds: float) -> float:
        reading = replace(good(), exchanges=(Exchange("canary", "POST /v1/completions"),))
        clock.shift(seconds)
        record(state_of(endpoint.pk), reading)
        return EndpointState.objects.get().due_at - datetime.now(UTC).timestamp()

    clock.shift(5)
    clock.shift(probe_with_a_canary_of(20))
    clock.shift(probe_with_a_canary_of(20))
    record(state_of(endpoint.pk), good())
    incident = Incident.objects.get()
    assert (incident.cause, incident.unwatched) == ("model_missing", timedelta(0))
    assert of_team(team, datetime.now(UTC).timestamp()).total.periods[0].unwatched == 0


def test_a_recovery_mail_names_the_first_good_probe_and_the_one_that_confirmed_it(gpu):
    gpu.endpoints[0].recover_after = 2
    gpu.endpoints[0].save()
    gpu.down(30)
    gpu.up(20)
    mail = Message.objects.order_by("pk").last()
    said = "it answered again at 12:00:35 UTC, confirmed at 12:00:40 UTC."
    assert said in wording.render_text(mail) and said[3:] in wording.render_html(mail)
