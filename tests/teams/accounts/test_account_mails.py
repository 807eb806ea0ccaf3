"""Mails about accounts: a link for a new password, and word of each change to how one signs in."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import mail_addresses
from teams import confirmations, invitations
from teams.accounts import account_mail, mail_address
from teams.accounts.allauth_adapters import WRONG, Accounts
from teams.models import PendingAddress, Role
from tests.conftest import free_port
from tests.html import flat
from tests.odd_mail_server import OddMailServer

pytestmark = pytest.mark.django_db

PASSWORD, NEW = "a long password", "quite another one"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
RESET = "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def _own_site(settings) -> None:
    settings.SITE_URL = "https://plimsoll.example.org"
    settings.ALLOWED_HOSTS = ["localhost", "plimsoll.example.org"]


@pytest.fixture
def address(alice) -> EmailAddress:
    return EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)


def sent(smtp) -> list[EmailMessage]:
    """The mails that left, once none is on its way any more."""
    account_mail.settle()
    return smtp.messages


def ask(email: str, **more):
    """The answer to who asks for a new password."""
    return Client(headers={"host": "localhost"}).post(RESET, {"email": email}, **more)


def text_of(message: EmailMessage) -> str:
    """What the mail says, with the line ends of this system."""
    return message.get_content().replace("\r\n", "\n")


def link_in(message: EmailMessage) -> str:
    found = re.search(r"^https://plimsoll\.example\.org(/\S+)$", text_of(message), re.M)
    assert found, text_of(message)
    return found[1]


def choose(link: str, password: str = NEW):
    """The answer to who opens the link and chooses this password."""
    client = Client(headers={"host": "localhost"})
    form = client.get(link, follow=True).redirect_chain[-1][0]
    return client.post(form, {"password1": password, "password2": password})


def test_the_link_in_the_mail_gives_the_account_a_new_password_once(smtp, alice, address):
    assert ask("Alice@example.org").url == reverse("account_reset_password_done")
    [mail] = sent(smtp)
    assert (mail["Subject"], mail["To"]) == ("A new password for Plimsoll", "alice@example.org")
    assert "account alice on" in text_of(mail)
    assert choose(link_in(mail)).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    again = Client(headers={"host": "localhost"}).get(link_in(mail), follow=True)
    assert again.context.get("token_fail")


def test_a_new_password_by_mail_lets_in_who_was_held_up_and_ends_all_sessions(smtp, alice, address):
    client, login = Client(headers={"host": "localhost"}), reverse("account_login")
    client.post(login, {"login": "alice", "password": PASSWORD})
    for _ in range(6):
        Client(headers={"host": "localhost"}).post(login, {"login": "alice", "password": "wrong"})
    ask("alice@example.org")
    choose(link_in(sent(smtp)[0]))
    assert client.get(reverse("teams")).status_code == 302
    assert client.post(login, {"login": "alice", "password": NEW}).url == "/"


def test_the_link_and_the_sender_are_ours_whatever_the_host_header_says(smtp, alice, settings):
    settings.DEFAULT_FROM_EMAIL = "Plimsoll <plimsoll@example.org>"
    for host in ("localhost", "plimsoll.example.org"):
        ask("alice@example.org", headers={"host": host})
    assert [mail["From"] for mail in sent(smtp)] == [settings.DEFAULT_FROM_EMAIL] * 2
    for mail in sent(smtp):
        assert link_in(mail).startswith(RESET) and "localhost" not in text_of(mail)


def test_the_page_does_not_reveal_who_has_an_account(smtp, alice, settings):
    User.objects.create_user("gone", "gone@example.org", PASSWORD, is_active=False)
    answers = [ask(f"{name}@example.org") for name in ("alice", "nobody", "gone")]
    assert len({(answer.status_code, answer.url) for answer in answers}) == 1
    assert [mail["To"] for mail in sent(smtp)] == ["alice@example.org"]


@pytest.mark.parametrize(
    "spellings",
    [
        ["victim@xn--mnchen-3ya.de"] * 6,
        [*["victim@xn--mnchen-3ya.de", "Victim@MÜNCHEN.de", "victim@mu\u0308nchen.de"] * 2, "victim@münchen。de"],
        [f"victim+{number}@xn--mnchen-3ya.de" for number in range(6)],
    ],
)
def test_a_mailbox_that_accounts_only_claim_is_not_flooded(smtp, db, spellings):
    """Whoever invites sees the link, and can make accounts with a stranger's address."""
    for number, address in enumerate(sorted({mail_addresses.same(each) for each in spellings})):
        user = User.objects.create_user(f"mallory{number}", address, PASSWORD)
        EmailAddress.objects.create(user=user, email=address, verified=False, primary=True)
    for each in spellings:
        ask(each)
    assert len(sent(smtp)) == 3


def test_too_many_requests_are_answered_alike_with_and_without_an_account(smtp, alice, address):
    answers = [[ask(f"{name}@example.org") for _ in range(5)] for name in ("alice", "nobody")]
    kinds = [[(answer.status_code, answer.get("Location")) for answer in each] for each in answers]
    assert kinds[0] == kinds[1] and [status for status, _ in kinds[0]] == [302] * 3 + [429] * 2
    assert "use the link in the latest one" in flat(answers[1][4].content.decode())
    assert len(sent(smtp)) == 3


@pytest.mark.parametrize("trouble", ["refuses", "away", "not set"])
def test_the_page_answers_all_the_same_without_a_mail_server(smtp, alice, settings, caplog, trouble):
    if trouble == "refuses":
        smtp.answer = "451 later"
    elif trouble == "away":
        settings.EMAIL_PORT = free_port()
    else:
        settings.EMAIL_CONFIGURED, settings.EMAIL_BACKEND = False, "django.core.mail.backends.dummy.EmailBackend"
    assert ask("alice@example.org").url == reverse("account_reset_password_done")
    assert sent(smtp) == []
    assert ("could not be sent" in caplog.text) == (trouble != "not set")


def test_the_page_does_not_wait_for_the_mail_server(smtp, alice, wait_for):
    smtp.ready.clear()
    ask("alice@example.org")
    wait_for(lambda: smtp.tries == 1, 5, "the mail did not reach the server")
    assert smtp.messages == []
    smtp.ready.set()
    assert len(sent(smtp)) == 1


def test_a_mail_that_breaks_is_in_the_log_as_well(smtp, alice, monkeypatch, caplog):
    def breaks(*args: object) -> None:
        raise UnicodeEncodeError("ascii", "é", 0, 1, "planted")

    monkeypatch.setattr(EmailBackend, "send_messages", breaks)
    ask("alice@example.org")
    assert sent(smtp) == []
    assert "could not be sent" in caplog.text and "planted" in caplog.text


def test_who_is_signed_in_changes_the_password_and_hears_of_it(smtp, alice, address):
    client = Client(headers={"host": "localhost", "user-agent": FIREFOX}, REMOTE_ADDR="192.0.2.7")
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    path = reverse("account_change_password")
    wrong = client.post(path, {"oldpassword": "wrong", "password1": NEW, "password2": NEW})
    assert wrong.status_code == 200 and wrong.context["form"].errors and sent(smtp) == []
    client.post(path, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    [mail] = sent(smtp)
    text = text_of(mail)
    assert (mail["Subject"], mail["To"]) == ("Your password was changed", "alice@example.org")
    assert "From: 192.0.2.7, Firefox on Linux" in text and "If it was not" in text
    assert f"https://plimsoll.example.org{RESET}" in text and "localhost" not in text
    assert client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD}).status_code == 302
    fresh = Client(headers={"host": "localhost"})
    answer = fresh.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    assert answer.context["form"].non_field_errors() == [WRONG]


@pytest.mark.django_db(transaction=True)  # some of these mails go out when the change is in the database
def test_a_change_of_the_second_factor_is_mailed(smtp, alice, address):
    client = Client(headers={"host": "localhost"})
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    counter = next(totp.yield_hotp_counters_from_time())
    code = totp.format_hotp_value(totp.hotp_value(page.context["form"].secret, counter))
    client.post(reverse("mfa_activate_totp"), {"code": code})
    assert Authenticator.objects.filter(user=alice, type="totp").exists()
    client.post(reverse("mfa_generate_recovery_codes"))
    client.post(reverse("mfa_deactivate_totp"))
    assert [mail["Subject"] for mail in sent(smtp)] == [
        "An authenticator app was added",
        "New recovery codes were made",
        "The authenticator app was removed",
    ]


def test_an_address_that_the_account_only_claims_gets_no_notification(smtp, alice, address):
    """Whoever registers by an invitation that was handed over may have claimed a stranger's."""
    EmailAddress.objects.filter(user=alice).update(verified=False)
    client = Client(headers={"host": "localhost"})
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    path = reverse("account_change_password")
    client.post(path, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert User.objects.get(pk=alice.pk).check_password(NEW) and sent(smtp) == []


NOTES = [
    *(f"account/email/{name}" for name in ("password_changed", "password_reset", "password_set", "email_changed")),
    "account/email/user_name_changed",
    *(f"mfa/email/{name}" for name in ("totp_activated", "totp_deactivated", "recovery_codes_generated")),
    *(f"mfa/email/{name}" for name in ("webauthn_added", "webauthn_removed", "factors_removed")),
    *(f"socialaccount/email/{name}" for name in ("account_connected", "account_disconnected")),
]


@pytest.mark.parametrize("note", NOTES)
def test_every_notification_says_what_when_from_where_and_what_to_do(note, settings):
    facts = {
        "timestamp": timezone.now(),
        "ip": "192.0.2.7",
        "user_agent": FIREFOX,
        "provider": "Example & Sons",
        "site_url": settings.SITE_URL,
    }
    mail = Accounts().render_mail(note, "alice@example.org", facts)
    assert "Plimsoll" in mail.body and "If it was not" in mail.body and "192.0.2.7, Firefox on Linux" in mail.body
    assert "&amp;" not in mail.body and ("Example & Sons" in mail.body) == note.startswith("social")
    assert mail.subject == render_to_string(f"{note}_subject.txt").strip() != ""
    assert max(map(len, mail.body.splitlines())) <= 120


def test_every_mail_says_that_no_person_wrote_it(smtp, alice, team, address):
    ask(alice.email)
    account_mail.settle()
    invitation, token = invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    assert invitations.send(invitation, token) == ""
    assert confirmations.send([PendingAddress.objects.create(team=team, address="erin@example.org")], alice) == ""
    mail_address.ask(alice, "alice@example.net")
    assert len(smtp.messages) == 4
    assert {mail["Auto-Submitted"] for mail in smtp.messages} == {"auto-generated"}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"EHLO": "250 odd.example"}, "it offers no way to sign in on this connection. Use smtp+tls://"),
        ({"EHLO": "250-odd.example\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 no"}, "it answered: 535 5.7.8 no. Check"),
    ],
)
def test_a_mail_server_that_lets_nobody_in_is_named_with_what_to_do(team, alice, smtp, settings, answers, said):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "me", "a-password"
    invitation, token = invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    with OddMailServer(**answers) as server:
        settings.EMAIL_PORT = server.port
        assert said in invitations.send(invitation, token)
