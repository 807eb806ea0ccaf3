"""Sign-in by a real OpenID Connect provider in Chromium: the new, the returning, the invited and the refused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import axe_finds, in_chromium
from tests.e2e.site import Site
from tests.oidc_provider.process import PASSWORD, client_settings, provider

pytestmark = in_chromium


@pytest.fixture
def sign_up() -> str:
    """Whether people may sign up who were not invited."""
    return "off"


@pytest.fixture
def site(tmp_path, sign_up: str) -> Iterator[Site]:
    """A site that knows a provider; the provider knows Dora and Emil."""
    site = Site(tmp_path)
    users = [{"name": name, "mail": f"{name}@example.org"} for name in ("dora", "emil")]
    with provider(site.url, *users) as issuer:
        try:
            site.configure(SITE_URL=site.url, OIDC_SIGN_UP=sign_up, **client_settings(issuer))
            yield site.start()
        finally:
            site.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser that nobody has used; it fails the test when the Content-Security-Policy has stopped something."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    stopped: list[str] = []
    page.on("console", lambda line: stopped.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    assert not stopped
    context.close()


def sign_in(page: Page, site: Site, name: str = "") -> None:
    """By the button; `name` types the password at the provider, which else remembers the browser."""
    page.goto(f"{site.url}/accounts/login/")
    page.get_by_role("button", name="Sign in with Harbour ID").click()
    if name:
        page.locator("input[name=login]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign In").click()


def invite(site: Site, email: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=7)).replace(tzinfo=None).isoformat(" ")
    site.write(
        "INSERT INTO teams_invitation (team_id, email, role, token_hash, created_at, expires_at)"
        " SELECT id, ?, 'viewer', ?, created_at, ? FROM teams_team ORDER BY id LIMIT 1",
        *(email, email, until),
    )


def test_who_was_not_invited_reads_why_and_who_was_lands_in_the_team(page, site):
    sign_in(page, site, "dora")
    expect(page.get_by_role("heading", name="You have no account here")).to_be_visible()
    expect(page.get_by_text("invite dora@example.org")).to_be_visible()
    assert axe_finds(page) == []
    invite(site, "dora@example.org")
    sign_in(page, site)
    expect(page.locator(".top .menu summary")).to_have_text("dora")
    page.goto(f"{site.url}/teams/")
    expect(page.locator("main")).to_contain_text("viewer", ignore_case=True)


@pytest.mark.parametrize("sign_up", ["on"])
def test_a_new_person_signs_in_and_out_and_in_again_where_sign_up_is_open(page, site):
    sign_in(page, site, "emil")
    expect(page.locator(".top .menu summary")).to_have_text("emil")
    page.goto(f"{site.url}/accounts/3rdparty/")
    expect(page.locator("main li").filter(has=page.get_by_role("button"))).to_contain_text("emil")
    assert axe_finds(page) == []
    page.locator(".top .menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(f"{site.url}/models/")
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/models/")
    page.get_by_role("button", name="Sign in with Harbour ID").click()
    expect(page).to_have_url(f"{site.url}/models/")
    expect(page.locator(".top .menu summary")).to_have_text("emil")
