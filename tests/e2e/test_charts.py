"""An endpoint's charts in a real browser: read, zoomed and compared by pointer and by keys."""

import re
import time
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import LISTEN, axe_finds, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

PROBES = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 118)
    INSERT INTO fleet_observation (endpoint_id, at, status, cause, step, detail, latency_ms, busy, excluded)
    SELECT endpoint, strftime('%Y-%m-%d %H:%M:%S', 'now', '-' || (30 * i) || ' seconds'), 'up', '', '', '',
        10 * endpoint, 1, ''
    FROM n, (SELECT 1 AS endpoint UNION SELECT 2)"""
"""An hour of probes of the first two endpoints, which answer in 10 and 20 ms."""


@pytest.fixture
def probed(site: Site) -> Site:
    site.write(PROBES)
    return site


def test_a_chart_is_read_and_zoomed_by_pointer_and_keys_in_the_readers_zone(browser: Browser, probed: Site):
    context = signed_in(browser, probed, timezone_id="Asia/Kolkata", locale="en-GB")
    context.add_init_script(LISTEN)
    page = context.new_page()
    page.goto(f"{probed.url}/endpoints/1/")
    expect(page.locator(".x-zone").first).to_have_text("GMT+5:30")
    # As password managers and screenshots do; a swap that copied it would break the policy.
    page.locator("#chart-from").evaluate("field => { field.style.color = 'red'; field.style.color = '' }")
    chart, readouts = page.get_by_role("slider", name="Latency"), page.locator(".readout")
    chart.hover()
    expect(readouts.first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d · 10 ms · up"))
    expect(readouts.nth(1)).to_have_text(re.compile(r"^\d\d:\d\d:\d\d · 100 % · up"))

    box = chart.bounding_box()
    assert box is not None
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20, steps=3)
    expect(readouts.first).to_contain_text("selected")
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=.*&to=.*&zone=Asia"))
    expect(page.get_by_role("link", name="Reset")).to_be_visible()

    chart.focus()
    page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("10 ms · up"))
    last = chart.get_attribute("aria-valuenow") or ""
    page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("aria-valuenow", last)  # nothing was probed after it
    page.keyboard.press("ArrowLeft")
    expect(chart).not_to_have_attribute("aria-valuenow", last)
    page.keyboard.press("Shift+Home")
    expect(readouts.first).to_contain_text("selected")
    page.keyboard.press("Escape")
    expect(readouts.first).not_to_contain_text("selected")
    page.keyboard.press("End")
    page.keyboard.press("Shift+PageDown")
    zoomed = page.url
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(zoomed)
    expect(chart).to_be_focused()
    page.go_back()
    expect(page).to_have_url(zoomed)
    page.get_by_role("link", name="Reset").click()
    expect(page).to_have_url(re.compile(r"range=1h"))
    assert axe_finds(page) == []
    assert page.evaluate("window.broken") == []
    context.close()


def test_two_that_are_compared_are_read_together_where_only_one_was_probed(browser: Browser, probed: Site):
    probed.write("UPDATE fleet_observation SET at = datetime(at, '+11 seconds'), status = 'down' WHERE endpoint_id = 2")
    context = signed_in(browser, probed)
    page = context.new_page()
    page.goto(f"{probed.url}/endpoints/1/?range=1h&with=2")
    chart = page.get_by_role("slider", name="Latency")
    one, two = (line.get_attribute("data-name") for line in chart.locator("g[data-name]").all())
    chart.hover()
    both = f"{one} 10 ms, {two} 20 ms · {one} up · {two} down"
    expect(page.locator(".readout").first).to_contain_text(both)
    context.close()


def test_without_javascript_times_are_typed_and_endpoints_compared_in_utc(browser: Browser, probed: Site):
    context = signed_in(browser, probed, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{probed.url}/endpoints/1/")
    page.get_by_role("link", name="Compare").click()
    page.get_by_label("compared with").select_option("2")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".key-other").first).to_be_visible()
    expect(page.locator(".x-zone").first).to_have_text("UTC")
    expect(page.get_by_role("slider")).to_have_count(0)
    context.close()


def test_a_finger_reads_a_chart_and_zooms_in_where_it_was(browser: Browser, probed: Site):
    context = signed_in(browser, probed, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{probed.url}/endpoints/1/")
    chart, readout = page.get_by_role("slider", name="Latency"), page.locator(".readout").first
    expect(page.get_by_text("Tap a chart")).to_be_visible()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] * 0.75, box["y"] + 20)
    expect(readout).to_contain_text("10 ms · up")
    page.get_by_role("link", name="Zoom in").tap()
    expect(page).to_have_url(re.compile("from="))
    page.get_by_role("link", name="Reset").wait_for()
    start, width, buckets = page.locator(".plot").first.evaluate(
        "plot => [+plot.dataset.start, +plot.dataset.width, plot.querySelector('svg').viewBox.baseVal.width / 2]"
    )
    middle = start + width * buckets / 2
    assert 1700 < width * buckets < 2000, "half of the hour"
    assert abs(time.time() - 900 - middle) < 120, "around three quarters of it"

    page.get_by_role("link", name="Zoom in").tap()
    expect(page.locator(".plot").first).not_to_have_attribute("data-start", str(start))
    assert abs(page.locator(".plot").first.evaluate("plot => +plot.dataset.start") - (middle - 450)) < 60
    context.close()


def test_the_page_stays_where_it_is_while_the_charts_are_replaced(browser: Browser, probed: Site):
    probed.write(
        "UPDATE fleet_observation SET running = 2, waiting = 1, kv_cache_usage = 0.5, generation_tokens = 1000 - id"
    )
    context = signed_in(browser, probed, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{probed.url}/endpoints/1/")
    page.get_by_role("slider", name="Latency").wait_for()
    page.evaluate("window.scrollBy(0, document.getElementById('charts').getBoundingClientRect().top + 20)")
    place = page.evaluate("window.scrollY")
    assert place > 0
    drawn = "() => new Promise(found => requestAnimationFrame(() => setTimeout(() => found(window.scrollY))))"
    for link, then in (("Zoom out", "#chart-reset"), ("Compare", "#chart-with")):
        box = page.locator("#charts").get_by_role("link", name=link).bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 5, box["y"] + 5)  # click() of the locator would scroll by itself
        expect(page.locator(then)).to_be_visible()
        assert abs(page.evaluate(drawn) - place) < 5, link
    context.close()


def test_clock_times_stand_under_their_place_and_apart_at_every_width(browser: Browser, probed: Site):
    context = signed_in(browser, probed, viewport={"width": 1440, "height": 900}, locale="en-US")
    page = context.new_page()
    page.goto(f"{probed.url}/endpoints/1/")
    labels = """all => all.map(each => [...each.querySelectorAll("text")].map(text => {
        const box = text.getBoundingClientRect(), plot = each.getBoundingClientRect();
        const place = plot.left + plot.width * parseFloat(text.getAttribute("x")) / 100;
        return {left: box.left, right: box.right, off: Math.abs((box.left + box.right) / 2 - place)}
    }))"""
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
        for shown in page.locator(".x-ticks").evaluate_all(labels):
            assert shown and all(each["off"] < 1 for each in shown)
            assert all(one["right"] + 8 < other["left"] for one, other in pairwise(shown)), width
    context.close()
