"""An address that somebody typed gets one mail with a link, and nothing else before its owner agrees."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from fleet.alerts import delivery, digest, outbox, recipients
from fleet.models import Alert, AlertPolicy, Message
from teams import confirmations, invitations, mailboxes, team_lifecycle
from teams.accounts import first_account, personal_data
from teams.models import AuditEntry, PendingAddress, Role, Team
from teams.refusals import Refused
from tests.conftest import free_port
from tests.fleet.outages import fail, recover, settle, watched
from tests.html import flat

from .test_alerting import GOOD as ALERTING

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

TEAM, ONCALL, VICTIM = "/teams/search/", "oncall@example.org", "victim@example.net"


@pytest.fixture
def page(client, alice, team):
    client.force_login(alice)
    return client


def type_in(page, *addresses: str, name: str = "Search") -> str:
    answer = page.post(TEAM, {"name": name, "mail_to": "\n".join((ONCALL, *addresses))}, follow=True)
    return " ".join(answer.content.decode().split())


def link_in(mail) -> str:
    return re.search(r"http://localhost:8700(/addresses/confirm/\S+)", mail.get_content())[1]


def agree(mail) -> None:
    assert Client().post(link_in(mail)).status_code == 200


def outage(team: Team, name: str = "gpu-1"):
    incident = fail(watched(team, name))
    settle()
    delivery.deliver()
    return incident


def active(team: Team) -> list[str]:
    return recipients.active(Team.objects.get(pk=team.pk))


def to(smtp) -> list[str]:
    return sorted(smtp.recipients)


def test_it_gets_one_link_and_no_alert_before_it_is_opened(page, team, smtp):
    shown = type_in(page, VICTIM)
    assert f"A link went to {VICTIM}" in shown and "waits for confirmation, link sent" in shown
    [mail] = smtp.messages
    assert (mail["To"], mail["Subject"]) == (VICTIM, "May Plimsoll send you mails?")
    outage(team)
    assert to(smtp) == [ONCALL, VICTIM] and not Message.objects.filter(recipient=VICTIM).exists()
    type_in(page, VICTIM)
    assert len(smtp.messages) == 2, "saving the same list again asks nobody again"


def test_after_the_link_it_gets_what_others_get(page, team, smtp):
    type_in(page, VICTIM)
    [mail] = smtp.messages
    stranger, path = Client(enforce_csrf_checks=True), link_in(mail)
    shown = stranger.get(path).content.decode()
    assert f"Should {VICTIM} get mails of Search?" in shown and PendingAddress.objects.exists(), "a GET changes nothing"
    assert stranger.post(path).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown)[1]
    shown = stranger.post(path, {"csrfmiddlewaretoken": token}).content.decode()
    assert f"{VICTIM} gets mails of Search" in shown
    outage(team)
    assert to(smtp) == [ONCALL, VICTIM, VICTIM]
    entry = AuditEntry.objects.get(action="recipient.confirmed")
    assert (entry.via, entry.team_name, entry.detail) == ("link in a mail", "Search", {"mail": VICTIM})
    assert "waits for confirmation" not in page.get(TEAM).content.decode()


def test_a_link_works_once_for_seven_days_and_for_its_team_and_address(page, team, smtp, time_machine):
    type_in(page, VICTIM, "other@example.net")
    mine, other = ({mail["To"]: mail for mail in smtp.messages}[to] for to in (VICTIM, "other@example.net"))
    agree(mine)
    assert Client().post(link_in(mine)).status_code == 404 == Client().get(link_in(mine)).status_code
    assert [row.address for row in confirmations.pending(team)] == ["other@example.net"]
    assert Client().post(f"{link_in(other)[:-3]}x/").status_code == 404
    time_machine.move_to(datetime.now(UTC) + timedelta(days=7, minutes=1))
    gone = Client().post(link_in(other))
    assert gone.status_code == 404 and "more than seven days old" in gone.content.decode()
    assert [row.address for row in confirmations.pending(team)] == ["other@example.net"]


def test_an_old_link_does_not_confirm_an_address_that_was_typed_again(page, team, smtp):
    type_in(page, VICTIM)
    agree(smtp.messages[0])
    type_in(page)
    type_in(page, VICTIM)
    assert Client().post(link_in(smtp.messages[0])).status_code == 404
    assert [row.address for row in confirmations.pending(team)] == [VICTIM]


def test_neither_tests_escalations_digests_nor_reviews_go_there(page, team, smtp):
    type_in(page, VICTIM)
    page.post(f"{TEAM}alerting/", {**ALERTING, "escalate_to": f"{VICTIM}\nboss@example.net", "escalate_after": "1"})
    assert to(smtp) == ["boss@example.net", VICTIM]
    page.post(f"{TEAM}alerting/test/", {"channel": "mail"})
    outbox.write_note(team, "review", subject="s", text="t", path="/", link_text="l")
    outbox.write_note(team, "digest", subject="s", text="t", path="/", link_text="l", kind=Alert.Kind.DIGEST)
    incident = outage(team)
    incident.opened_at = datetime.now(UTC) - timedelta(minutes=5)
    incident.save()
    outbox.write_alerts(incident, incident.endpoint.state)
    recover(incident.endpoint)
    settle()
    delivery.deliver()
    assert set(Alert.objects.values_list("kind", flat=True)) >= {"down", "recovered", "review", "digest", "test"}
    assert set(Alert.objects.values_list("recipient", flat=True)) == {ONCALL}
    assert digest.write_due(datetime.now(UTC)) == 0


def test_a_list_of_addresses_that_all_wait_says_so_when_it_is_tested(page, team, smtp):
    page.post(TEAM, {"name": "Search", "mail_to": VICTIM})
    shown = flat(page.post(f"{TEAM}alerting/test/", {"channel": "mail"}, follow=True).content.decode())
    assert "has unsubscribed or has not confirmed the address yet" in shown
    assert f"{VICTIM}</span> waits for confirmation, link sent" in shown and to(smtp) == [VICTIM]


@pytest.mark.parametrize("spelling", ["dora@example.org", "Dora@EXAMPLE.org"])
def test_the_confirmed_address_of_an_account_needs_no_link(page, charlie, team, smtp, spelling):
    EmailAddress.objects.create(user=charlie, email="dora@example.org", verified=True)
    type_in(page, spelling)
    outage(team)
    assert not PendingAddress.objects.exists() and len(smtp.messages) == 2


def test_an_address_that_an_account_only_claims_needs_one(page, charlie, team, smtp):
    """Who is invited without mail could take any address; and the link of that invitation is shown to who invites."""
    made, _ = invitations.invite(team, VICTIM, Role.VIEWER, None)
    invitations.register(made, "mallory", "a long passphrase", proved=False)
    type_in(page, VICTIM)
    assert [row.address for row in confirmations.pending(team)] == [VICTIM]


def test_an_account_that_confirms_the_address_later_ends_the_waiting(page, charlie, team, smtp):
    type_in(page, VICTIM)
    EmailAddress.objects.create(user=charlie, email=VICTIM, verified=True)
    assert active(team) == [ONCALL, VICTIM]


@pytest.mark.parametrize("spelling", [VICTIM, "Victim@Example.net", "VICTIM@EXAMPLE.NET"])
def test_no_second_list_spelling_or_detour_makes_it_trusted(page, team, smtp, spelling):
    type_in(page, VICTIM)
    page.post(f"{TEAM}alerting/", {**ALERTING, "escalate_to": spelling})
    type_in(page)
    type_in(page, spelling)
    page.post(f"{TEAM}alerting/", {**ALERTING, "escalate_to": ""})
    assert [row.address for row in confirmations.pending(team)] == [VICTIM]
    assert active(team) == [ONCALL] and to(smtp) == [VICTIM]


def test_what_is_on_a_list_already_stays_trusted_when_it_comes_onto_another(page, team, smtp):
    AlertPolicy.objects.create(team=team, escalate_to=["boss@example.org"])
    type_in(page, "boss@example.org")
    page.post(f"{TEAM}alerting/", {**ALERTING, "escalate_to": ONCALL})
    assert active(team) == [ONCALL, "boss@example.org"] and not smtp.messages


def test_what_apply_names_on_the_server_is_trusted(page, team, smtp, tmp_path):
    type_in(page, VICTIM)
    file = tmp_path / "fleet.yaml"
    file.write_text(f"teams:\n- {{slug: search, name: Search, mail_to: [{ONCALL}, {VICTIM}, new@example.net]}}\n")
    call_command("apply", str(file), dry_run=True)
    assert active(team) == [ONCALL]
    call_command("apply", str(file))
    assert active(team) == [ONCALL, VICTIM, "new@example.net"]


def test_an_administrator_can_switch_it_off(page, team, smtp, settings):
    type_in(page, VICTIM)
    settings.CONFIRM_ADDRESSES = False
    assert "waits for confirmation" not in type_in(page, VICTIM, "new@example.net")
    assert active(team) == [ONCALL, VICTIM, "new@example.net"] and to(smtp) == [VICTIM]


def test_without_a_mail_server_it_waits_and_the_alerts_page_shows_what_would_be_sent(page, team):
    shown = type_in(page, VICTIM)
    assert "No mail server is set (EMAIL_URL)" in shown and "no link sent so far" in shown
    outage(team)
    assert list(Message.objects.order_by("recipient").values_list("recipient", "state")) == [
        (ONCALL, "no_server"), (VICTIM, "no_server"),
    ]  # fmt: skip


def test_once_there_is_a_mail_server_the_link_is_sent_by_a_button(page, team, request):
    type_in(page, VICTIM)
    incident = outage(team)
    smtp = request.getfixturevalue("smtp")
    shown = page.post(f"{TEAM}addresses/ask/", {"address": VICTIM, "page": "alerting"}, follow=True)
    assert shown.request["PATH_INFO"] == f"{TEAM}alerting/" and "link sent" in shown.content.decode()
    recover(incident.endpoint)
    settle()
    delivery.deliver()
    assert to(smtp) == [ONCALL, VICTIM], "the end of an outage goes to no one who has not agreed either"
    agree(smtp.messages[0])
    assert active(team) == [ONCALL, VICTIM]


def test_an_alert_that_waited_for_a_mail_server_goes_to_no_unconfirmed_address(page, team, request):
    type_in(page, VICTIM)
    fail(watched(team, "gpu-1"))
    smtp = request.getfixturevalue("smtp")  # set before the alert was put into a message
    settle()
    delivery.deliver()
    assert to(smtp) == [ONCALL]
    assert Alert.objects.get(recipient=VICTIM).dropped.startswith("the address wants no mail")


def test_a_link_that_got_lost_is_sent_again_after_two_minutes_then_once_an_hour(page, smtp, time_machine):
    def ask_after(seconds: float) -> int:
        time_machine.move_to(began + timedelta(seconds=seconds), tick=False)
        page.post(f"{TEAM}addresses/ask/", {"address": VICTIM})
        return len(smtp.messages)

    began = datetime.now(UTC)
    type_in(page, VICTIM)
    assert [ask_after(seconds) for seconds in (60, 130, 300, 3700, 3800, 7300)] == [1, 2, 2, 2, 3, 3]


def test_an_unconfirmed_address_is_on_the_alert_settings_once(page, team, smtp):
    type_in(page, VICTIM)
    shown = page.get(f"{TEAM}alerting/").content.decode()
    assert shown.count(f'<span class="strong">{VICTIM}</span>') == 1
    assert f'href="{TEAM}#id_mail_to"' in shown and f'<span class="strong">{ONCALL}</span>' in shown


def test_a_mailbox_gets_few_links_whoever_asks(page, charlie, team, smtp, time_machine):
    type_in(page, VICTIM)
    type_in(page, VICTIM, "victim+2@example.net", "Victim+3@example.net")
    assert len(smtp.messages) == 1
    waits = page.get(f"{TEAM}alerting/").content.decode()
    assert "It can be sent again from" in waits and "Send again" not in waits
    assert f"{VICTIM} got a link or an invitation lately. The link can be sent again from" in " ".join(
        page.post(f"{TEAM}addresses/ask/", {"address": VICTIM}, follow=True).content.decode().split()
    )
    stranger = Client()
    stranger.force_login(charlie)
    for number in range(3):
        stranger.post("/teams/", {"name": f"Flood {number}", "mail_to": VICTIM})
        team_lifecycle.delete_team(charlie, Team.objects.get(name=f"Flood {number}"))
    assert len(smtp.messages) == 1
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=3601))
    assert "Send again" in page.get(f"{TEAM}alerting/").content.decode()
    page.post(f"{TEAM}addresses/ask/", {"address": VICTIM})
    assert to(smtp) == [VICTIM, VICTIM]


def test_a_person_and_a_team_send_so_many_links_an_hour(page, team, smtp, monkeypatch):
    monkeypatch.setattr(confirmations, "AN_HOUR", 2)
    shown = type_in(page, *(f"v{number}@example.net" for number in range(4)))
    assert "That is enough for now: 2 links an hour." in shown and len(smtp.messages) == 2
    assert len(confirmations.pending(team)) == 4, "those that got no link wait like the others"


def test_trouble_with_the_mail_server_is_said_and_costs_no_hour(page, team, smtp, settings):
    settings.EMAIL_PORT = free_port()
    shown = type_in(page, VICTIM)
    assert "The mail server did not take it" in shown and "no link sent so far" in shown
    settings.EMAIL_PORT = smtp.port
    smtp.refuse = {"typo@example.net"}
    shown = type_in(page, VICTIM, "typo@example.net")
    assert "The mail server refused typo@example.net." in shown
    assert to(smtp) == [VICTIM], "one that is refused holds up no other"


def test_the_mail_has_nothing_of_the_sender_but_the_teams_name_without_links(page, team, smtp):
    name = "WIN at http://evil.example/x <b>now</b> www.evil.example a@b.example, it is free"
    type_in(page, VICTIM, name=name)
    text = smtp.messages[0].get_content()
    assert "evil.example" not in text and "<b>" not in text and "a@b" not in text
    assert mailboxes.plain(name) in text and len(mailboxes.plain(name)) <= 40
    assert "alice" not in text and "evil.example" not in Client().get(link_in(smtp.messages[0])).content.decode()


def test_only_owners_ask_and_only_for_addresses_that_wait(page, client, charlie, team, smtp):
    for unknown in ("nobody@example.net", "a\x00@example.net", ""):
        assert page.post(f"{TEAM}addresses/ask/", {"address": unknown}).status_code == 404
    assert page.get(f"{TEAM}addresses/ask/").status_code == 405
    type_in(page, VICTIM)
    stranger = Client()
    stranger.force_login(charlie)
    assert stranger.post(f"{TEAM}addresses/ask/", {"address": VICTIM}).status_code == 404
    assert len(smtp.messages) == 1


def test_the_team_of_the_first_account_needs_no_link(client, db, smtp):
    first_account.create("root", "Root@example.org", "a long passphrase", "Platform")
    assert not PendingAddress.objects.exists()


def test_deleting_a_person_takes_the_address_along(page, charlie, team):
    type_in(page, "charlie@example.net")
    charlie.email = "charlie@example.net"
    charlie.save()
    assert personal_data.export(charlie)["addresses_to_confirm"][0]["team__name"] == "Search"
    personal_data.delete_person(charlie, charlie)
    assert not PendingAddress.objects.exists()


def test_a_link_for_something_else_confirms_nothing():
    with pytest.raises(Refused):
        confirmations.confirm(reverse("address-confirm", args=["x:y:z"]))
