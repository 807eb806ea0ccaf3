"""The content policy in a real browser: no page of ours breaks it, and it does stop what is not ours."""

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

PATHS = (
    "/", "/endpoints/1/", "/endpoints/1/edit/", "/endpoints/add/", "/endpoints/1/remove/", "/models/", "/incidents/",
    "/alerts/", "/silences/", "/maintenance/", "/teams/", "/teams/team-0/", "/teams/team-0/alerting/",
    "/teams/team-0/availability/", "/advisor/", "/advisor/result?goal=runtime&callers=me", "/decisions/",
    "/decisions/new/?goal=runtime", "/guide/", "/guide/decision-path/",
)  # fmt: skip

LISTEN = """window.broken = [];
document.addEventListener("securitypolicyviolation", event => window.broken.push(
    event.violatedDirective + " " + event.blockedURI + " " + event.sample));"""


@pytest.fixture
def page(browser: Browser, site: Site):
    """A page of Alice's that keeps what broke the policy in `window.broken`."""
    context = signed_in(browser, site)
    context.add_init_script(LISTEN)
    yield context.new_page()
    context.close()


def test_no_page_breaks_the_policy(page: Page, site: Site):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(f"page error: {error}"))
    found = {}
    for path in PATHS:
        said.clear()
        answer = page.goto(f"{site.url}{path}", wait_until="load")
        assert answer and answer.status == 200, path
        assert page.evaluate("document.documentElement.classList.contains('js')"), f"our script did not run on {path}"
        told = [text for text in said if "Content Security Policy" in text or "page error" in text]
        if broken := page.evaluate("window.broken") + told:
            found[path] = broken
    assert found == {}


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
