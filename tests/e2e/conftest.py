"""A browser and a site for all tests of this folder that one process runs."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser import CHROMIUM, FLAGS
from tests.e2e.site import BROKEN, Site


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def running_site(tmp_path_factory) -> Iterator[Site]:
    """What `site` makes new for each test."""
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        yield site.start()
    finally:
        site.stop()


@pytest.fixture
def site(running_site: Site) -> Site:
    """A site with six endpoints of two teams, and nothing of what other tests did."""
    running_site.reset()
    return running_site


@pytest.fixture
def incident(site: Site) -> None:
    """The endpoint BROKEN is down, and the incident about it is open."""
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    site.move(BROKEN, regroup=True, status="down", cause="timed_out", step="models", detail="no answer within 5 s")
    known = {
        "endpoint_id": BROKEN, "status": "down", "cause": "timed_out", "step": "models", "detail": "", "began_at": now,
        "opened_at": now, "last_seen": "{}", "flapping": False, "told": "", "round": 0, "reminders": 0,
        "acknowledged_by": "", "acknowledged_note": "", "outages": 1, "earlier": 0, "in_maintenance": 0, "unwatched": 0,
        "shares_host": False,
    }  # fmt: skip
    site.write(
        f"INSERT INTO fleet_incident ({', '.join(known)}) VALUES ({', '.join('?' * len(known))})", *known.values()
    )


@pytest.fixture
def sites_broker(site: Site, monkeypatch) -> None:
    """What the test itself publishes reaches the site."""
    monkeypatch.setattr(settings, "REDIS_URL", site.broker.url)
