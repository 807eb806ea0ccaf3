"""The content policy in a real browser stops what is not ours. That our pages keep it, test_every_page.py tests."""

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import LISTEN, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium


@pytest.fixture
def page(browser: Browser, site: Site):
    """A page of Alice's that keeps what broke the policy in `window.broken`."""
    context = signed_in(browser, site)
    context.add_init_script(LISTEN)
    yield context.new_page()
    context.close()


FOREIGN = {
    "script-src-elem": "const e = document.createElement('script'); e.textContent = 'window.ran = 1';",
    "style-src-elem": "const e = document.createElement('style'); e.textContent = 'body { display: none }';",
    "script-src-attr": "const e = document.createElement('p'); e.setAttribute('onclick', 'window.ran = 1');",
    "img-src": "const e = document.createElement('img'); e.src = 'http://127.0.0.1:9/x.png';",
    "frame-src": "const e = document.createElement('iframe'); e.src = 'http://127.0.0.1:9/';",
}


@pytest.mark.parametrize("directive", FOREIGN)
def test_what_is_not_ours_is_stopped(page: Page, site: Site, directive: str):
    page.goto(f"{site.url}/teams/")
    page.evaluate(f"() => {{ {FOREIGN[directive]} document.body.append(e); }}")
    page.wait_for_function("window.broken.length > 0")
    assert page.evaluate("window.broken")[0].startswith(directive)
    assert page.evaluate("window.ran") is None
