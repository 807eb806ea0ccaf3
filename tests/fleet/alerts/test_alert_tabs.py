"""All about alerts is in one place: tabs for what was sent, the settings, silences and maintenance."""

import re

import pytest
from django.contrib.auth.models import User

from teams.models import Membership, Role, Team

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def platform() -> Team:
    """Another team, of which Alice is no member."""
    return Team.objects.create(name="Platform", slug="platform")


def current(response) -> str:
    tabs = re.search(
        r'<nav class="tabs no-print" aria-label="Alerts">(.*?)</nav>', response.content.decode(), re.DOTALL
    )
    assert tabs is not None
    return "".join(re.findall(r'aria-current="page">(\w+)<', tabs[1]))


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("/alerts/", "Sent"), ("/teams/search/alerting/", "Settings"), ("/silences/", "Silences"),
        ("/maintenance/", "Maintenance"),
    ],
)  # fmt: skip
def test_each_page_about_alerts_has_the_tabs_with_its_own_marked(client, alice, team, path, tab):
    client.force_login(alice)
    assert current(client.get(path)) == tab


def test_who_is_in_one_team_gets_its_settings_without_a_choice(client, alice, team, platform):
    client.force_login(alice)
    page = client.get("/alerts/settings/", follow=True)
    assert page.redirect_chain == [("/teams/search/alerting/", 302)]
    assert '<select class="select" id="team"' not in page.content.decode()


def test_who_is_in_two_teams_chooses_one(client, alice, team, platform):
    Membership.objects.create(user=alice, team=platform, role=Role.VIEWER)
    client.force_login(alice)
    assert '<option value="search">Search</option>' in client.get("/teams/platform/alerting/").content.decode()
    assert client.get("/alerts/settings/?team=search").url == "/teams/search/alerting/"


def test_an_administrator_begins_with_a_team_of_their_own(client, alice, team, platform):
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    client.force_login(User.objects.get(pk=alice.pk))
    assert client.get("/alerts/settings/").url == "/teams/search/alerting/"


def test_a_stranger_is_not_led_to_a_teams_settings(client, charlie, team):
    client.force_login(charlie)
    assert client.get("/alerts/settings/?team=search").status_code == 404
    assert "You are a member of no team" in client.get("/alerts/settings/").content.decode()
