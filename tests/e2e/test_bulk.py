"""What is done to many endpoints at once, in a real browser, with JavaScript and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from fleet import live
from tests.e2e.browser import axe_finds, in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("sites_broker")]


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def page(request, browser: Browser, site: Site) -> Iterator[Page]:
    context = signed_in(browser, site, java_script_enabled=request.param, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(site.url)
    yield page
    context.close()


def test_rows_are_ticked_paused_and_given_back(page: Page, site: Site):
    expect(page.locator("#bulk")).to_be_hidden()
    page.locator("#row-2 .col-pick input").check()
    page.locator("#row-3 .col-pick input").check()
    page.locator("#bulk-action").select_option("pause")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pause: 2 endpoints")
    page.get_by_label("How long").select_option("60")
    page.get_by_role("button", name="Pause: 2 endpoints").click()
    expect(page.locator("#row-2 .status")).to_contain_text("paused")
    expect(page.locator("#row-2")).to_contain_text("paused by alice until")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#row-2 .status")).not_to_contain_text("paused")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_what_is_ticked_stays_ticked_when_a_live_update_draws_it_again(browser: Browser, site: Site):
    context = signed_in(browser, site)
    page = context.new_page()
    page.goto(site.url)
    expect(page.locator("#live")).to_have_text("live")
    page.locator("#row-2 .col-pick input").check()
    expect(page.locator("#picked")).to_have_text("1 selected")
    site.move(2, latency_ms=31_000.0)
    live.publish([2])
    expect(page.locator("#row-2")).to_contain_text("31.0 s", timeout=3000)
    expect(page.locator("#row-2 .col-pick input")).to_be_checked()
    page.get_by_label("Select all on this page").check()
    expect(page.locator(".row .col-pick input:not(:checked)")).to_have_count(0)
    assert axe_finds(page) == []
    context.close()


def test_all_that_match_are_those_of_the_filters_in_sight(browser: Browser, site: Site):
    context = signed_in(browser, site)
    page = context.new_page()
    page.goto(site.url)
    every, one = page.locator(".row").count(), page.locator("#row-2 .col-name a").inner_text()
    page.locator("#row-2 .col-pick input").check()
    page.get_by_label(f"All {every} that match").check()
    page.locator("#q").fill(one)
    expect(page.locator(".row")).to_have_count(1)
    expect(page.get_by_label("All 1 that match")).not_to_be_checked()
    page.get_by_label("All 1 that match").check()
    page.locator("#bulk-action").select_option("pause")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pause: 1 endpoint")
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator(".row")).to_have_count(1)
    context.close()


def test_filters_chosen_in_the_page_outlast_what_is_done_to_its_rows(browser: Browser, site: Site):
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(site.url)
    page.locator("#by-group").select_option("engine")
    expect(page.locator("#on-wall")).to_have_attribute("href", "/?group=engine&wall=1")
    for button in ("Views", "Layout"):
        page.locator("summary", has_text=button).click()
        panel = page.locator("details[open] > .menu-in")
        assert panel.evaluate("each => each.scrollWidth <= each.clientWidth"), button
    page.keyboard.press("Escape")
    for last in ("Cancel", "Undo", "Dismiss"):
        page.locator("#row-2 .col-pick input").check()
        page.locator("#bulk-action").select_option("pause")
        page.get_by_role("button", name="Continue").click()
        if last != "Cancel":
            page.get_by_role("button", name="Pause: 1 endpoint").click()
            expect(page.locator("#by-group")).to_have_value("engine")
            page.get_by_role("button", name=last).click()
        else:
            page.get_by_role("link", name=last).click()
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        expect(page.locator("#by-group")).to_have_value("engine")
    context.close()


def test_the_bar_begins_with_what_fits_the_rows_until_something_is_chosen(browser: Browser, site: Site):
    site.move(BROKEN, status="down", cause="timed_out")
    context = signed_in(browser, site)
    page = context.new_page()
    page.goto(site.url)
    page.locator("#row-3 .col-pick input").check()
    expect(page.locator("#bulk-action")).to_have_value("silence")
    page.locator(f"#row-{BROKEN} .col-pick input").check()
    expect(page.locator("#bulk-action")).to_have_value("acknowledge")
    page.locator("#bulk-action").select_option("pause")
    page.locator(f"#row-{BROKEN} .col-pick input").uncheck()
    expect(page.locator("#bulk-action")).to_have_value("pause")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("How long")).to_be_focused()
    context.close()
