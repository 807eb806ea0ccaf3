"""A member turns a team's mails to the own, confirmed address on and off."""

import pytest
from allauth.account.models import EmailAddress

from fleet.alerts import own_address, recipients
from fleet.models import AlertPolicy
from teams.models import AuditEntry, Team

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PATH = "/account/alerts/"
ALICE = "alice@example.org"


@pytest.fixture
def page(client, alice):
    EmailAddress.objects.create(user=alice, email=ALICE, verified=True, primary=True)
    client.force_login(alice)
    return client


def turn(page, to: str) -> str:
    return page.post(PATH, {"team": "search", "mails": to}, follow=True).content.decode()


def test_turned_on_the_teams_mails_go_to_the_member_too(page, team):
    assert "The mails of Search go to alice@example.org." in turn(page, "on")
    team.refresh_from_db()
    assert recipients.active(team) == ["oncall@example.org", ALICE]
    assert AuditEntry.objects.filter(action="team.changed", detail={"changed": ["mail_to"]}).count() == 1


def test_turned_off_and_on_again_the_address_stands_on_the_list_once(page, team):
    for to in ("on", "off"):
        turn(page, to)
    team.refresh_from_db()
    assert recipients.active(team) == ["oncall@example.org"]
    turn(page, "on")
    team.refresh_from_db()
    assert recipients.active(team) == ["oncall@example.org", ALICE]


def test_an_address_in_other_letters_is_the_same_one(page, alice, team):
    Team.objects.update(mail_to=["Alice@Example.org"])
    assert [(mail.on, mail.only_escalations) for mail in own_address.listed(alice)] == [(True, False)]
    turn(page, "on")
    assert Team.objects.get().mail_to == ["Alice@Example.org"]


def test_who_gets_escalations_only_can_turn_both_kinds(page, alice, team):
    AlertPolicy.objects.create(team=team, escalate_to=[ALICE])
    assert [(mail.on, mail.only_escalations) for mail in own_address.listed(alice)] == [(True, True)]
    turn(page, "off")
    assert [mail.on for mail in own_address.listed(alice)] == [False]


def test_an_address_that_is_not_confirmed_gets_nothing(page, team):
    EmailAddress.objects.update(verified=False)
    assert "Confirm your email address first" in turn(page, "on")
    assert Team.objects.get().mail_to == ["oncall@example.org"]


def test_a_full_list_is_a_sentence(page, team, settings):
    settings.ADDRESSES_PER_TEAM = 1
    assert "The limit of 1 addresses of Search is reached." in turn(page, "on")
    assert Team.objects.get().mail_to == ["oncall@example.org"]


def test_a_stranger_turns_on_no_mails_of_the_team(client, charlie, team):
    EmailAddress.objects.create(user=charlie, email=charlie.email, verified=True, primary=True)
    client.force_login(charlie)
    assert client.post(PATH, {"team": "search", "mails": "on"}).status_code == 404
    assert Team.objects.get().mail_to == ["oncall@example.org"]
