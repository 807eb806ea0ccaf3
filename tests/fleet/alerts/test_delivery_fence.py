"""A message that can't be sent costs nobody else theirs, and is the installation's trouble only if it is its fault."""

import smtplib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError

from fleet.alerts import claims, delivery, recipients, test_messages
from fleet.models import Message, Recipient
from teams import invitations
from teams.models import Role, Team
from tests import hostile_server as hostile
from tests.conftest import free_port
from tests.fleet.alerts.outbox import due_again, note
from tests.hostile_server import HostileServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.database]

TOO_LONG = f"a@{'ü' * 60}.de"
ODD_ADDRESSES = [
    TOO_LONG, "a@b.de\nBcc: c@example.org", "a@b.de\rX: y", "no address", "",
    "ü" * 70 + "@example.org", "a@[::1", "a@example.org, b@example.org", "\1@example.org", "a@" + "x" * 70 + ".org",
]  # fmt: skip
ODD_FACTS = [{}, [], "text", 7, {"subject": None, "team_slug": "x"}, {"subject": "x", "team_slug": "a\nBcc: b@c.de"}]


@pytest.fixture
def charlies(db) -> Team:
    """A team of other people."""
    return Team.objects.create(name="Others", slug="others", mail_to=["others@example.org"])


def state(message: Message) -> tuple[str, str, int]:
    message.refresh_from_db()
    return message.state, message.last_try, message.attempts


@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_an_odd_address_costs_its_own_mail_alone(team, charlies, smtp, address):
    poison = [note(charlies, address) for _ in range(3)]
    good = note(team, "oncall@example.org")
    delivery.deliver()
    assert state(good)[0] == "sent" and smtp.recipients.count("oncall@example.org") == 1
    for message in poison:
        if message.state == "waiting":
            assert message.next_try_at > datetime.now(UTC) - timedelta(seconds=60)


@pytest.mark.parametrize("facts", ODD_FACTS)
def test_a_mail_that_can_not_be_worded_is_put_off_and_given_up_after_a_day(team, charlies, smtp, caplog, facts):
    poison, good = note(charlies, "b@example.org", facts=facts), note(team, "oncall@example.org")
    assert delivery.deliver() == 1
    assert state(good)[0] == "sent" and state(poison) == ("waiting", "own", 1)
    assert poison.next_try_at > datetime.now(UTC) + timedelta(seconds=3) and "could not be made" in poison.error
    due_again()
    delivery.deliver()
    assert [bool(record.exc_info) for record in caplog.records].count(True) == 1
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1, hours=1)):
        delivery.deliver()
    assert state(poison)[0] == "given_up"
    assert delivery.trouble() == ""


def test_what_it_was_about_was_removed_so_it_is_dropped(team, smtp, client, alice):
    message = note(team, "oncall@example.org")
    message.alerts.all().delete()
    assert delivery.deliver() == 0
    assert state(message)[0] == "unwanted" and not smtp.messages
    client.force_login(alice)
    assert "has been removed" in client.get("/alerts/").content.decode()


@pytest.mark.parametrize("facts", ODD_FACTS)
@pytest.mark.parametrize("channel", ["mail", "webhook"])
def test_the_page_of_alerts_survives_what_can_not_be_worded(client, alice, team, facts, channel):
    note(team, "oncall@example.org", channel, facts=facts, state="given_up")
    note(team, "oncall@example.org", channel, facts=facts, state="sent")
    client.force_login(alice)
    assert client.get("/alerts/").status_code == 200


def test_a_text_that_is_refused_is_no_trouble_while_others_are_taken(team, charlies, smtp):
    smtp.answer = "554 5.7.1 spam"
    poison = note(charlies, "b@example.org", created_at=datetime.now(UTC) - timedelta(minutes=6))
    delivery.deliver()
    assert state(poison) == ("waiting", "refused", 1)
    assert delivery.trouble() == "Mail has been waiting for 6 min. The mail server answered: 554 5.7.1 spam"
    smtp.answer = "250 taken"
    note(team, "oncall@example.org")
    delivery.deliver()
    assert delivery.trouble() == ""


@pytest.mark.parametrize("answer", ["550 5.1.1 no such address", "451 4.2.1 try later", "452 4.2.2 mailbox full"])
def test_a_refused_recipient_is_never_the_installations_trouble(team, smtp, valkey, monkeypatch, answer):
    async def refuse(*_):
        return answer

    monkeypatch.setattr(type(smtp), "handle_RCPT", refuse)
    note(team, "gone@example.org", created_at=datetime.now(UTC) - timedelta(minutes=20))
    delivery.deliver()
    assert valkey.get("plimsoll:mail") == b""
    assert Recipient.objects.filter(bounced_at__isnull=False).exists() is answer.startswith("550")


def test_a_recipient_that_makes_the_server_hang_up_is_nobody_elses_trouble(team, charlies, smtp, valkey, monkeypatch):
    taken = type(smtp).handle_RCPT

    async def hang_up(self, server, session, envelope, address, options):
        if address == "trap@example.org":
            server.transport.close()
            return "421 bye"
        return await taken(self, server, session, envelope, address, options)

    monkeypatch.setattr(type(smtp), "handle_RCPT", hang_up)
    note(charlies, "trap@example.org")
    good = [note(team, f"{name}@example.org") for name in ("a", "b")]
    assert delivery.deliver() == 2
    assert {state(message)[0] for message in good} == {"sent"}
    assert valkey.get("plimsoll:mail") == b""


def test_a_server_that_is_away_is_a_trouble_and_all_mails_follow_at_once_when_it_is_back(team, smtp, settings, valkey):
    waiting = [note(team, f"{number}@example.org") for number in range(4)]
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    for _ in range(3):
        assert delivery.deliver() == 0
    assert b"could not be reached" in valkey.get("plimsoll:mail")
    settings.EMAIL_PORT = port
    assert delivery.deliver() == 1
    assert delivery.deliver() == 3
    assert {state(message)[0] for message in waiting} == {"sent"}
    assert valkey.get("plimsoll:mail") == b""


def test_refused_sign_in_is_a_trouble_at_once(team, smtp, settings, valkey):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "me", "wrong-password"
    note(team, "oncall@example.org")
    delivery.deliver()
    assert valkey.get("plimsoll:mail") not in (b"", None)


@pytest.mark.parametrize("sender", ["Ops, Night <plimsoll@example.org>", f"x <{TOO_LONG}>", "a@b.de\nX: y"])
def test_an_odd_sender_is_a_trouble_that_names_the_setting(team, smtp, settings, valkey, sender):
    settings.DEFAULT_FROM_EMAIL = sender
    message = note(team, "oncall@example.org")
    assert delivery.deliver() == 0
    assert b"MAIL_FROM can't be used" in valkey.get("plimsoll:mail")
    assert state(message) == ("waiting", "", 0)


def test_a_sweep_that_fails_is_a_trouble_and_still_sends_what_was_gathered(team, smtp, valkey, monkeypatch):
    def broken() -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(delivery.gathering, "gather", broken)
    message = note(team, "oncall@example.org")
    with pytest.raises(OperationalError):
        delivery.deliver()
    assert state(message)[0] == "sent"
    assert b"sweep that sends mails failed" in valkey.get("plimsoll:mail")
    monkeypatch.undo()


def test_a_mail_that_is_too_large_stops_nobody(team, charlies, smtp, monkeypatch):
    sendmail = smtplib.SMTP.sendmail

    def too_large(self, sender, to, *rest):
        if to == ["large@example.org"]:
            raise smtplib.SMTPSenderRefused(552, b"5.3.4 too large", sender)
        return sendmail(self, sender, to, *rest)

    monkeypatch.setattr(smtplib.SMTP, "sendmail", too_large)
    poison, good = note(charlies, "large@example.org"), note(team, "oncall@example.org")
    assert delivery.deliver() == 1
    assert state(good)[0] == "sent" and state(poison) == ("waiting", "own", 1)


def test_teams_take_turns(team, charlies, smtp):
    for number in range(claims.BATCH + 10):
        note(charlies, f"{number}@example.org")
    mine = [note(team, f"mine-{number}@example.org") for number in range(2)]
    note(None, "root@example.org")
    batch = [message.pk for message in claims.due(claims.waiting())]
    assert batch.index(mine[0].pk) < 3 and batch.index(mine[1].pk) < 6 and len(batch) == claims.BATCH


def test_a_server_that_drips_is_left_when_the_sweep_is_over(team, smtp, settings, monkeypatch, valkey):
    monkeypatch.setattr(delivery, "ENDS_AFTER", 0.5)
    note(team, "oncall@example.org")
    with HostileServer(greeting=hostile.dribble_body(length=None)) as slow:
        settings.EMAIL_PORT = slow.port
        assert delivery.deliver() == 0
    assert valkey.get("plimsoll:mail") not in (b"", None)


@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_a_test_mail_to_an_odd_address_gets_an_answer_and_the_others_theirs(team, smtp, address):
    team.mail_to = [address, "oncall@example.org"]
    tried = test_messages.mail(team)
    assert tried[-1].taken and "oncall@example.org" in tried[-1].sentence


@pytest.mark.parametrize("address", [TOO_LONG, "a@b.de\nBcc: c@example.org"])
def test_an_invitation_to_an_odd_address_stays_and_says_that_no_mail_went_out(team, alice, smtp, address):
    invitation, token = invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    invitation.email = address
    assert "did not take it" in invitations.send(invitation, token)
    assert not smtp.messages


def test_a_team_that_is_deleted_while_its_mail_is_sent_stops_nobody(team, charlies, smtp, monkeypatch):
    note(charlies, "gone@example.org")
    good = note(team, "oncall@example.org")
    smtp.refuse = {"gone@example.org"}

    def let_go() -> None:
        Team.objects.filter(pk=charlies.pk).delete()

    monkeypatch.setattr(claims, "let_go_of_database", let_go)
    delivery.deliver()
    assert state(good)[0] == "sent"


def test_what_fails_after_the_mail_was_taken_does_not_send_it_again(team, smtp, monkeypatch):
    def broken(*_) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(recipients, "clear_bounce", broken)
    message = note(team, "oncall@example.org")
    delivery.deliver()
    due_again()
    delivery.deliver()
    assert state(message)[0] == "sent" and len(smtp.messages) == 1
