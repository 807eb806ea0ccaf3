"""Nothing changes by a GET, and nothing by a POST without a CSRF token."""

import pytest
from django.db import connection
from django.test import Client

from tests.safety.addresses import Address, SmallFleet, every_address, fingerprint

pytestmark = pytest.mark.slow

ADDRESSES = list(every_address())
MISSED = {
    "start": 404,  # used up once there are people
    "styleguide": 404,  # only while DEBUG is on
    "openid_connect_login": 404,  # no provider is set
    "openid_connect_callback": 404,
    "socialaccount_login_error": 401,
    "api-nothing": 404,
    "api-status": 401,  # programs only
    "metrics": 401,
}
"""What a person does not reach, and the status that says so."""

WITHOUT_CSRF = {"unsubscribe", "api-status", "api-nothing", "metrics"}
"""Mail programs post to the first in one click (RFC 8058); the token in its address is the proof. At the others no
cookie counts, and a POST is refused in JSON."""


def signed_in(fleet: SmallFleet, **options) -> Client:
    client = Client(**options)
    client.force_login(fleet.user)
    return client


def test_no_get_changes_a_row(small_fleet):
    client, answers, changed = signed_in(small_fleet), {}, {}
    before = fingerprint()
    for address in ADDRESSES:
        written = connection.connection.total_changes
        answers[address.name] = client.get(small_fleet.path(address)).status_code
        if connection.connection.total_changes == written:
            continue  # SQLite itself counts the rows that were written, in no time
        after = fingerprint()
        if after != before:
            changed[address.name] = [table for table in after if after[table] != before.get(table)]
        before = after
    assert changed == {}
    # All of them were really reached, or say themselves that a GET is not for them.
    missed = {name: status for name, status in answers.items() if status not in (200, 204, 302, 405, 503)}
    assert missed == MISSED


def test_the_fingerprint_notices_a_changed_row(small_fleet):
    before = fingerprint()
    small_fleet.team.mail_to = ["someone@example.org"]
    small_fleet.team.save()
    assert [table for table, now in fingerprint().items() if now != before[table]] == ["teams.Team"]


def test_an_address_nobody_can_fill_is_noticed(small_fleet):
    with pytest.raises(LookupError, match="add what fills"):
        small_fleet.path(Address("new", "endpoints/<int:pk>/<slug:unheard>/", None, True))
    with pytest.raises(LookupError, match="regular expression"):
        small_fleet.path(Address("new", r"^new/(?P<pk>\d+)$", None, False))


def test_every_post_without_a_token_is_refused(small_fleet):
    client = signed_in(small_fleet, enforce_csrf_checks=True)
    before = fingerprint()
    taken = {a.name for a in ADDRESSES if a.name not in WITHOUT_CSRF and _posts(client, small_fleet.path(a)) != 403}
    assert taken == set()
    assert fingerprint() == before


def _posts(client: Client, path: str) -> int:
    return client.post(path, {"name": "changed", "url": "http://127.0.0.1:9"}).status_code


def test_only_what_needs_no_cookie_is_excused_from_the_token(small_fleet):
    assert {a.name for a in ADDRESSES if getattr(a.view, "csrf_exempt", False)} == WITHOUT_CSRF
