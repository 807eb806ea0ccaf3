"""Pages about a team's mails warn where its alerts reach nobody."""

import pytest
from allauth.account.models import EmailAddress

from fleet import endpoints
from fleet.alerts import recipients
from fleet.models import AlertPolicy
from teams import confirmations
from teams.models import PendingAddress, Team
from tests.html import flat

A, B = "a@example.org", "b@example.org"

WARNED_AT = ("/teams/search/", "/teams/search/alerting/", "/account/alerts/")


@pytest.fixture
def unconfirmed(team):
    """The team Search, whose two addresses wait for confirmation."""
    Team.objects.filter(pk=team.pk).update(mail_to=[A, B])
    for address in (A, B):
        PendingAddress.objects.create(team=team, address=address)
    return team


@pytest.fixture
def page(client, alice):
    client.force_login(alice)
    return client


@pytest.mark.django_db
class TestPages:
    def test_each_page_about_its_mails_warns_and_says_what_to_do(self, page, unconfirmed, settings):
        settings.EMAIL_CONFIGURED = True
        for path in WARNED_AT:
            shown = flat(page.get(path).content.decode())
            assert "Nobody is alerted when an endpoint of Search fails:" in shown, path
            assert "no address of the team is confirmed. Open the link in the mail" in shown, path
        recipients.unsubscribe(unconfirmed, B)
        own = flat(page.get("/teams/search/alerting/").content.decode())
        assert "Confirm one or subscribe it again below." in own
        recipients.subscribe(unconfirmed, B)
        shown = flat(page.get("/teams/").content.decode())
        assert f"{A} (not confirmed yet), {B} (not confirmed yet)" in shown
        assert "Nobody is alerted: no address of the team is confirmed." in shown

    def test_none_warns_while_one_address_is_reached(self, page, unconfirmed, settings):
        settings.EMAIL_CONFIGURED = True
        confirmations.trust(unconfirmed, [B])
        assert not [path for path in (*WARNED_AT, "/teams/") if "Nobody is alerted" in page.get(path).content.decode()]
        assert f"{A} (not confirmed yet), {B}" in flat(page.get("/teams/").content.decode())

    def test_the_board_warns_owners_of_teams_with_endpoints_that_reach_nobody(self, page, client, bob, team, settings):
        settings.EMAIL_CONFIGURED = True
        words = "Nobody is alerted when an endpoint of Search fails:</span> all addresses of the team are unsubscribed."
        Team.objects.filter(pk=team.pk).update(mail_to=[A])
        recipients.unsubscribe(team, A)
        assert words not in flat(page.get("/").content.decode())
        endpoints.add(team, name="gpu", url="http://gpu:8000")
        assert words in flat(page.get("/").content.decode())
        AlertPolicy.objects.create(team=team, webhook_url="https://hooks.example.org/x")
        assert words not in flat(page.get("/").content.decode())
        AlertPolicy.objects.all().delete()
        team.memberships.filter(user=bob).update(role="operator")
        client.force_login(bob)
        assert words not in flat(client.get("/").content.decode()), "only owners can change it"

    def test_a_team_that_reaches_somebody_takes_one_query_of_the_board(self, team, django_assert_num_queries):
        endpoints.add(team, name="gpu", url="http://gpu:8000")
        with django_assert_num_queries(1):
            assert recipients.unreached(Team.objects.all()) == []

    def test_saving_an_empty_list_and_turning_the_last_mail_off_are_answered_with_the_warning(self, page, alice, team):
        shown = page.post("/teams/search/", {"name": "Search", "mail_to": ""}, follow=True).content.decode()
        assert "Saved." in shown and "the team has no email address, chat or webhook" in shown
        Team.objects.filter(pk=team.pk).update(mail_to=[alice.email])
        shown = page.post("/account/alerts/", {"team": "search", "mails": "off"}, follow=True).content.decode()
        assert "Nobody is alerted when an endpoint of Search fails" in shown

    def test_the_own_address_leads_to_the_page_that_confirms_it(self, page, alice, team, settings):
        settings.EMAIL_CONFIGURED = True
        EmailAddress.objects.create(user=alice, email=alice.email, verified=False)
        PendingAddress.objects.create(team=team, address=alice.email)
        shown = flat(page.get("/teams/search/").content.decode())
        assert 'is yours: <a href="/account/mail/">confirm it in your account</a>' in shown
        assert f'value="{alice.email}"' not in shown, "no button that sends a link"

    def test_the_list_of_many_teams_takes_no_more_queries(self, page, alice, team, django_assert_max_num_queries):
        for number in range(20):
            other = Team.objects.create(name=f"t{number}", slug=f"t{number}", mail_to=[A])
            other.memberships.create(user=alice, role="owner")
        with django_assert_max_num_queries(20):
            page.get("/teams/")
