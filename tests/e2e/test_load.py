"""From a load verdict to the rows that it rests on, in a real browser."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import axe_finds, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium


@pytest.mark.parametrize("scripts", [True, False])
def test_a_verdict_leads_to_its_hours_and_each_of_them_to_its_counts(browser: Browser, site: Site, scripts: bool):
    context = signed_in(browser, site, java_script_enabled=scripts, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{site.url}/load/")
    page.locator("li", has_text="saturated: sequence cap").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("saturated: sequence cap")
    expect(page.get_by_text("--max-num-seqs").first).to_be_visible()
    page.locator("summary", has_text="hours as a list").click()
    page.get_by_role("link", name="waiting 100 %").first.click()
    counts = page.get_by_role("region", name="Counts of the hour")
    expect(counts.get_by_role("row", name="with at least one waiting for capacity")).to_contain_text("240")
    expect(counts).to_contain_text("1 to 2.5 s: 600")
    context.close()


def test_the_hours_are_reached_by_the_keyboard_and_the_page_is_accessible(browser: Browser, site: Site):
    context = signed_in(browser, site, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(f"{site.url}/endpoints/1/load/")
    page.locator("summary", has_text="hours as a list").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Counts of the hour")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe_finds(page) == []
    context.close()


def test_a_preset_fills_the_form_and_saving_it_is_shown_again(browser: Browser, site: Site):
    context = signed_in(browser, site)
    page = context.new_page()
    page.goto(f"{site.url}/teams/team-0/load/")
    page.get_by_label("Until").fill("17")
    page.get_by_role("button", name="agents").click()
    expect(page.get_by_label("Whole answer (s)")).to_have_value("30")
    expect(page.get_by_label("Until")).to_have_value("17")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("First token (s)")).to_have_value("2.5")
    context.close()
