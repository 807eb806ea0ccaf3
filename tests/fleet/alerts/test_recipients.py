"""What became of mail to an address."""

import pytest

from fleet.alerts import recipients
from fleet.models import Recipient

pytestmark = [pytest.mark.django_db, pytest.mark.database]

A, B = "a@example.org", "b@example.org"


@pytest.fixture
def both(team):
    team.mail_to = [A, B]
    team.save()
    return team


def test_without_any_row_all_addresses_get_mail(both):
    assert recipients.active(both) == [A, B]


def test_who_unsubscribed_gets_none_until_it_subscribes_again(both):
    recipients.unsubscribe(both, A)
    first = Recipient.objects.get().unsubscribed_at
    recipients.unsubscribe(both, A)
    assert recipients.active(both) == [B]
    assert Recipient.objects.get().unsubscribed_at == first
    recipients.subscribe(both, A)
    assert recipients.active(both) == [A, B]


def test_one_team_is_not_unsubscribed_from_by_leaving_another(both, charlie):
    other = type(both).objects.create(name="Other", slug="other", mail_to=[A])
    recipients.unsubscribe(other, A)
    assert recipients.active(both) == [A, B]


def test_a_bounce_keeps_the_servers_words_until_mail_is_taken_again(both):
    recipients.bounced(both, A, "550 no such address" + "x" * 600)
    row = Recipient.objects.get()
    assert row.bounced_at and row.bounce.startswith("550 no such address") and len(row.bounce) == 500
    assert recipients.active(both) == [A, B]
    recipients.clear_bounce(both, A)
    row.refresh_from_db()
    assert (row.bounced_at, row.bounce) == (None, "")


def test_a_mail_that_is_taken_makes_no_row(both):
    recipients.clear_bounce(both, A)
    assert not Recipient.objects.exists()
