"""What an open page does when its session ends, and when somebody signs in in another tab."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab of Alice's."""
    context = signed_in(browser, site)
    yield context.new_page()
    context.close()


@pytest.fixture
def end_session(page: Page) -> Callable[[], list]:
    """Takes the session's cookie away, as its end does; returns the cookies that were there."""

    def end() -> list:
        cookies = page.context.cookies()
        page.context.clear_cookies()
        return cookies

    return end


def come_back_to(page: Page) -> None:
    """As when another tab was in front. A live event may have led the page away before."""
    with suppress(Error):
        page.evaluate("setTimeout(() => document.dispatchEvent(new Event('visibilitychange')))")


@pytest.mark.parametrize("path", ["/", "/endpoints/1/", "/incidents/", "/alerts/", "/models/"])
def test_a_page_whose_session_ended_leads_to_sign_in_and_back(page: Page, site: Site, end_session, path):
    page.goto(site.url + path)
    end_session()
    come_back_to(page)
    expect(page.locator("input[name=password]")).to_have_count(1)
    assert page.url == f"{site.url}/accounts/login/?next={path}"


def test_what_was_typed_stays_and_can_be_sent_after_signing_in_elsewhere(page: Page, site: Site, end_session):
    page.goto(f"{site.url}/endpoints/add/")
    page.fill("#id_name", "typed before")
    cookies = end_session()
    page.fill("#id_url", "http://127.0.0.1:9")
    expect(page.get_by_role("alert")).to_contain_text("You are not signed in here any more")
    expect(page.get_by_role("link", name="Sign in in another tab")).to_have_attribute("target", "_blank")
    expect(page.locator("#id_name")).to_have_value("typed before")
    expect(page.locator("input[name=password]")).to_have_count(0)
    page.context.add_cookies([{**one, "value": "y" * 32} if "csrf" in one["name"] else one for one in cookies])
    come_back_to(page)
    expect(page.locator("#refusal")).to_be_hidden()
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.locator("h1")).to_have_text("typed before")


def test_an_answer_that_failed_is_a_sentence_until_it_works_again(page: Page, site: Site):
    page.goto(f"{site.url}/endpoints/1/")
    page.route("**/endpoints/1/?range=*", lambda route: route.fulfill(status=502, body="<h1>A proxy's own page"))
    page.get_by_role("link", name="7 d").click()
    expect(page.get_by_role("alert")).to_contain_text("The server could not answer")
    expect(page.locator("h1")).to_have_count(1)
    page.unroute("**/endpoints/1/?range=*")
    page.get_by_role("link", name="24 h").click()
    expect(page.locator("#refusal")).to_be_hidden()
