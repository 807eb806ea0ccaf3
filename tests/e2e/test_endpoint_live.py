"""An endpoint's open page follows its probes."""

import pytest
from playwright.sync_api import Browser, expect

from fleet import live
from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("sites_broker")]


def probe(site: Site, latency_ms: float) -> None:
    """Leaves what a probe of the first endpoint would."""
    site.write(
        """INSERT INTO fleet_observation (endpoint_id, at, status, cause, step, detail, latency_ms, busy, excluded)
           VALUES (1, strftime('%Y-%m-%d %H:%M:%f', 'now'), 'up', '', '', '', ?, 0, '')""",
        latency_ms,
    )
    site.move(1, latency_ms=latency_ms)
    live.publish([1])


def test_its_last_probes_follow_and_wait_while_one_is_read(browser: Browser, site: Site):
    context = signed_in(browser, site)
    page = context.new_page()
    page.clock.install()
    probe(site, 11)
    page.goto(f"{site.url}/endpoints/1/")
    expect(page.locator("#live")).to_have_text("live")
    probes = page.locator("#probe-list")
    page.clock.run_for(16_000)
    probe(site, 22)
    expect(probes.locator("summary").first).to_contain_text("22 ms", timeout=5000)

    probes.locator("summary").first.click()
    page.clock.run_for(16_000)
    with page.expect_response("**/lately/**"):
        probe(site, 33)
    expect(page.locator("#now")).to_contain_text("33 ms")
    expect(probes).not_to_contain_text("33 ms")
    probes.locator("summary").first.click()
    page.clock.run_for(16_000)
    probe(site, 44)
    expect(probes).to_contain_text("44 ms", timeout=5000)
    expect(probes).to_contain_text("33 ms")
    context.close()
