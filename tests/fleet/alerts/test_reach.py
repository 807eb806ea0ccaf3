"""Whom a team's alerts reach, and what becomes of those that reach nobody."""

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core.mail_addresses import same
from fleet.alerts import delivery, recipients
from fleet.alerts.reach import Nobody, Reach
from fleet.incidents import sweep
from fleet.models import Alert, AlertPolicy, Incident, Recipient
from teams import confirmations
from teams.models import PendingAddress, Team
from tests.fleet.outages import fail, recover, settle, watched
from tests.html import flat

A, B = "a@example.org", "b@example.org"
ONE, BOTH = frozenset({A}), frozenset({A, B})


@pytest.mark.parametrize(
    ("reach", "nobody"),
    [
        (Reach((A, B)), None),
        (Reach((A, B), unconfirmed=ONE, unsubscribed=frozenset()), None),
        (Reach((A, B), unconfirmed=BOTH), Nobody.UNCONFIRMED),
        (Reach((A, B), unsubscribed=BOTH), Nobody.UNSUBSCRIBED),
        (Reach((A, B), unconfirmed=ONE, unsubscribed=frozenset({B})), Nobody.NEITHER),
        (Reach((A, B), ("webhook",), unconfirmed=BOTH), None),
        (Reach(()), Nobody.NO_ADDRESS),
        (Reach((), ("apprise",)), None),
        (Reach((A,), mail_works=False), Nobody.NO_SERVER),
        (Reach((A,), ("webhook",), mail_works=False), None),
        (Reach((), mail_works=False), Nobody.NO_ADDRESS),
    ],
)
def test_why_nobody_is_reached(reach, nobody):
    assert reach.nobody is nobody


some = st.frozensets(st.sampled_from(("a@example.org", "b@example.org", "c@example.org")))


@given(some, some, some, some, st.booleans())
def test_nobody_is_reached_just_where_no_address_and_no_channel_is_left(addresses, waiting, gone, channels, works):
    reach = Reach(tuple(addresses), tuple(channels), waiting, gone, works)
    free = [each for each in addresses if works and same(each) not in waiting | gone]
    assert (reach.nobody is None) == bool(free or channels)


@pytest.fixture
def unconfirmed(team):
    """Alice's team, whose two addresses wait for confirmation; mail works."""
    Team.objects.filter(pk=team.pk).update(mail_to=[A, B])
    team.refresh_from_db()
    for address in (A, B):
        PendingAddress.objects.create(team=team, address=address)
    return team


def caught_up() -> None:
    sweep.sweep()
    settle()
    delivery.deliver()


@pytest.fixture
def page(client, alice, team):
    client.force_login(alice)
    return client


pytestmark = [pytest.mark.usefixtures("valkey")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.database
class TestAnOutageThatReachesNobody:
    def test_pages_say_why_and_alerts_has_it_as_not_sent(self, page, unconfirmed, smtp):
        incident = fail(watched(unconfirmed, "gpu-1"))
        caught_up()
        assert smtp.messages == []
        why = "no address of the team is confirmed"
        assert f"Nobody was alerted: {why}" in flat(page.get("/").content.decode())
        shown = flat(page.get(incident.get_absolute_url()).content.decode())
        assert f"not sent: {why}" in shown and "no email address" not in shown
        for path in ("/alerts/", "/alerts/?state=dropped"):
            shown = flat(page.get(path).content.decode())
            assert why in shown and "gpu-1" in shown

    def test_alerts_no_longer_leads_with_it_once_it_was_mailed(self, page, unconfirmed, smtp):
        fail(watched(unconfirmed, "gpu-1"))
        caught_up()
        assert "Reached nobody in the last 7 days (1)" in flat(page.get("/alerts/").content.decode())
        confirmations.trust(unconfirmed, [A])
        caught_up()
        assert len(smtp.messages) == 1
        assert "Reached nobody" not in flat(page.get("/alerts/").content.decode())
        assert "no address of the team is confirmed" in flat(page.get("/alerts/?state=dropped").content.decode())

    def test_it_is_mailed_once_when_an_address_is_confirmed(self, unconfirmed, smtp):
        incident = fail(watched(unconfirmed, "gpu-1"))
        caught_up()
        confirmations.trust(unconfirmed, [A])
        caught_up()
        caught_up()
        assert [(mail["To"], mail["Subject"]) for mail in smtp.messages] == [(A, "DOWN  gpu-1 (Search)")]
        assert incident.events.filter(text__startswith="Alerted only now").count() == 1
        recover(incident.endpoint)
        caught_up()
        assert [mail["To"] for mail in smtp.messages] == [A, A]

    @pytest.mark.parametrize("way", ["address", "subscription"])
    def test_it_is_mailed_when_an_address_is_added_or_subscribes_again(self, team, smtp, way):
        Team.objects.filter(pk=team.pk).update(mail_to=[A] if way == "subscription" else [])
        Recipient.objects.create(team=team, address=A, unsubscribed_at=timezone.now())
        fail(watched(Team.objects.get(pk=team.pk), "gpu-1"))
        caught_up()
        assert smtp.messages == [] and Alert.objects.get().recipient == ""
        Team.objects.filter(pk=team.pk).update(mail_to=[A, B] if way == "address" else [A])
        if way == "subscription":
            recipients.subscribe(team, A)
        caught_up()
        assert [mail["To"] for mail in smtp.messages] == [B if way == "address" else A]

    @pytest.mark.parametrize("reason", ["acknowledged", "silenced", "resolved"])
    def test_it_is_not_mailed_once_someone_is_on_it_or_it_is_muted_or_over(self, unconfirmed, smtp, reason):
        incident = fail(watched(unconfirmed, "gpu-1"))
        caught_up()
        if reason == "acknowledged":
            Incident.objects.update(acknowledged_at=timezone.now())
        elif reason == "silenced":
            state = incident.endpoint.state
            state.marks = {"silenced": "until noon"}
            state.save()
        else:
            recover(incident.endpoint)
        confirmations.trust(unconfirmed, [A])
        caught_up()
        assert smtp.messages == []

    def test_what_reached_one_address_is_not_sent_again_when_another_is_confirmed(self, unconfirmed, smtp):
        confirmations.trust(unconfirmed, [A])
        fail(watched(unconfirmed, "gpu-1"))
        caught_up()
        confirmations.trust(unconfirmed, [B])
        caught_up()
        assert [mail["To"] for mail in smtp.messages] == [A]

    def test_one_whose_recipient_was_taken_off_before_it_left_is_mailed_to_the_next(self, team, smtp):
        """Replaced while the group of alerts was forming: by an address that is confirmed later."""
        fail(watched(team, "gpu-1"))
        Team.objects.filter(pk=team.pk).update(mail_to=[A])
        for address in ("oncall@example.org", A):
            PendingAddress.objects.create(team=team, address=address)
        caught_up()
        assert smtp.messages == [] and [alert.dropped for alert in Alert.objects.all()] == [recipients.UNWANTED]
        confirmations.trust(team, [A])
        caught_up()
        caught_up()
        assert [mail["To"] for mail in smtp.messages] == [A]

    def test_one_that_every_recipient_is_limited_away_from_has_that_reason(self, team, smtp):
        recipients.choose_tags(team, "oncall@example.org", ["prod"])
        fail(watched(team, "gpu-1", tags=["test"]))
        assert Alert.objects.get().dropped == Nobody.LIMITED
        recipients.choose_tags(team, "oncall@example.org", [])
        caught_up()
        assert [mail["To"] for mail in smtp.messages] == ["oncall@example.org"]

    def test_from_before_a_mail_server_it_waits_for_the_confirmation(self, unconfirmed, smtp, settings):
        settings.EMAIL_CONFIGURED = False
        fail(watched(unconfirmed, "gpu-1"))
        caught_up()
        settings.EMAIL_CONFIGURED = True
        caught_up()
        assert smtp.messages == [] and not Alert.objects.exclude(dropped="").exists()
        confirmations.trust(unconfirmed, [B])
        caught_up()
        assert [mail["To"] for mail in smtp.messages] == [B]


@pytest.mark.django_db
def test_a_webhook_reaches_somebody_though_its_url_can_not_be_read(team, settings):
    Team.objects.filter(pk=team.pk).update(mail_to=[])
    AlertPolicy.objects.create(team=team, webhook_url="https://hooks.example.org/x")
    assert recipients.reaches_anybody(team.pk)
