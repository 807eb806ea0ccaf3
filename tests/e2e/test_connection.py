"""What a page says and keeps while the server can't be reached."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

SOON = 20_000  # ms
NOT_SENT = "Not sent: no connection. What you typed is still here."


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = signed_in(browser, site)
    yield context.new_page()
    context.close()
    if not site.answers():
        site.start_web()


def test_a_live_page_says_since_when_it_is_old_and_catches_up(page: Page, site: Site):
    page.goto(site.url)
    expect(page.locator("#live")).to_have_text("live")
    site.stop_web()
    banner = page.locator("#connection")
    expect(banner).to_be_visible(timeout=SOON)
    lost_at = page.evaluate("document.documentElement.dataset.lost")
    assert page.evaluate("at => new Date(Number(at)).toISOString()", lost_at) == banner.locator("time").get_attribute(
        "datetime"
    )
    page.locator("#q").fill("gpu")
    expect(page.get_by_text(NOT_SENT)).to_be_visible()
    site.move(3, latency_ms=4242.0)
    site.start_web()
    expect(banner).to_be_hidden(timeout=SOON)
    expect(page.get_by_text(NOT_SENT)).to_be_hidden()
    expect(page.locator("#q")).to_have_value("gpu")


def test_a_form_sent_meanwhile_keeps_what_was_typed_and_goes_later(page: Page, site: Site):
    page.goto(f"{site.url}/maintenance/")
    page.locator("#id_name").fill("Driver update")
    site.stop_web()
    expect(page.locator("#connection")).to_be_visible(timeout=SOON)
    send = page.locator("main form.card button[type=submit]")
    send.click()
    expect(page.get_by_text(NOT_SENT)).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Driver update")
    site.start_web()
    send.click()
    expect(page.locator(".error-summary, .field-error, .msgs").first).to_be_visible(timeout=SOON)
