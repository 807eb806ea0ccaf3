"""The main menu marks the part of the site that a page belongs to."""

import re

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def current(client, path: str) -> list[str]:
    """What the main menu marks on that page."""
    menu = re.search(r'<nav class="nav".*?</nav>', client.get(path).content.decode(), re.S)
    assert menu
    return re.findall(r'<a href="[^"]*" aria-current="page">(\w+)</a>', menu[0])


@pytest.mark.parametrize("path", ["/", "/endpoints/add/", "/?team=a-team"])
def test_what_concerns_endpoints_is_the_fleet(client, alice, path):
    client.force_login(alice)
    assert current(client, path) == ["Fleet"]


@pytest.mark.parametrize("path", ["/silences/", "/maintenance/", "/teams/search/alerting/"])
def test_what_concerns_alerts_is_below_alerts(client, alice, path):
    client.force_login(alice)
    assert current(client, path) == ["Alerts"]


@pytest.mark.parametrize("name", ["models", "incidents", "alerts", "advisor", "decisions", "guide"])
def test_each_part_of_the_site_marks_its_own_link(client, alice, name):
    client.force_login(alice)
    assert current(client, reverse(name)) == [name.capitalize()]


def test_pages_below_a_part_mark_it_too(client, alice):
    client.force_login(alice)
    assert current(client, "/guide/faq/") == ["Guide"]
    assert current(client, "/incidents/404/") == ["Incidents"]


def test_pages_of_teams_and_accounts_mark_nothing(client, alice):
    client.force_login(alice)
    assert current(client, "/teams/") == []
    client.logout()
    assert current(client, "/accounts/login/") == []
