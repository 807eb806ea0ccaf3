"""Debian's Chromium, and how tests in it are marked."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.site import Site

CHROMIUM = shutil.which("chromium")
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
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (no `chromium` in the PATH)"),
]


def signed_in(browser: Browser, site: Site, **options) -> BrowserContext:
    """A browser of Alice's."""
    context = browser.new_context(**options)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": site.session, "url": site.url}])
    return context


def axe_finds(page: Page) -> list[str]:
    """The rules of axe that the page breaks."""
    return [violation["id"] for violation in Axe().run(page).response["violations"]]
