"""The mail of one message: who it comes from, by which Message-ID, and for which addresses none is made."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from core.mail_addresses import Unmailable
from fleet.alerts import mails
from tests.fleet.alerts.outbox import note

AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
SENDERS = ["plimsoll@example.org", "Ops <ops@bücher.example>", "a@localhost", "Ops, Night <a@example.org>"]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_message_id_is_stable_ascii_and_of_the_senders_domain(settings, sender):
    settings.DEFAULT_FROM_EMAIL = sender
    found = mails.message_id(20, AT)
    assert found == mails.message_id(20, AT)
    assert re.fullmatch(r"<message-20\.[0-9a-f]{16}@[a-z0-9.-]+>", found)


def test_message_ids_differ_between_installations_databases_and_messages(settings):
    found = {mails.message_id(1, AT), mails.message_id(2, AT), mails.message_id(1, AT + timedelta(microseconds=1))}
    settings.SECRET_KEY = "another secret of another installation"
    assert len(found | {mails.message_id(1, AT)}) == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "to"),
    [
        ("a@example.org", "a@example.org"),
        ("a@Bücher.example", "a@xn--bcher-kva.example"),
        ("jürgen@example.org", None),
        ("用户@example.org", None),
    ],
)
def test_an_address_that_needs_smtputf8_is_refused_with_a_sentence(team, address, to):
    message = note(team, address)
    if to:
        assert mails.mail(message).message()["To"] == to
    else:
        with pytest.raises(Unmailable, match="before the @ only letters without accents"):
            mails.mail(message)
