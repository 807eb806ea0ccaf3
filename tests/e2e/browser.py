"""Debian's Chromium, and how tests in it are marked."""

import shutil

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.site import Site

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The shell is the same engine without the browser around it: a page costs it 0.3 s of processor time, not 1.3 s."""

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

LISTEN = """window.broken = [];
document.addEventListener("securitypolicyviolation", event => window.broken.push(
    event.violatedDirective + " " + event.blockedURI + " " + event.sample));"""
"""Keeps what broke the content policy in `window.broken`."""

in_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


def signed_in(browser: Browser, site: Site, **options) -> BrowserContext:
    """A browser of Alice's."""
    context = browser.new_context(**options)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": site.session, "url": site.url}])
    return context


def axe_finds(page: Page) -> list[str]:
    """The rules of axe that the page breaks."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations.map(rule => rule.id))")
