"""The signed links of mails: they do what they say once somebody presses the button, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from fleet import endpoints
from fleet.alerts import links
from fleet.models import EndpointState, Incident, Recipient
from teams.models import Team
from tests.html import flat

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.database]

ONCALL = "oncall@example.org"
STARTED = datetime.now(UTC)


@pytest.fixture
def incident(team) -> Incident:
    return broken(team, "gpu-1")


def broken(team: Team, name: str) -> Incident:
    gpu = endpoints.add(team, name=name, url=f"http://{name}:8000")
    return Incident.objects.create(endpoint=gpu, status="down", cause="timed_out", began_at=STARTED, opened_at=STARTED)


def text(response) -> str:
    return flat(response.content.decode())


def by() -> list[str]:
    return list(Incident.objects.order_by("pk").values_list("acknowledged_by", flat=True))


def test_opening_the_link_changes_nothing_and_the_button_acknowledges_for_the_address(client, incident):
    path = links.acknowledge_path(incident.pk, ONCALL)
    for look in (client.get, client.head, client.get):
        assert look(path).status_code == 200
    assert by() == [""]
    done = client.post(path, {"note": "on my way"}, follow=True)
    assert "Undo" in text(done) and "on my way" in text(done) and by() == [ONCALL]
    event = incident.events.get()
    assert event.author == ONCALL and "on my way" in event.text
    assert "Acknowledge</button>" not in client.get(path).content.decode(), "there is nothing left to press"


def test_the_page_has_what_the_mail_had_and_counts_what_else_is_up(client, team, incident):
    endpoints.add(team, name="gpu-elsewhere", url="http://gpu-elsewhere:8000", api_key="sk-elsewhere")
    EndpointState.objects.exclude(pk=incident.endpoint_id).update(status="up")
    Incident.objects.update(
        detail="No answer within 5 s.", step="health",
        last_seen={"at": STARTED.isoformat(), "engine": "vllm", "version": "0.33.0", "models": ["qwen3:8b"]},
    )  # fmt: skip
    page = text(client.get(links.acknowledge_path(incident.pk, ONCALL)))
    shown = ("did not answer in time", "health:</span> No answer within 5 s.", "What to try", "vLLM 0.33.0, qwen3:8b")
    for part in (*shown, "1 of 1 other endpoint of Search is up", f'href="{incident.get_absolute_url()}"'):
        assert part in page
    assert "elsewhere" not in page


def test_only_who_is_signed_in_can_follow_the_page_to_an_earlier_incident(client, alice, incident):
    earlier = Incident.objects.get()
    Incident.objects.update(resolved_at=STARTED - timedelta(minutes=1))
    later = Incident.objects.create(
        endpoint=earlier.endpoint, status="down", cause="timed_out", began_at=STARTED, opened_at=STARTED
    )
    path, link = links.acknowledge_path(later.pk, ONCALL), f'href="{earlier.get_absolute_url()}"'
    page = text(client.get(path))
    assert f"#{earlier.pk}, 1 min before" in page and link not in page
    assert "Times are those of <span data-zone>UTC</span>" in page
    client.force_login(alice)
    assert link in text(client.get(path))


def test_what_was_acknowledged_can_be_undone_by_who_did_it(client, incident):
    path = links.acknowledge_path(incident.pk, ONCALL)
    done = client.post(path, follow=True)
    assert text(done).count("Reminders stop") == 1, "it is said once"
    client.post(links.acknowledge_path(incident.pk, "bob@example.org"), {"undo": "1"})
    assert by() == [ONCALL], "it is another's"
    undone = text(client.post(path, {"undo": "1"}, follow=True))
    assert "Acknowledge</button>" in undone and "The acknowledgement was removed" in undone and by() == [""]


def test_the_button_needs_the_pages_own_token(incident):
    strict = Client(enforce_csrf_checks=True)
    path = links.acknowledge_path(incident.pk, ONCALL)
    assert strict.post(path).status_code == 403 and by() == [""]


def test_who_is_signed_in_acts_as_themselves(client, alice, incident):
    client.force_login(alice)
    client.post(links.acknowledge_path(incident.pk, ONCALL))
    assert by() == ["alice"]


def test_a_stranger_who_is_signed_in_can_do_nothing_with_it(client, charlie, incident):
    client.force_login(charlie)
    path = links.acknowledge_path(incident.pk, ONCALL)
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 404 and "signed in as charlie" in text(answer)
    assert by() == [""] and not incident.events.exists()


@pytest.mark.parametrize("what", ["acknowledge", "unsubscribe"])
@pytest.mark.parametrize(
    "damage", [lambda p: p[:-2] + "/", lambda p: p.replace(p[25:28], "AAA"), lambda p: p[:40] + "/"]
)
def test_an_altered_link_says_so_and_does_nothing(client, team, incident, what, damage):
    path = links.acknowledge_path(incident.pk, ONCALL)
    if what == "unsubscribe":
        path = links.unsubscribe_path(team.pk, ONCALL)
    for answer in (client.get(damage(path)), client.post(damage(path))):
        assert answer.status_code == 404 and "Copy the whole link from the mail" in text(answer)
    assert by() == [""] and not Recipient.objects.exists()


def test_one_kind_of_link_can_not_be_used_as_the_other(client, team, incident):
    token = links.unsubscribe_path(team.pk, ONCALL).split("/")[-2]
    assert client.post(f"/alerts/acknowledge/{token}/").status_code == 404
    assert by() == [""]


def test_after_seven_days_the_link_acknowledges_nothing(client, incident, time_machine):
    path = links.acknowledge_path(incident.pk, ONCALL)
    time_machine.move_to(datetime.now(UTC) + timedelta(days=6, hours=23))
    assert client.get(path).status_code == 200
    time_machine.move_to(datetime.now(UTC) + timedelta(hours=2))
    answer = client.post(path)
    assert answer.status_code == 410 and "more than seven days old" in text(answer) and by() == [""]


def test_what_is_resolved_is_said_to_be_over(client, incident):
    Incident.objects.update(resolved_at=STARTED)
    answer = client.post(links.acknowledge_path(incident.pk, ONCALL))
    assert answer.status_code == 410 and "nothing left to acknowledge" in text(answer) and by() == [""]


def test_one_link_acknowledges_all_that_its_mail_listed_but_what_is_over(client, team, incident):
    others = [broken(team, f"gpu-{number}") for number in range(2, 30)]
    Incident.objects.filter(pk=incident.pk).update(resolved_at=STARTED)
    path = links.acknowledge_path([incident.pk, *(each.pk for each in others)], ONCALL)
    assert "and 8 more" in text(client.get(path))
    client.post(path)
    assert by() == ["", *[ONCALL] * 28]


def test_who_is_on_it_already_is_named_before_it_is_taken_over(client, alice, incident):
    Incident.objects.update(acknowledged_by="bob", acknowledged_at=STARTED)
    path = links.acknowledge_path(incident.pk, ONCALL)
    assert "Already acknowledged by bob" in text(client.get(path))


def test_a_note_that_is_too_long_is_kept_in_the_form(client, incident):
    answer = client.post(links.acknowledge_path(incident.pk, ONCALL), {"note": "z" * 501})
    assert answer.status_code == 422 and "z" * 501 in text(answer) and "At most 500" in text(answer) and by() == [""]


def test_the_link_acknowledges_until_a_time_by_the_readers_clock(client, incident):
    path = links.acknowledge_path(incident.pk, ONCALL)
    answer = client.post(path, {"lasts": "own", "ends_at": "", "note": "on it"})
    assert answer.status_code == 422 and "Choose the day and the time" in text(answer) and "on it" in text(answer)
    until = datetime(STARTED.year + 1, 1, 2, 0, 30, tzinfo=UTC)
    data = {"lasts": "own", "ends_at": f"{until.year}-01-02T09:30", "zone": "Asia/Tokyo"}
    assert f'datetime="{until:%Y-%m-%dT%H:%M}' in client.post(path, data, follow=True).content.decode()
    assert Incident.objects.get().acknowledged_until == until


def test_opening_the_unsubscribe_link_asks_and_the_button_does_it(client, team):
    path = links.unsubscribe_path(team.pk, ONCALL)
    assert "Send no more mail" in text(client.get(path)) and not Recipient.objects.exists()
    assert "subscribe it again" in text(client.post(path))
    first = Recipient.objects.get()
    assert (first.address, first.team, bool(first.unsubscribed_at)) == (ONCALL, team, True)
    client.post(path)
    assert Recipient.objects.get().unsubscribed_at == first.unsubscribed_at
    assert "Send no more mail" not in text(client.get(path))


def test_mail_programs_unsubscribe_in_one_click_without_cookies_or_token(team, time_machine):
    path = links.unsubscribe_path(team.pk, ONCALL)
    time_machine.move_to(datetime.now(UTC) + timedelta(days=400))
    body = "List-Unsubscribe=One-Click"
    answer = Client(enforce_csrf_checks=True).post(path, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200 and Recipient.objects.get().unsubscribed_at


def test_an_address_that_bounced_can_unsubscribe_too(client, team):
    Recipient.objects.create(team=team, address=ONCALL, bounced_at=STARTED, bounce="550")
    client.post(links.unsubscribe_path(team.pk, ONCALL))
    assert Recipient.objects.get().unsubscribed_at


def test_the_link_of_a_team_that_is_gone_says_so(client, team):
    path = links.unsubscribe_path(team.pk, ONCALL)
    team.delete()
    assert client.post(path).status_code == 410
