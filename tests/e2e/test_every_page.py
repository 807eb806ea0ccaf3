"""Every page in Chromium, narrow and dark, wide and light: it fits, axe finds nothing, and the policy is kept."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests.advisor import golden
from tests.e2e.browser import LISTEN, axe_finds, in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("incident")]

LOOKS = [(390, "dark"), (1440, "light")]


def query(case: str) -> str:
    return urlencode(golden.answers(case), doseq=True)


MEMBERS = (
    "/", "/endpoints/1/", "/endpoints/1/edit/", "/endpoints/1/remove/", "/endpoints/add/", f"/endpoints/{BROKEN}/",
    "/models/", "/incidents/", "/incidents/1/", "/alerts/", "/silences/", "/maintenance/", "/teams/", "/teams/team-0/",
    "/teams/team-0/alerting/", "/teams/team-0/availability/", "/advisor/", "/advisor/?machines=windows",
    f"/advisor/?{query('GC-05')}&colour=blue", f"/advisor/check/?{query('GC-01')}", "/advisor/result/",
    *(f"/advisor/result/?{query(case)}" for case in ("GC-01", "GC-05", "GC-06")),
    "/advisor/result?goal=runtime&callers=me", f"/advisor/requirements/new/?{query('GC-01')}", "/decisions/",
    "/decisions/new/?goal=runtime", f"/decisions/new/?{query('GC-05')}",
)  # fmt: skip

STRANGERS = (
    "/guide/", "/guide/search/?q=prefix+caching", "/guide/search/?q=xylophone",
    *(
        f"/guide/{page}/"
        for page in (
            "side-by-side", "decision-path", "criteria", "api", "faq", "examples", "meeting", "features", "security",
            "moving", "capacity", "glossary", "sources", "what-is-asked",
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("path", [*MEMBERS, *STRANGERS])
def test_a_page_fits_is_accessible_and_keeps_the_policy(browser: Browser, site: Site, path: str):
    context = browser.new_context() if path in STRANGERS else signed_in(browser, site)
    context.add_init_script(LISTEN)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        answer = page.goto(site.url + path)
        assert answer and answer.status == 200
        expect(page.locator("html")).to_contain_class("js")  # our script ran
        if scheme == "light":  # folded parts in one look, open ones in the other
            page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, scheme)
        assert axe_finds(page) == [], (width, scheme)
        assert page.evaluate("window.broken") == []
    context.close()
    assert complaints == []
