"""Acknowledging, silencing and planning in a real browser; what it does to the board."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("incident")]

NEXT_YEAR = datetime.now(UTC).year + 1


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of Alice's, who is in Tokyo; the browser must have nothing to complain about."""
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900}, timezone_id="Asia/Tokyo")
    page = context.new_page()
    complaints: list[str] = []
    refused: list[str] = []  # the browser complains of a refused form; that is as it should be
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 422 else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert len(complaints) == len(refused), complaints


def test_an_acknowledgement_shows_on_an_open_board_without_a_reload(page: Page, site: Site):
    board = page.context.new_page()
    board.goto(site.url)
    expect(board.locator("#live")).to_have_text("live")
    height = board.locator(f"#row-{BROKEN}").bounding_box()["height"]
    page.goto(f"{site.url}/incidents/1/")
    page.get_by_label("Note", exact=True).fill("restarting the engine")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.get_by_role("heading", name="Acknowledged by alice")).to_be_visible()
    row = board.locator(f"#row-{BROKEN}")
    expect(row).to_contain_text("Acknowledged by alice", timeout=3000)
    assert row.bounding_box()["height"] == height, "a mark moves nothing"
    page.get_by_label("Add a note").fill("It was the power supply.")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("[aria-labelledby=timeline-title] .lines")).to_contain_text("alice: It was the power supply.")
    page.get_by_role("button", name="Remove acknowledgement").click()
    expect(row).not_to_contain_text("Acknowledged by alice", timeout=3000)


def test_an_own_time_is_asked_for_only_where_it_matters_and_is_the_readers(page: Page, site: Site):
    page.goto(f"{site.url}/incidents/1/")
    expect(page.get_by_label("Own end")).to_be_hidden()
    page.get_by_label("How long").select_option("own")
    expect(page.get_by_label("Own end")).to_be_visible()
    expect(page.locator(".own-time")).to_contain_text("Asia/Tokyo")
    page.get_by_label("Own end").fill("2020-01-01T00:00")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator("#id_ends_at_error")).to_contain_text("over already")
    expect(page.locator("#id_ends_at")).to_be_focused()
    expect(page.get_by_label("Own end")).to_have_value("2020-01-01T00:00")


def test_a_silence_is_made_from_the_endpoint_and_ended_on_its_page(page: Page, site: Site):
    page.goto(f"{site.url}/endpoints/3/")
    page.get_by_role("link", name="Silence").click()
    page.get_by_label("Why").fill("noisy fan")
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.locator(".msgs")).to_contain_text("Silenced until")
    page.goto(f"{site.url}/endpoints/3/")
    expect(page.locator("#in-force")).to_contain_text("Silenced until")
    page.get_by_role("button", name="End the silence").click()
    expect(page.locator("#in-force")).not_to_contain_text("Silenced")
    page.goto(site.url)
    expect(page.locator("#row-3 .row-marks")).to_have_count(0)


def test_maintenance_is_planned_by_the_readers_clock_and_removed(page: Page, site: Site):
    page.goto(f"{site.url}/endpoints/4/")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Plan maintenance").click()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    expect(page.get_by_label("Last day")).to_be_hidden()
    page.get_by_label("Title").fill("Driver update")
    page.get_by_label("From").fill(f"{NEXT_YEAR}-07-01T09:00")
    expect(page.get_by_label("To", exact=True)).to_have_value(f"{NEXT_YEAR}-07-01T10:00")
    page.get_by_label("To", exact=True).fill(f"{NEXT_YEAR}-07-01T08:00")
    page.get_by_label("From").fill(f"{NEXT_YEAR}-07-01T09:30")
    expect(page.get_by_label("To", exact=True)).to_have_value(f"{NEXT_YEAR}-07-01T08:00")
    page.get_by_label("Repeats").select_option("weekly")
    expect(page.get_by_label("Last day")).to_be_visible()
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator("#id_ends_error")).to_contain_text("It ends before it starts")
    page.get_by_label("To", exact=True).fill(f"{NEXT_YEAR}-07-01T11:00")
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".rows")).to_contain_text("every week by the clock of Asia/Tokyo")
    expect(page.locator(".rows time").first).to_contain_text("09:30")
    page.get_by_role("button", name="Remove Driver update").click()
    expect(page.get_by_text("No maintenance is planned.")).to_be_visible()


def test_everything_works_without_javascript(browser: Browser, site: Site):
    context = signed_in(browser, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/incidents/1/")
    page.get_by_label("How long").select_option("60")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.get_by_role("heading", name="Acknowledged by alice")).to_be_visible()
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.locator(".marks")).to_contain_text("silenced until")
    page.get_by_role("button", name="Remove acknowledgement").click()
    expect(page.get_by_role("heading", name="Not acknowledged")).to_be_visible()
    context.close()
