"""The account page: who one is, and how times and colours are shown."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.display import COOKIE, Display
from teams.accounts import personal_data
from teams.models import ShownAs

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


def test_what_is_chosen_comes_along_to_a_fresh_browser_and_leaves_it_at_the_sign_out(client, alice, bob):
    client.force_login(alice)
    client.post("/account/", CHOSEN)
    fresh = Client()
    fresh.force_login(alice)
    assert 'data-theme="dark" data-clock="24" data-zone="Europe/Vienna"' in root(fresh.get("/"))
    fresh.post("/accounts/logout/")
    assert root(fresh.get("/accounts/login/")) == '<html lang="en">'
    client.force_login(bob)
    client.post("/account/", CHOSEN | {"theme": "light"})
    client.force_login(alice)
    assert 'data-theme="dark"' in root(client.get("/")), "the cookie is Bob's, the session Alice's"


def test_pages_read_the_display_without_a_statement_of_its_own(client, alice):
    client.force_login(alice)
    with CaptureQueriesContext(connection) as before:
        client.get("/guide/")
    client.post("/account/", CHOSEN)
    client.get("/account/")  # the message
    with CaptureQueriesContext(connection) as after:
        assert 'data-theme="dark"' in root(client.get("/guide/"))
    assert len(after) == len(before)


def test_what_a_person_chose_is_in_their_data_and_goes_with_the_account(client, alice, bob):
    client.force_login(bob)
    client.post("/account/", CHOSEN)
    assert personal_data.export(bob)["display"] == [CHOSEN]
    personal_data.delete_person(bob, bob)
    assert not ShownAs.objects.exists()


def test_what_is_emptied_is_the_systems_and_the_browsers_again(client, alice):
    client.force_login(alice)
    client.post("/account/", CHOSEN)
    client.post("/account/", dict.fromkeys(CHOSEN, ""))
    assert root(client.get("/")) == '<html lang="en">'


def test_a_zone_that_does_not_exist_is_refused_and_stays_typed(client, alice):
    client.force_login(alice)
    page = client.post("/account/", CHOSEN | {"zone": "Europe/Vindobona"})
    assert "“Europe/Vindobona” is no time zone we know" in page.content.decode()
    assert 'value="Europe/Vindobona"' in page.content.decode()
    assert COOKIE not in page.cookies


def test_a_zone_can_be_typed_by_its_place_and_one_that_is_near_is_offered(client, alice):
    client.force_login(alice)
    client.post("/account/", CHOSEN | {"zone": "Tokyo"})
    assert 'data-zone="Asia/Tokyo"' in root(client.get("/"))
    page = client.post("/account/", CHOSEN | {"zone": "Viena"}).content.decode()
    assert "Did you mean Europe/Vienna" in page


@pytest.mark.parametrize("cookie", ["", "dark", '"><script>:25:x', "::", "neon:13:Nowhere/Land", ":" * 5000])
def test_a_cookie_that_can_not_be_read_chooses_nothing(cookie):
    assert Display.of({COOKIE: cookie}) == Display("dark" if cookie == "dark" else "")
