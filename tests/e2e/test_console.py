"""The browser's console stays empty on every page: whatever stands there is a mistake."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import axe_finds, in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("incident")]

STRANGERS = ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/", "/guide/", "/advisor/", "/nowhere/")
OWN = (
    "/account/", "/account/alerts/", "/account/tokens/", "/account/data/", "/accounts/sessions/", "/accounts/2fa/",
    "/accounts/password/change/", "/account/mail/", "/accounts/2fa/totp/activate/",
)  # fmt: skip
FLEET = (
    "/", "/?wall=1", "/endpoints/add/", "/endpoints/1/", "/endpoints/1/edit/", f"/endpoints/{BROKEN}/", "/models/",
    "/load/", "/incidents/", "/incidents/1/", "/alerts/", "/alerts/settings/", "/silences/", "/maintenance/", "/teams/",
    "/teams/team-0/", "/decisions/", "/guide/statuses/", "/guide/alerts/", "/incidents/404/",
)  # fmt: skip
ADMINISTRATOR = ("/people/", "/audit/", "/", "/teams/")


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """Alice's."""
    context = signed_in(browser, site)
    yield context.new_page()
    context.close()


def complaints(page: Page, site: Site, paths: tuple[str, ...]) -> list[str]:
    """What the console says on these pages, and what axe finds. Of an answer 404 Chromium says so itself."""
    said: list[str] = []
    page.on("console", lambda line: said.append(f"{page.url}: {line.type}: {line.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    for path in paths:
        page.goto(site.url + path)
        page.wait_for_function("document.readyState === 'complete'")
        said += [f"{path}: axe: {rule}" for rule in axe_finds(page)]
    return [line for line in said if "status of 404" not in line]


@pytest.mark.parametrize("paths", [OWN, FLEET], ids=["account", "fleet"])
def test_no_page_of_a_member_says_a_word_in_the_console(page: Page, site: Site, paths: tuple[str, ...]):
    assert complaints(page, site, paths) == []


def test_no_page_of_an_administrator_does(page: Page, site: Site):
    site.write("UPDATE auth_user SET is_superuser = ? WHERE username = ?", True, "alice")
    assert complaints(page, site, ADMINISTRATOR) == []


def test_no_page_of_a_stranger_does(browser: Browser, site: Site):
    context = browser.new_context()
    try:
        assert complaints(context.new_page(), site, STRANGERS) == []
    finally:
        context.close()
