"""Whatever a browser or a program sends: an answer below 500, and a database that is whole.

Django's test client raises what a view raises, so a bug fails here with its own traceback.
"""

import os
import re
from functools import cache

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.safety.addresses import Address, SmallFleet, every_address
from tests.safety.roles import RULES, May
from tests.safety.test_roles import undone

pytestmark = pytest.mark.postgres

ADDRESSES = list(every_address())
POSTED = [address for address in ADDRESSES if RULES[address.name].post not in (May.NOBODY, May.TOKEN)]

AWKWARD = [
    "\x00", "\r\nBcc: x@example.org", "9" * 30, "-1", "0", "1e309", "NaN", "\u0663", "\uff11\uff12", "2026-02-30",
    "0001-01-01T00:00", "9999-12-31T23:59", "24:00", "<script>alert(1)</script>", "{{ 7 }}", "%00", "../../etc/passwd",
    "http://[::1", "x" * 5_000, "http://127.0.0.1:99999", "http://user:pass@127.0.0.1:9/", "ftp://127.0.0.1",
    "\u202e\u200b", "on", "true", "[]", '{"a": 1}',
]  # fmt: skip
TYPED = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.one_of(st.sampled_from(AWKWARD), TYPED, st.integers(-9, 10**12).map(str))
HEADERS = [
    "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_HX_CURRENT_URL",
    "HTTP_HX_REQUEST", "HTTP_HX_TARGET", "HTTP_HX_TRIGGER", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH",
    "HTTP_ORIGIN", "HTTP_RANGE", "HTTP_REFERER", "HTTP_USER_AGENT", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO", "HTTP_X_REQUESTED_WITH", "REMOTE_ADDR",
]  # fmt: skip
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
"""What a header can carry: HTTP/1.1 lets servers read their bytes as Latin-1."""

EXAMPLES = 80 if os.environ.get("PLIMSOLL_TEST_ON_POSTGRES") else 250
"""Of each test. The second round is for what only PostgreSQL refuses."""

many = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
some = settings(many, max_examples=80)
"""Where the address hardly matters: what is sent is read before any view, or leads to none."""


@pytest.fixture
def owner(small_fleet: SmallFleet) -> Client:
    """Who may do everything, so that what is sent gets as far as it can."""
    client = Client()
    client.force_login(small_fleet.user)
    _keep_names(client, small_fleet)
    return client


_names: list[str] = []


def _keep_names(client: Client, fleet: SmallFleet) -> None:
    """The names of the fields of all forms there are, and of the parameters that links carry."""
    if not _names:
        pages = [client.get(fleet.path(address)) for address in ADDRESSES]
        text = "".join(page.content.decode(errors="replace") for page in pages if not page.streaming)
        _names.extend(sorted({*re.findall(r'\bname="(\w+)"', text), *re.findall(r"[?;&](\w+)=", text)}))
        assert {"url", "interval", "rationale", "mail_to", "note"} <= set(_names)


@cache
def _fields() -> st.SearchStrategy:
    return st.dictionaries(st.deferred(lambda: st.sampled_from(_names)), VALUES, max_size=8)


def _whole() -> bool:
    """Nothing was stored that the database's own checks refuse."""
    connection.check_constraints()
    return True


@many
@given(address=st.sampled_from(POSTED), data=st.data())
def test_no_form_breaks_on_what_is_typed(owner, small_fleet, address: Address, data):
    with undone():
        answer = owner.post(small_fleet.path(address), data.draw(_fields()))
        assert answer.status_code < 500 and _whole()


@many
@given(address=st.sampled_from(ADDRESSES), data=st.data())
def test_no_page_breaks_on_what_its_address_asks(owner, small_fleet, address: Address, data):
    with undone():
        answer = owner.get(small_fleet.path(address), data.draw(_fields()))
        assert answer.status_code < 500 or address.name == "health-ready"


@some
@given(
    address=st.sampled_from(ADDRESSES),
    headers=st.dictionaries(st.sampled_from(HEADERS), st.one_of(LATIN, st.sampled_from(["\x00", "true", "-", ","]))),
    post=st.booleans(),
)
def test_no_header_breaks_a_page(owner, small_fleet, address: Address, headers, post):
    with undone():
        answer = (owner.post if post else owner.get)(small_fleet.path(address), **headers)
        assert answer.status_code < 500 or address.name == "health-ready"


@some
@given(address=st.sampled_from(POSTED), body=st.binary(max_size=200), charset=st.sampled_from(["utf-8", "utf-16", "x"]))
def test_no_body_breaks_a_form(owner, small_fleet, address: Address, body: bytes, charset: str):
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    with undone():
        answer = owner.generic("POST", small_fleet.path(address), body, content_type=kind)
        assert answer.status_code < 500


NUL = ["/advisor/shared/%00/", "/accounts/oidc/%00/login/", "/?team=%00", "/incidents/?status=a%00", "/models/?%00=1"]


@pytest.mark.parametrize("address", NUL)
def test_an_address_with_a_nul_leads_nowhere(client, db, address):
    assert client.get(address).status_code == 404


@some
@given(rest=st.text(st.characters(exclude_categories=["Cs"]), max_size=30), base=st.sampled_from(ADDRESSES))
def test_no_path_breaks_the_site(owner, small_fleet, rest: str, base: Address):
    with undone():
        path = f"{small_fleet.path(base)}{rest}"
        assert owner.get(path).status_code < 500 or base.name == "health-ready"
