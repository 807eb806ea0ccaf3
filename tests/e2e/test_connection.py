"""What a page says and keeps while the server can't be reached."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

SOON = 20_000  # ms
NOT_SENT = "Not sent: no connection. What you typed is still here."
ON_TOP = """element => {
    const box = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""


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
    send = page.locator("main form.card button[type=submit]")
    page.evaluate("performance.now = () => 60000")  # just loaded, it would not ask
    send.click()
    note = page.locator("main form.card").get_by_text(NOT_SENT)
    expect(note).to_be_focused()
    expect(page.locator("#connection")).to_be_visible()
    assert page.locator("#connection time").inner_text()
    assert note.evaluate(ON_TOP)
    expect(page.locator("#id_name")).to_have_value("Driver update")
    site.start_web()
    expect(page.locator("#connection")).to_be_hidden(timeout=SOON)
    expect(page.locator("main form.card .not-sent")).to_have_text(
        "Not sent: there was no connection. It is back: send it again."
    )
    send.click()
    expect(page.locator(".error-summary, .field-error, .msgs").first).to_be_visible(timeout=SOON)


@pytest.mark.usefixtures("page", "incident")
def test_a_form_below_is_held_back_where_it_is_seen(browser: Browser, site: Site):
    phone = signed_in(browser, site, viewport={"width": 390, "height": 600})
    page = phone.new_page()
    page.goto(f"{site.url}/incidents/1/")
    page.get_by_label("Add a note").fill("restarted the router")
    site.stop_web()
    expect(page.locator("#connection")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Add the note").click()
    note = page.get_by_text(NOT_SENT)
    expect(note).to_be_focused()
    assert note.evaluate(ON_TOP)
    expect(page.get_by_label("Add a note")).to_have_value("restarted the router")
    site.start_web()
    expect(page.locator("#connection")).to_be_hidden(timeout=SOON)
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#timeline")).to_contain_text("restarted the router")
    phone.close()
