"""A form that is sent twice makes one thing."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.models import Endpoint, Incident, IncidentEvent, MaintenanceWindow, Silence
from teams.models import ApiToken, Invitation, Team
from tests.people import just_signed_in

pytestmark = [pytest.mark.usefixtures("valkey", "transactional_db")]

TOMORROW = datetime.now(UTC) + timedelta(days=1)
STARTS, ENDS = f"{TOMORROW:%Y-%m-%dT10:00}", f"{TOMORROW:%Y-%m-%dT12:00}"
NUMBERS = {"interval": 30, "fail_after": 3, "recover_after": 2, "fail_of": 0, "fail_for": 0, "canary_every": 600}


@pytest.fixture
def incident(team) -> Incident:
    gpu = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    now = datetime.now(UTC)
    return Incident.objects.create(endpoint=gpu, status="down", cause="timed_out", began_at=now, opened_at=now)


@pytest.fixture
def page(alice, incident):
    return just_signed_in(alice)


def forms(team: Team, incident: Incident) -> dict[str, tuple]:
    """Name -> path, what is sent, another that is no twin, what it makes."""
    target = {"target": f"endpoint-{incident.endpoint_id}"}
    window = {**target, "name": "Driver", "starts": STARTS, "ends": ENDS, "repeats": "once", "time_zone": "UTC"}
    endpoint = {"url": "http://gpu-2:8000", "team": team.pk, **NUMBERS}
    token = {"name": "ci", "scopes": ["status:read"], "days": "30"}
    own = incident.get_absolute_url()
    return {
        "silence": ("/silences/", {**target, "lasts": "30"}, {"target": f"team-{team.pk}", "lasts": "30"}, Silence),
        "maintenance": ("/maintenance/", window, {**window, "name": "Network"}, MaintenanceWindow),
        "endpoint": ("/endpoints/add/", endpoint, {**endpoint, "url": "http://gpu-3:8000"}, Endpoint),
        "invitation": (
            f"/teams/{team.slug}/invite/", {"email": "dora@example.org", "role": "viewer"},
            {"email": "emil@example.org", "role": "viewer"}, Invitation,
        ),
        "token": ("/account/tokens/", token, {**token, "name": "cd"}, ApiToken),
        "note": (f"{own}note/", {"text": "fuse blown"}, {"text": "fuse changed"}, IncidentEvent),
        "acknowledgement": (f"{own}acknowledge/", {"lasts": ""}, {"lasts": "", "note": "on it"}, IncidentEvent),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["silence", "maintenance", "endpoint", "invitation", "token", "note", "acknowledgement"]
)
def test_the_same_form_twice_makes_one_thing_and_another_form_another(name, page, team, incident):
    path, form, other, kind = forms(team, incident)[name]
    before = kind.objects.count()
    for _ in range(2):
        page.post(path, form)
    assert kind.objects.count() == before + 1
    page.post(path, other)
    assert kind.objects.count() == before + 2


def test_the_token_that_the_second_answer_shows_is_the_one_that_works(page, team, incident):
    path, form, _, _ = forms(team, incident)["token"]
    page.post(path, form)
    shown = page.post(path, form).content.decode()
    assert ApiToken.objects.get().start in shown


def test_what_a_colleague_does_is_no_second_click(page, bob, team, incident):
    path, form, _, _ = forms(team, incident)["note"]
    page.post(path, form)
    just_signed_in(bob).post(path, form)
    assert set(IncidentEvent.objects.filter(**form).values_list("author", flat=True)) == {"alice", "bob"}


def test_a_silence_that_a_colleague_began_is_the_one_that_is_extended(page, bob, team, incident):
    path, form, _, _ = forms(team, incident)["silence"]
    page.post(path, form)
    just_signed_in(bob).post(path, {**form, "lasts": "240"})
    assert Silence.objects.get().created_by.username == "alice"


def test_what_was_taken_back_can_be_done_again_at_once(page, team, incident):
    own = incident.get_absolute_url()
    for act in ("acknowledge", "unacknowledge", "acknowledge"):
        page.post(f"{own}{act}/", {"lasts": ""})
    texts = IncidentEvent.objects.filter(author="alice").order_by("pk").values_list("text", flat=True)
    assert [text.split()[0] for text in texts] == ["Acknowledged", "No", "Acknowledged"]
    path, form, _, _ = forms(team, incident)["silence"]
    page.post(path, form)
    page.post(f"/silences/{Silence.objects.get().pk}/end/")
    page.post(path, form)
    assert Silence.objects.filter(ends_at__gt=datetime.now(UTC)).count() == 1
