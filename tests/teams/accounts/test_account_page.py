"""The account page: who one is, and how times and colours are shown in this browser."""

import re

import pytest

from core.display import COOKIE, Display

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CHOSEN = {"theme": "dark", "clock": "24", "zone": "Europe/Vienna"}


def root(response) -> str:
    """The opening tag of the page."""
    found = re.search(r"<html[^>]*>", response.content.decode())
    assert found is not None
    return found[0]


def test_the_account_page_names_the_person_the_address_and_the_teams(client, alice):
    client.force_login(alice)
    html = client.get("/account/").content.decode()
    assert "alice@example.org" in html and "not confirmed" in html and "Search" in html


def test_what_is_chosen_counts_on_every_page_and_signed_out(client, alice):
    client.force_login(alice)
    assert root(client.get("/")) == '<html lang="en">'
    client.post("/account/", CHOSEN)
    chosen = '<html lang="en" data-theme="dark" data-clock="24" data-zone="Europe/Vienna">'
    assert root(client.get("/")) == root(client.get("/guide/")) == chosen
    assert 'value="Europe/Vienna"' in client.get("/account/").content.decode()
    client.post("/accounts/logout/")
    assert root(client.get("/accounts/login/")) == chosen


def test_what_is_emptied_is_the_systems_and_the_browsers_again(client, alice):
    client.force_login(alice)
    client.post("/account/", CHOSEN)
    client.post("/account/", dict.fromkeys(CHOSEN, ""))
    assert root(client.get("/")) == '<html lang="en">'


def test_a_zone_that_does_not_exist_is_refused_and_stays_typed(client, alice):
    client.force_login(alice)
    page = client.post("/account/", CHOSEN | {"zone": "Europe/Vindobona"})
    assert "There is no time zone of this name" in page.content.decode() and "Europe/Vindobona" in page.content.decode()
    assert COOKIE not in page.cookies


@pytest.mark.parametrize("cookie", ["", "dark", '"><script>:25:x', "::", "neon:13:Nowhere/Land", ":" * 5000])
def test_a_cookie_that_can_not_be_read_chooses_nothing(cookie):
    assert Display.of({COOKIE: cookie}) == Display("dark" if cookie == "dark" else "")
