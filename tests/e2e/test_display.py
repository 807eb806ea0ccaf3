"""What a person chooses on the account page (theme, clock and time zone) holds on the pages they open next."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("incident")]

PROBE = """INSERT INTO fleet_observation (endpoint_id, at, status, cause, step, detail, latency_ms, busy, excluded)
    VALUES (?, ?, 'up', '', '', '', 10, 1, '')"""


@pytest.mark.parametrize("width", [1280, 1440])
def test_marks_and_tags_of_a_row_are_not_cut_off(browser: Browser, site: Site, width: int):
    marks = '{"acknowledged": {"by": "root-admin", "until": null}, "flapping": true}'
    site.move(BROKEN, marks=marks)
    site.write("UPDATE fleet_endpoint SET tags = ?", '["prod"]')
    context = signed_in(browser, site, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(site.url)
    line = page.locator(f"#row-{BROKEN} .line")
    expect(line).to_contain_text("Acknowledged by root-admin")
    within = "each => each.lastElementChild.getBoundingClientRect().right <= each.getBoundingClientRect().right"
    assert line.evaluate(within), "the tags, which stand last"
    context.close()


def test_dark_24_hours_and_tokyo_hold_on_board_incident_and_charts(browser: Browser, site: Site):
    evening = (datetime.now(UTC) - timedelta(days=2)).replace(hour=20, minute=30, second=0, microsecond=0, tzinfo=None)
    next_morning = evening + timedelta(hours=9)
    site.write(PROBE, BROKEN, f"{evening}")
    site.write("UPDATE fleet_incident SET began_at = ?, opened_at = ?", f"{evening}", f"{evening}")
    charts = f"{site.url}/endpoints/{BROKEN}/?from={evening:%Y-%m-%d}T20:00Z&to={evening:%Y-%m-%d}T21:00Z"
    context = signed_in(browser, site, timezone_id="America/Phoenix", locale="en-US", color_scheme="light")
    page = context.new_page()
    chart, readout = page.get_by_role("slider", name="Latency"), page.locator(".readout").first
    page.goto(charts)
    expect(page.locator(".x-zone").first).to_have_text("MST")
    chart.focus()
    expect(readout).to_contain_text(f"{evening:%b} {evening.day}, 01:30:00 PM · 10 ms")

    page.goto(f"{site.url}/account/")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_label("Clock").select_option("24")
    page.get_by_label("Time zone").fill("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".msg-success")).to_be_visible()
    page.goto(site.url)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 22, 28)"
    expect(page.locator("#head time").first).to_have_attribute("title", re.compile(r"\d\d:\d\d:\d\d$"))

    page.goto(f"{site.url}/incidents/1/")
    expect(page.locator("#main")).to_contain_text(  # with the year, where that was another one
        re.compile(rf"{next_morning:%b} {next_morning.day}(, {next_morning.year})?, 05:30:00")
    )
    expect(page.locator("#main")).not_to_contain_text(re.compile(r"\d [AP]M"))

    page.goto(charts)
    expect(page.locator(".x-zone").first).to_have_text("GMT+9")
    expect(page.locator(".x-ticks").first).to_contain_text("05:30")
    expect(page.get_by_label("From", exact=True)).to_have_value(f"{next_morning:%Y-%m-%d}T05:00")
    chart.focus()
    expect(readout).to_contain_text(f"{next_morning:%b} {next_morning.day}, 05:30:00 · 10 ms")

    page.goto(f"{site.url}/maintenance/")
    shown = page.locator("#id_starts + output")
    expect(shown).to_have_text(re.compile(r"^\w{3}, \w{3} \d+, \d{4}, \d\d:00$"))
    page.get_by_label("From", exact=True).fill("2027-03-09T22:15")
    expect(shown).to_have_text("Tue, Mar 9, 2027, 22:15")
    page.reload()
    begins = page.evaluate("document.querySelector('[data-hours-ahead=\"1\"]').value")
    now = datetime.now(ZoneInfo("Asia/Tokyo")).replace(tzinfo=None)
    assert timedelta(minutes=-1) < datetime.fromisoformat(begins) - now <= timedelta(hours=1)
    context.close()
