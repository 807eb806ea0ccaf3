"""How much a person and a team may have: a clear sentence at the limit, wherever one more is added."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from fleet import endpoints
from fleet.models import AlertPolicy, Endpoint, MaintenanceWindow, Silence
from fleet.muting import actions
from teams import members, team_lifecycle
from teams.models import Role, Team
from teams.refusals import Refused
from tests.fleet.alerts.test_alerting import GOOD as ALERTING

from .test_members import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.usefixtures("valkey")]

HOUR = timedelta(hours=1)
FAR_PAST, FAR_AHEAD = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def said(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_a_person_starts_so_many_teams_and_a_deleted_one_makes_room(client, charlie, settings):
    settings.TEAMS_PER_PERSON = 2
    client.force_login(charlie)
    for name in ("A", "B"):
        assert client.post("/teams/", {"name": name}).status_code == 302
    sentence = "The limit of 2 teams that one person starts is reached. Delete one that nobody needs"
    page = said(client.post("/teams/", {"name": "C"}))
    assert sentence in page and "An administrator of this installation can raise TEAMS_PER_PERSON." in page
    team_lifecycle.delete_team(charlie, Team.objects.get(name="A"))
    assert client.post("/teams/", {"name": "C"}).status_code == 302


def test_leaving_a_team_to_another_account_makes_no_room(charlie, bob, settings):
    settings.TEAMS_PER_PERSON = 1
    team = team_lifecycle.new_team(charlie, "A", [])
    members.join(bob, team, Role.OWNER)
    members.leave(charlie, team)
    with pytest.raises(Refused, match="TEAMS_PER_PERSON"):
        team_lifecycle.new_team(charlie, "B", [])


def test_teams_that_a_person_only_joined_do_not_count(alice, team, settings):
    settings.TEAMS_PER_PERSON = 1
    assert team_lifecycle.new_team(alice, "A", [])


@pytest.mark.parametrize("most", [0, 1])
def test_an_administrator_starts_any_number(charlie, settings, most):
    settings.TEAMS_PER_PERSON = most
    charlie.is_superuser = True
    charlie.save()
    assert [team_lifecycle.new_team(charlie, name, []).started_by for name in "ABC"] == [charlie] * 3


def test_of_two_teams_that_are_started_at_once_one_is_the_last(charlie, settings):
    settings.TEAMS_PER_PERSON = 1
    at_once(lambda: team_lifecycle.new_team(charlie, "A", []), lambda: team_lifecycle.new_team(charlie, "B", []))
    assert Team.objects.filter(started_by=charlie).count() == 1


def test_a_team_watches_so_many_endpoints(client, alice, team, settings, tmp_path):
    settings.ENDPOINTS_PER_TEAM = 2
    for number in (1, 2):
        endpoints.add(team, name=f"gpu-{number}", url=f"http://gpu-{number}:8000")
    sentence = r"The limit of 2 endpoints of Search is reached\. .* can raise ENDPOINTS_PER_TEAM"
    client.force_login(alice)
    numbers = {"interval": "30", "timeout": "5", "fail_after": "3", "recover_after": "2", "fail_of": "0",
               "fail_for": "0", "canary_every": "600"}  # fmt: skip
    page = client.post("/endpoints/add/", {"url": "http://gpu-3:8000", "team": team.pk, **numbers})
    assert re.search(sentence, said(page))
    file = tmp_path / "fleet.yaml"
    file.write_text(
        "teams:\n- slug: search\n  name: Search\n  endpoints:\n  - {name: gpu-3, url: 'http://gpu-3:8000'}\n"
    )
    with pytest.raises(CommandError, match=rf"fleet.yaml line 5: teams\[0\]\.endpoints\[0\]\.team: {sentence}"):
        call_command("apply", str(file))
    call_command("apply", str(file), prune=True)
    assert [endpoint.name for endpoint in Endpoint.objects.all()] == ["gpu-3"], "what goes makes room"


def test_a_file_that_names_too_many_endpoints_or_addresses_says_so_with_its_line(settings, tmp_path):
    settings.ENDPOINTS_PER_TEAM = settings.ADDRESSES_PER_TEAM = 1
    two = "  endpoints:\n  - {name: a, url: 'http://a:1'}\n  - {name: b, url: 'http://b:1'}\n"
    file = tmp_path / "fleet.yaml"
    file.write_text(f"teams:\n- slug: search\n  mail_to: [a@example.org, b@example.org]\n{two}")
    with pytest.raises(CommandError) as caught:
        call_command("apply", str(file))
    mail, watched = str(caught.value).splitlines()[:2]
    assert "line 3: teams[0].mail_to has 2: give at most 1" in mail and "raise ADDRESSES_PER_TEAM" in mail
    assert "line 5: teams[0].endpoints has 2: give at most 1" in watched and "raise ENDPOINTS_PER_TEAM" in watched
    assert not Team.objects.exists()


def test_a_lower_limit_leaves_what_is_there_to_be_changed(team, settings):
    gpu = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    endpoints.add(team, name="gpu-2", url="http://gpu-2:8000")
    settings.ENDPOINTS_PER_TEAM = 1
    assert endpoints.change(gpu, interval=60) == ["interval"]


def test_of_two_endpoints_that_are_added_at_once_one_is_the_last(team, settings):
    settings.ENDPOINTS_PER_TEAM = 1

    def add(name: str) -> None:
        with suppress(ValidationError):
            endpoints.add(team, name=name, url=f"http://{name}:1")

    at_once(lambda: add("a"), lambda: add("b"))
    assert Endpoint.objects.count() == 1


def test_a_team_has_so_many_silences_in_force(alice, team, settings):
    settings.SILENCES_PER_TEAM = 2
    first = actions.silence(team, alice, ends_at=now() + HOUR)
    assert actions.silence(team, alice, ends_at=now() + HOUR) == first, "a form that was sent twice"
    actions.silence(team, alice, ends_at=now() + HOUR, engine="vllm")
    with pytest.raises(ValidationError, match=r"2 silences of Search in force.*raise SILENCES_PER_TEAM") as caught:
        actions.silence(team, alice, ends_at=now() + HOUR, engine="ollama")
    assert list(caught.value.message_dict) == ["target"]
    actions.end_silences([first], alice)
    assert actions.silence(team, alice, ends_at=now() + HOUR) and Silence.objects.count() == 3


def test_a_team_has_so_many_windows_that_are_not_over(alice, team, settings):
    settings.WINDOWS_PER_TEAM = 3
    day = timedelta(days=1)
    same = {"team": team, "name": "Old", "minutes": 60}
    over = [{"starts_at": now() - 2 * HOUR}, {"starts_at": FAR_PAST}]
    over.append({"starts_at": now() - 9 * day, "repeats": "daily", "last_day": (now() - 3 * day).date()})
    ahead = [{"starts_at": now() - HOUR / 2}, {"starts_at": FAR_AHEAD}]
    ahead.append({"starts_at": now() - 9 * day, "repeats": "weekly"})
    MaintenanceWindow.objects.bulk_create(MaintenanceWindow(**same, **row) for row in over + ahead)
    times = {"starts_at": now() + HOUR, "ends_at": now() + 2 * HOUR}
    with pytest.raises(ValidationError, match=r"3 windows of Search that are not over.*raise WINDOWS_PER_TEAM"):
        actions.plan(team, alice, name="Driver update", **times)
    settings.WINDOWS_PER_TEAM = 4
    assert actions.plan(team, alice, name="Driver update", **times)


def test_the_limits_of_one_team_are_not_anothers(alice, charlie, team, settings):
    settings.SILENCES_PER_TEAM = settings.ENDPOINTS_PER_TEAM = 1
    other = team_lifecycle.new_team(charlie, "Other", [])
    for each, by in ((team, alice), (other, charlie)):
        assert actions.silence(each, by, ends_at=now() + HOUR) and endpoints.add(each, name="g", url="http://g:1")


def test_a_team_mails_to_so_many_addresses(client, alice, team, settings):
    settings.ADDRESSES_PER_TEAM = 2
    client.force_login(alice)
    three = "\n".join(f"{name}@example.org" for name in "abc")
    for path, sent in [
        ("/teams/", {"name": "Other", "mail_to": three}),
        ("/teams/search/", {"name": "Search", "mail_to": three}),
        ("/teams/search/alerting/", {**ALERTING, "escalate_to": three}),
    ]:
        page = said(client.post(path, sent))
        assert "At most 2 addresses. Use a mailing list" in page and "can raise ADDRESSES_PER_TEAM." in page
    assert Team.objects.get().mail_to == ["oncall@example.org"] and not AlertPolicy.objects.exists()


def test_a_lower_limit_leaves_the_addresses_that_are_there(client, alice, team, settings):
    settings.ADDRESSES_PER_TEAM = 1
    three, four = ("\n".join(f"{name}@example.org" for name in names) for names in ("abc", "abcd"))
    Team.objects.update(mail_to=three.splitlines())
    AlertPolicy.objects.create(team=team, escalate_to=three.splitlines())
    client.force_login(alice)
    for path, sent, field in [
        ("/teams/search/", {"name": "Renamed"}, "mail_to"),
        ("/teams/search/alerting/", ALERTING, "escalate_to"),
    ]:
        assert client.post(path, {**sent, field: three}).status_code == 302, path
        assert "At most 1 addresses." in said(client.post(path, {**sent, field: four}))
        assert client.post(path, {**sent, field: "a@example.org\nz@example.org"}).status_code == 302, "a shorter list"
        assert "At most 1 addresses." in said(client.post(path, {**sent, field: three})), "the longer one is gone"
    assert Team.objects.get().name == "Renamed"
    assert "At most 1 addresses." in said(client.post("/teams/", {"name": "Other", "mail_to": three}))


@pytest.mark.parametrize("field", ["expected_models", "canary_models"])
@pytest.mark.parametrize("names", [[f"m{n}" for n in range(101)], ["m" * 301]])
def test_lists_of_models_have_an_end(team, field, names):
    with pytest.raises(ValidationError) as caught:
        endpoints.add(team, name="gpu-1", url="http://gpu-1:8000", **{field: names})
    assert list(caught.value.message_dict) == [field]
    assert endpoints.add(team, name="gpu-1", url="http://gpu-1:8000", **{field: ["m" * 300] * 100})
