"""The guide in a real browser: its contents and its drawing."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import in_chromium
from tests.e2e.site import Site

pytestmark = in_chromium


def test_the_contents_are_folded_on_a_phone_and_lead_to_their_heading(browser: Browser, site: Site):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{site.url}/guide/scaling/")
    link = page.get_by_role("link", name="Tensor parallelism", exact=True).first
    expect(link).to_be_hidden()
    page.get_by_text("On this page").first.focus()
    page.keyboard.press("Enter")
    link.click()
    expect(page.get_by_role("heading", name="Tensor parallelism")).to_be_in_viewport()
    assert page.url.endswith("#tensor-parallelism")
    page.close()


def test_the_page_for_the_meeting_prints_on_one_sheet(browser: Browser, site: Site):
    page = browser.new_page()
    page.goto(f"{site.url}/guide/meeting/")
    margin = dict.fromkeys(("top", "right", "bottom", "left"), "10mm")  # as browsers print; the default here is none
    sheets = {size: page.pdf(format=size, margin=margin).count(b"/Type /Page\n") for size in ("A4", "Letter")}  # type: ignore[arg-type]
    page.close()
    assert sheets == {"A4": 1, "Letter": 1}


TOO_WIDE = """sheets => sheets.flatMap(sheet => [...sheet.querySelectorAll("text")].filter(text =>
    text.getBoundingClientRect().right > sheet.getBoundingClientRect().right).map(text => text.textContent))"""


@pytest.mark.parametrize(("width", "shown", "hidden"), [(390, "narrow", "wide"), (1440, "wide", "narrow")])
def test_the_drawing_fits_the_screen_and_no_text_is_cut(browser: Browser, site: Site, width, shown, hidden):
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(f"{site.url}/guide/decision-path/")
    expect(page.locator(f".drawing-{shown} svg")).to_be_visible()
    expect(page.locator(f".drawing-{hidden} svg")).to_be_hidden()
    assert page.locator(f".drawing-{shown} svg").evaluate_all(TOO_WIDE) == []
    page.close()
