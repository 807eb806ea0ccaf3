"""A browser and a site for each module of tests."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser import CHROMIUM, FLAGS
from tests.e2e.site import Site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory, wait_for) -> Iterator[Site]:
    """A site whose Alice owns every team."""
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.start()
        wait_for(site.answers, 20, "the web process did not answer")
        site.write(
            "INSERT INTO teams_membership (user_id, team_id, role, joined_at)"
            " SELECT u.id, t.id, 'owner', t.created_at FROM auth_user u, teams_team t WHERE u.username = 'alice'"
            " AND NOT EXISTS (SELECT 1 FROM teams_membership m WHERE m.user_id = u.id AND m.team_id = t.id)"
        )
        yield site
    finally:
        site.stop()


@pytest.fixture
def sites_broker(site: Site, monkeypatch) -> None:
    """What the test itself publishes reaches the site."""
    monkeypatch.setattr(settings, "REDIS_URL", site.broker.url)
