"""Signing in with a second factor and by a passkey, in Chromium with a virtual authenticator."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import axe_finds, in_chromium
from tests.e2e.site import Site

pytestmark = in_chromium

PASSWORD = "a long password"
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser that nobody has used; it fails the test when the console shows an error or of a broken policy."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme="dark")
    page = context.new_page()
    said: list[Any] = []
    page.on("console", lambda line: said.append(line) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(error))
    yield page
    context.close()
    # Signing out may overtake what the board that was open asked.
    said = [str(each) for each in said if "/changes/" not in getattr(each, "location", {}).get("url", "")]
    assert said == []


@pytest.fixture
def home(site: Site) -> str:
    """The site by a name: no browser makes a passkey for a bare IP address."""
    return site.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def person(site: Site, request) -> str:
    """The name of someone new who has a password."""
    name = f"person-{abs(hash(request.node.name))}"
    facts = {
        "username": name, "password": PBKDF2PasswordHasher().encode(PASSWORD, "salt", 1), "email": "", "first_name": "",
        "last_name": "", "is_superuser": False, "is_staff": False, "is_active": True,
        "date_joined": datetime.now(UTC).replace(tzinfo=None).isoformat(" "),
    }  # fmt: skip
    holes = ", ".join("?" * len(facts))
    site.write(f"INSERT INTO auth_user ({', '.join(facts)}) VALUES ({holes})", *facts.values())
    return name


def sign_in(page: Page, home: str, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{home}/accounts/login/")
    page.get_by_label("User name or email address").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator(".top .menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def to_second_factor(page: Page) -> None:
    page.locator(".top .menu summary").click()
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Second factor").click()


def show_it_is_me(page: Page) -> None:
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    fine(page)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def fine(page: Page) -> None:
    """Axe finds nothing, and nothing is wider than the window."""
    assert axe_finds(page) == [], page.url
    fits(page)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def code_of(secret: str, wait_for: Callable[..., None]) -> str:
    """The code that an app shows now, with a few seconds left to use it."""
    wait_for(lambda: time.time() % 30 < 26, 6, "a new code")
    counter = next(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    fine(page)


def test_an_authenticator_app_is_set_up_and_asked_for(page, home, person, wait_for):
    sign_in(page, home, person, "a wrong password")
    expect(page.get_by_role("alert").filter(has_text="Wrong user name or password")).to_be_visible()
    sign_in(page, home, person)
    to_second_factor(page)
    heading(page, "Second factor")
    page.get_by_role("link", name="Set up an app").click()
    show_it_is_me(page)
    heading(page, "Set up an authenticator app")
    picture = page.locator(".qr svg").bounding_box()
    assert picture and picture["width"] == picture["height"] == 200
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Code of the app").fill("12")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".field .error")).to_be_visible()
    assert page.locator("#secret").inner_text() == secret
    page.get_by_label("Code of the app").fill(code_of(secret, wait_for))
    page.get_by_role("button", name="Turn it on").click()
    heading(page, "Recovery codes")
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10
    sign_out(page)
    sign_in(page, home, person)
    heading(page, "Second factor")
    page.get_by_label("Code").fill(code_of(secret, wait_for))
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".top .menu summary")).to_have_text(person)
    sign_out(page)
    sign_in(page, home, person)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".top .menu summary")).to_have_text(person)
    to_second_factor(page)
    expect(page.get_by_text("9 left")).to_be_visible()


def test_a_passkey_is_added_signs_in_alone_and_is_removed(page, home, person):
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    sign_in(page, home, person)
    to_second_factor(page)
    page.get_by_role("link", name="Add a passkey").click()
    show_it_is_me(page)
    heading(page, "Add a passkey")
    expect(page.get_by_label("Name")).to_have_value(re.compile("Chrome on"))
    page.get_by_label("Name").fill("This laptop")
    page.get_by_role("button", name="Add the passkey").click()
    heading(page, "Recovery codes")
    sign_out(page)
    fine(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator(".top .menu summary")).to_have_text(person)
    sign_out(page)
    sign_in(page, home, person)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".top .menu summary")).to_have_text(person)
    to_second_factor(page)
    page.get_by_role("link", name="Your passkeys").click()
    heading(page, "Your passkeys")
    page.get_by_role("link", name="Rename").click()
    show_it_is_me(page)
    heading(page, "Rename a passkey")
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name=re.compile("^Remove… Old laptop")).click()
    heading(page, "Remove the passkey “Old laptop”?")
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("You have none.")).to_be_visible()


def test_who_has_no_passkey_reads_why_nothing_happened(page, home):
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto(f"{home}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("this device has none")


def test_a_bare_ip_address_is_distinguished(page, site):
    page.goto(f"{site.url}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Open Plimsoll by its name")


def test_no_passkey_is_sent_before_its_script_is_there(page, home):
    held: list[Route] = []
    page.route("**/js/passkeys*.js", lambda route: held.append(route))
    with page.expect_request("**/js/passkeys*.js"):
        page.goto(f"{home}/accounts/login/", wait_until="commit")
    button = page.get_by_role("button", name="Sign in with a passkey")
    expect(button).to_be_disabled()
    held[0].continue_()
    expect(button).to_be_enabled()


PAGES = {
    "/accounts/password/change/": "Change your password",
    "/account/mail/": "Your email address",
    "/accounts/2fa/": "Second factor",
    "/accounts/2fa/webauthn/": "Your passkeys",
    "/accounts/sessions/": "Your sessions",
    "/account/tokens/": "Your API tokens",
    "/account/data/": "Your data",
}


def test_the_pages_of_ones_account_are_tied_together(page, home, person):
    sign_in(page, home, person)
    for path, name in PAGES.items():
        page.goto(home + path)
        heading(page, name)
        for width in (768, 1024, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            fits(page)
        page.set_viewport_size({"width": 390, "height": 800})
        expect(page.get_by_role("navigation", name="Your account").locator("[aria-current]")).to_have_count(1)


def test_what_strangers_see_is_fine_too(page, home):
    for path in ("login/", "logout/", "signup/", "inactive/", "password/reset/", "password/reset/done/"):
        page.goto(f"{home}/accounts/{path}")
        expect(page.locator("h1")).to_be_visible()
        fine(page)


def test_another_session_is_ended_from_the_list(page, browser, home, person):
    sign_in(page, home, person)
    with browser.new_context() as other:
        theirs = other.new_page()
        sign_in(theirs, home, person)
        page.goto(f"{home}/accounts/sessions/")
        heading(page, "Your sessions")
        page.get_by_role("button", name=re.compile("^End the session of Chrome")).click()
        expect(page.get_by_role("status").filter(has_text="The session has ended.")).to_be_visible()
        theirs.goto(f"{home}/teams/")
        expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
