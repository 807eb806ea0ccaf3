"""What a team and its endpoints are judged by, set in the pages."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.evidence.thresholds import RULES
from fleet.load import settings as load_settings
from fleet.models import AlertPolicy, EndpointLoad, TeamLoad
from teams.models import AuditEntry, Membership, Role
from tests.fleet.load.weeks import words
from tests.fleet.outages import watched

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

TEAM = "/teams/search/load/"


@pytest.fixture
def page(client, alice):
    """A signed-in Alice's browser."""
    client.force_login(alice)
    return client


@pytest.fixture
def own(team) -> str:
    """The address of an endpoint's settings."""
    return f"/endpoints/{watched(team, 'gpu-1').pk}/load/settings/"


def typed(page, path: str, **changed: object) -> dict[str, object]:
    """What a browser sends of the page's form with these values changed."""
    form = page.get(path).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (values | changed).items() if value not in (None, False)}


def test_a_target_office_hours_and_a_threshold_are_stored_with_an_entry_in_the_trail(page, team):
    changed = {"first_token": "2.5", "share": "99", "zone": "Asia/Tokyo", "days": ["0", "5"], "queue_long": "0.5"}
    assert page.post(TEAM, typed(page, TEAM, **changed, at_once="on")).status_code == 302
    stored = TeamLoad.objects.get()
    assert (stored.first_token, stored.share, stored.at_once) == (2.5, 99, True)
    assert stored.office().days == (0, 5) and stored.office().zone == "Asia/Tokyo"
    assert stored.thresholds == {"queue_long": 0.5}, "what is the default is not stored"
    entry = AuditEntry.objects.get(action="load.changed")
    assert entry.detail["first_token"] == {"from": None, "to": 2.5} and entry.team_id == team.pk


def test_office_hours_are_in_the_zone_of_the_alerts_until_a_team_sets_its_own(page, team):
    AlertPolicy.objects.create(team=team, time_zone="Asia/Tokyo")
    assert page.get(TEAM).context["form"]["zone"].value() == "Asia/Tokyo"
    assert load_settings.of_team(team).office().zone == "Asia/Tokyo"
    page.post(TEAM, typed(page, TEAM, zone="Europe/Berlin"))
    assert load_settings.of_team(team).office().zone == "Europe/Berlin"


def test_every_threshold_stands_there_with_its_default_and_what_it_rests_on(page, team):
    shown = words(page.get(TEAM))
    for rule in RULES.values():
        assert f"{rule.words[0].upper()}{rule.words[1:]}" in shown
    assert "default 20 % · ours" in shown and "default 1 s · documented" in shown


def test_a_preset_fills_in_its_numbers_saves_nothing_and_loses_nothing(page, team):
    answer = page.post(TEAM, typed(page, TEAM, preset="agents", waited_much="33", between_tokens="7"))
    form = answer.context["form"]
    assert answer.status_code == 200 and not TeamLoad.objects.exists()
    assert [form[name].value() for name in ("first_token", "between_tokens", "whole")] == ["2.5", "", "30"]
    assert form["waited_much"].value() == "33" and "Filled in, not saved yet." in words(answer)


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"first_token": "0"}, "first_token", "Enter a number from 0.001 to 3600."),
        ({"share": "20"}, "share", "Enter a number from 50 to 100."),
        ({"first_hour": "18", "last_hour": "9"}, "last_hour", "Office hours must end after they begin."),
        ({"days": []}, "days", "Choose at least one day."),
        ({"zone": "Mars/Base"}, "zone", "Choose a time zone of the list."),
        ({"least_days": "9"}, "least_days", "A window of 7 days never has 9 of them."),
        ({"window_days": "30"}, "window_days", "Enter a number from 1 to 14."),
        ({"waited_fine": "40"}, "waited_fine", "What is fine must be less than what is too many, which is 20 %."),
        ({"kv_waiting": "nan"}, "kv_waiting", "Enter a number from 0 to 100."),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(page, team, wrong, field, sentence):
    answer = page.post(TEAM, typed(page, TEAM, **wrong, whole="44"))
    form = answer.context["form"]
    assert answer.status_code == 422 and not TeamLoad.objects.exists()
    assert form.errors[field] == [sentence] and form["whole"].value() == "44"
    assert sentence in words(answer)


def test_a_stored_threshold_unfolds_them(page, team):
    assert "more" in page.get(TEAM).content.decode() and "more' open" not in page.get(TEAM).content.decode()
    TeamLoad.objects.create(team=team, thresholds={"swaps": 9})
    assert '<details class="more" open>' in page.get(TEAM).content.decode()


def test_owners_change_the_teams_settings_and_viewers_see_them(client, charlie, team):
    client.force_login(charlie)
    assert client.get(TEAM).status_code == client.post(TEAM).status_code == 404
    Membership.objects.create(user=charlie, team=team, role=Role.OPERATOR)
    assert "Only owners of Search change this." in words(client.get(TEAM))
    assert client.post(TEAM).status_code == 403 and not TeamLoad.objects.exists()


def test_what_no_probe_sees_is_stated_of_an_endpoint(page, own):
    changed = {"slots": "2", "can_move": "no", "reasons": "LoRA adapters\nFP8", "measures_waits": "on", "whole": "20"}
    assert page.post(own, typed(page, own, **changed)).status_code == 302
    stored = EndpointLoad.objects.get()
    assert (stored.slots, stored.can_move, stored.measures_waits, stored.whole) == (2, False, True, 20)
    assert stored.reasons == ["LoRA adapters", "FP8"]
    assert datetime.now(UTC) - stored.slots_since < timedelta(minutes=1), "they are new, so from now on"
    assert AuditEntry.objects.get(action="endpoint.load_changed").detail["can_move"] == {"from": None, "to": False}


def test_since_when_the_slots_are_there_can_be_given(page, own):
    page.post(own, typed(page, own, slots="4", slots_since="2026-11-18T14:30"))
    assert EndpointLoad.objects.get().slots_since == datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
    page.post(own, typed(page, own, slots=""))
    assert EndpointLoad.objects.get().slots_since is None


def test_the_cost_of_measuring_waits_stands_beside_the_switch(page, own):
    shown = words(page.get(own))
    assert "throws away the cached prefix" in shown and "at most 12 times an hour" in shown
    assert "name its canary models" in shown


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"slots": "0"}, "slots"), ({"slots_since": "2999-01-01T00:00"}, "slots_since"), ({"can_move": "x"}, "can_move"),
     ({"reasons": "x\n" * 3 + "y" * 300}, "reasons")],
)  # fmt: skip
def test_wrong_statements_about_an_endpoint_are_refused(page, own, wrong, field):
    answer = page.post(own, typed(page, own, **wrong, whole="44"))
    assert answer.status_code == 422 and field in answer.context["form"].errors
    assert answer.context["form"]["whole"].value() == "44" and not EndpointLoad.objects.exists()


def test_viewers_of_the_team_do_not_state_anything(client, charlie, team, own):
    Membership.objects.create(user=charlie, team=team, role=Role.VIEWER)
    client.force_login(charlie)
    assert client.get(own).status_code == client.post(own).status_code == 403
