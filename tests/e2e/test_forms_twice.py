"""Double clicks, the back button and two tabs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

CHANGED = "Somebody changed this since the page was opened"


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab of Alice's."""
    context = signed_in(browser, site)
    yield context.new_page()
    context.close()


def test_a_double_click_adds_an_endpoint_without_a_complaint(page: Page, site: Site):
    page.goto(f"{site.url}/endpoints/add/")
    page.fill("#id_url", "http://127.0.0.1:9/double")
    page.fill("#id_name", "clicked twice")
    page.get_by_role("button", name="Add endpoint").dblclick()
    expect(page.locator("h1")).to_have_text("clicked twice")
    expect(page.locator(".msg-success")).to_have_count(1)


def test_a_double_click_makes_one_silence(page: Page, site: Site):
    page.goto(f"{site.url}/silences/?endpoint=1")
    page.locator("main form.form button[type=submit]").last.dblclick()
    expect(page.locator(".msg-success")).to_have_count(1)
    expect(page.locator("form[action$='/end/']")).to_have_count(1)


def test_going_back_shows_what_is_stored_by_then(page: Page, site: Site):
    page.goto(f"{site.url}/endpoints/2/edit/")
    page.get_by_text("Probing").click()
    page.fill("#id_interval", "45")
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url("**/endpoints/2/")
    site.write("UPDATE fleet_endpoint SET name = 'renamed meanwhile' WHERE id = 2")
    page.go_back()
    expect(page.locator("#id_name")).to_have_value("renamed meanwhile")
    expect(page.locator("#id_interval")).to_have_value("45")
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("h1")).to_have_text("renamed meanwhile")


def test_the_second_of_two_tabs_hears_of_the_first_and_keeps_what_was_typed(page: Page, site: Site):
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{site.url}/endpoints/3/edit/")
    page.get_by_text("Probing").click()
    page.fill("#id_interval", "50")
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url("**/endpoints/3/")
    other.fill("#id_name", "renamed in the other tab")
    other.get_by_role("button", name="Save").last.click()
    expect(other.locator(".error-summary")).to_contain_text(f"{CHANGED} (Interval (s))")
    expect(other.locator("#id_name")).to_have_value("renamed in the other tab")
