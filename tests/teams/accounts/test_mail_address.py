"""Changing the email address of one's account."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.urls import reverse

from core import rate_limits
from teams.accounts import mail_address
from teams.members import Refused
from teams.models import AuditEntry
from tests.conftest import free_port
from tests.people import just_signed_in

pytestmark = pytest.mark.django_db
PAGE, NEW = "/account/mail/", "alice@example.net"


@pytest.fixture
def address(alice) -> EmailAddress:
    return EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)


@pytest.fixture
def browser(alice, address):
    return just_signed_in(alice)


def said(answer) -> str:
    return " ".join(answer.content.decode().split())


def ask(browser, address: str = NEW):
    return browser.post(PAGE, {"email": address}, follow=True)


def path_in(mail) -> str:
    found = re.search(r"https?://[^/\s]+(/account/mail/\S+)", mail.get_content())
    assert found, mail.get_content()
    return found[1]


def token_for(user: User) -> str:
    link = mail_address.link(mail_address.change(user, NEW))
    return link.rstrip("/").rpartition("/")[2]


def rows(user: User) -> list[tuple[str, bool, bool]]:
    return list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary"))


def test_the_address_changes_once_the_link_in_the_mail_was_opened(smtp, browser, alice):
    assert "A mail is on its way to alice@example.net" in said(ask(browser, "Alice@Example.net"))
    [mail] = smtp.messages
    assert (mail["To"], mail["Subject"]) == (NEW, "Your email address on Plimsoll")
    path = path_in(mail)
    assert "Is alice@example.net your address?" in said(browser.get(path))
    alice.refresh_from_db()
    assert alice.email == "alice@example.org", "looking changes nothing"
    assert "alice@example.net</span>, confirmed." in said(browser.post(path, follow=True))
    alice.refresh_from_db()
    assert (alice.email, rows(alice)) == (NEW, [(NEW, True, True)])
    entry = AuditEntry.objects.get(action="account.mail_changed")
    assert entry.actor_id == alice.pk and "example.net" not in str((entry.detail, entry.object_name))


def test_the_old_address_gets_word_and_the_new_one_links_for_a_password(smtp, browser, client, wait_for):
    ask(browser)
    browser.post(path_in(smtp.messages[0]))
    wait_for(lambda: len(smtp.messages) == 2, 5, "no word to the address before")
    result = smtp.messages[1]
    assert (result["To"], result["Subject"]) == ("alice@example.org", "Your email address was changed")
    assert NEW not in result.get_content() and "If it was not" in result.get_content()
    for at in ("alice@example.org", NEW):
        client.post(reverse("account_reset_password"), {"email": at})
    wait_for(lambda: len(smtp.messages) == 3, 5, "no link for a new password")
    assert smtp.messages[2]["To"] == NEW


def test_a_link_works_once_and_only_while_nothing_else_changed_the_address(smtp, browser, alice, wait_for):
    ask(browser)
    ask(browser, "other@example.net")
    first, second = map(path_in, smtp.messages)
    assert browser.post(first).status_code == 302
    wait_for(lambda: len(smtp.messages) == 3, 5, "no word to the address before")
    ask(browser, alice.email)
    assert browser.post(path_in(smtp.messages[3])).status_code == 302, "and back"
    for path in (first, second):
        assert browser.get(path).status_code == 404
        answer = browser.post(path)
        assert answer.status_code == 404 and "used up or more than a day old" in said(answer)


def test_a_link_is_good_for_a_day(alice, address, time_machine):
    token = token_for(alice)
    time_machine.move_to(datetime.now(UTC) + mail_address.VALID - timedelta(minutes=1))
    assert mail_address.find(alice, token).after == NEW
    time_machine.shift(timedelta(minutes=2))
    with pytest.raises(Refused, match="more than a day old"):
        mail_address.confirm(alice, token)


def test_a_link_is_of_one_account_only(smtp, browser, bob):
    ask(browser)
    answer = just_signed_in(bob).post(path_in(smtp.messages[0]))
    assert answer.status_code == 404 and "for another account" in said(answer)
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"


def test_a_link_that_was_made_up_is_refused(browser):
    assert browser.get(f"{PAGE}eyJhIjoxfQ:1u:made-up/").status_code == 404


def test_who_asks_for_the_address_of_another_account_does_not_learn_of_it(smtp, browser, bob):
    free, taken = said(ask(browser)), said(ask(browser, "bob@example.org"))
    shown = [re.search(r"A mail is on its way to (\S+)\. ([^<]+)", page) for page in (free, taken)]
    assert [found and found[2] for found in shown] == ["Open the link in it within a day."] * 2
    result = smtp.messages[1]
    assert result["To"] == "bob@example.org" and "http" not in result.get_content()
    assert "stays with your account" in result.get_content()


def test_an_address_that_someone_confirmed_in_the_meantime_stays_theirs(smtp, browser, alice, bob):
    ask(browser)
    EmailAddress.objects.create(user=bob, email=NEW, verified=True, primary=True)
    answer = browser.post(path_in(smtp.messages[0]))
    assert answer.status_code == 404 and "Another account has this address by now" in said(answer)
    assert rows(alice) == [("alice@example.org", True, True)]


def test_of_two_who_confirm_at_the_same_moment_one_is_refused(alice, bob, address, monkeypatch):
    EmailAddress.objects.create(user=bob, email=NEW, verified=True, primary=True)
    monkeypatch.setattr(mail_address, "_taken", lambda user, address: False)  # bob's came right after we looked
    with pytest.raises(Refused, match="Another account"):
        mail_address.confirm(alice, token_for(alice))
    assert rows(alice) == [("alice@example.org", True, True)]


def test_an_address_nobody_has_confirmed_can_be_confirmed(smtp, browser, alice, address):
    assert "confirmed already" not in said(browser.get(PAGE))
    EmailAddress.objects.update(verified=False)
    assert "not confirmed yet" in said(browser.get(PAGE))
    ask(browser, alice.email)
    assert f"{alice.email}</span>, confirmed." in said(browser.post(path_in(smtp.messages[0]), follow=True))
    assert len(smtp.messages) == 1, "no word to the address before: it is the same"


def test_the_address_one_has_is_not_asked_for_again(smtp, browser, alice):
    assert "the address of your account already" in said(ask(browser, alice.email))
    assert smtp.messages == []


def test_a_mail_server_that_is_away_is_reported(smtp, browser, settings):
    settings.EMAIL_PORT = free_port()
    answer = said(ask(browser))
    assert "The mail server did not take it" in answer and "on its way" not in answer


def test_without_a_mail_server_the_page_says_so(browser):
    assert "can send no mail" in said(browser.get(PAGE))
    assert "can send no mail" in said(ask(browser))


def test_there_is_an_end_to_mails_that_someone_has_sent(smtp, browser, monkeypatch):
    monkeypatch.setattr(rate_limits, "allowed", lambda what, most, seconds: False)
    assert "That is enough for now" in said(ask(browser))
    assert smtp.messages == []


def test_who_did_not_just_sign_in_gives_the_password_first(smtp, client, alice):
    client.force_login(alice)
    assert client.post(PAGE, {"email": NEW}).url.startswith(reverse("account_reauthenticate"))
    assert smtp.messages == []
