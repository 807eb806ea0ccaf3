"""What every page sends to a browser: a title, no inline code, and headers that would not let it run."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client

from config.data_folder import ROOT
from tests.people import just_signed_in
from tests.safety.addresses import every_address

pytestmark = pytest.mark.slow

ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "poster", "data", "hx-get", "hx-post"}
"""Attributes whose value a browser may fetch or run."""


class Inline(HTMLParser):
    """Collects what a strict content policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.elements = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        names = dict(attrs)
        if tag in ("style", "base", "object", "embed", "iframe") or (tag == "script" and not names.get("src")):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            bad = name == "style" or name.startswith(("on", "hx-on"))
            scheme = "".join((value or "").split()).lower().partition(":")[0]
            bad = bad or (name in ADDRESSES and scheme in ("javascript", "data", "vbscript"))
            if bad:
                self.found.append(f"<{tag} {name}={value!r}>")

    handle_startendtag = handle_starttag


def inline(text: str) -> list[str]:
    """What in this page is not allowed."""
    parser = Inline()
    parser.feed(text)
    assert parser.elements, "this is no page"
    return parser.found


@pytest.mark.parametrize(
    "bad",
    [
        "<script>1</script>", "<style>p{}</style>", '<p style="color:red">', '<p onclick="x()">', '<p hx-on:click="x">',
        '<a href="javascript:x()">', '<a href=" JavaScript:x()">', '<a href="java\nscript:x()">',
        '<img src="data:image/png;base64,">', '<base href="/">', '<svg onload="x()"/>',
    ],
)  # fmt: skip
def test_inline_code_is_noticed(bad):
    assert len(inline(bad)) == 1


_pages: dict[tuple[str, bool], HttpResponse] = {}


@pytest.fixture
def pages(small_fleet) -> dict[tuple[str, bool], HttpResponse]:
    """(name of an address, whether somebody is signed in) -> what it answers: one walk for all tests here."""
    for signed_in in () if _pages else (False, True):
        client = just_signed_in(small_fleet.user) if signed_in else Client()
        for address in every_address():
            answer = client.get(small_fleet.path(address))
            if not answer.streaming and answer.content:
                _pages[address.name, signed_in] = answer
    return _pages


def is_html(answer: HttpResponse) -> bool:
    return answer["Content-Type"].startswith("text/html")


def test_no_page_has_inline_code_or_shows_how_python_prints_an_object(pages):
    leaks = {
        which: leaked
        for which, answer in pages.items()
        if (leaked := re.findall(rb"NOT_PROVIDED|object at 0x|&lt;(?:class|function) ", answer.content))
    }
    found = {which: inline(answer.content.decode()) for which, answer in pages.items() if is_html(answer)}
    assert {which: bad for which, bad in found.items() if bad} == {}
    assert leaks == {}
    assert len(found) > 30 and {("board", True), ("endpoint", True), ("account_login", False)} <= found.keys()


def test_every_title_names_page_and_product(pages):
    """For tabs, history and screen readers."""
    whole = {which: answer.content.decode() for which, answer in pages.items() if is_html(answer)}
    titles = {
        which: re.findall(r"<title>(.*?)</title>", html, re.DOTALL) for which, html in whole.items() if "<html" in html
    }
    wrong = {
        which: found
        for which, found in titles.items()
        if not found or not re.fullmatch(r"\S.* · Plimsoll", unescape(" ".join(found[0].split())))
    }
    assert wrong == {}
    signed_in = sum(which[1] for which in titles)
    assert signed_in > 60 and len(titles) - signed_in > 5


def test_error_pages_have_none_either(client, db):
    assert inline(client.get("/nowhere/").content.decode()) == []
    for page in ("403_csrf.html", "500.html", "503.html"):
        assert inline(render_to_string(page)) == []


def test_the_page_about_a_failure_needs_no_list_of_static_files(settings):
    settings.STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
    sheets = re.findall(r'href="/static/(css/[\w.]+)"', render_to_string("500.html"))
    assert len(sheets) == 3 and all((ROOT / "static" / sheet).exists() for sheet in sheets)


def test_every_page_has_the_headers(client, small_fleet):
    client.force_login(small_fleet.user)
    for path in ("/", "/advisor/", "/nowhere/", "/teams/search/"):
        headers = client.get(path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert "private" in headers["Cache-Control"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert policy(headers["Content-Security-Policy"]) == {
            "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
            "connect-src": "'self'", "manifest-src": "'self'", "form-action": "'self'", "base-uri": "'none'",
            "frame-ancestors": "'none'", "object-src": "'none'",
        }  # fmt: skip


def policy(text: str) -> dict[str, str]:
    return dict(directive.strip().split(" ", 1) for directive in text.split(";") if directive.strip())


def test_the_session_cookie_is_out_of_reach_and_ends(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": "a long password"})
    cookie = client.cookies["plimsoll_session"]
    assert (bool(cookie["httponly"]), cookie["samesite"]) == (True, "Lax")
    assert 0 <= 14 * 86_400 - int(cookie["max-age"]) < 60
