"""Live pages do not move under the reader's eyes while they become live."""

import pytest
from playwright.sync_api import Browser, expect

from bench.first_paint import OBSERVE
from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("incident")]

MOST = 0.001
"""The text of a time takes another width in the zone of the browser; the live indicator alone would be 0.0012."""


@pytest.mark.parametrize("width", [390, 1440])
def test_a_page_that_becomes_live_stays_where_it_is(browser: Browser, site: Site, width: int):
    context = signed_in(browser, site, viewport={"width": width, "height": 900}, timezone_id="Asia/Kolkata")
    context.add_init_script(OBSERVE)
    page = context.new_page()
    for path in ("/", f"/endpoints/{BROKEN}/", "/incidents/"):
        page.goto(site.url + path)
        expect(page.locator("#live")).to_have_text("live")
        page.wait_for_load_state("load")
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("paint.shift") <= MOST, path
    context.close()
