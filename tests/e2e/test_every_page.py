"""Every page in Chromium, narrow and dark, wide and light: it fits, axe finds nothing, and the policy is kept."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.advisor import golden
from tests.e2e.browser import LISTEN, axe_finds, in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("incident")]

LOOKS = [(390, "dark"), (1440, "light")]


def query(case: str) -> str:
    return urlencode(golden.answers(case), doseq=True)


MEMBERS = (
    "/", "/?wall=1", "/?sort=latency&group=engine",
    "/endpoints/1/", "/endpoints/1/edit/", "/endpoints/1/remove/", "/endpoints/add/", "/endpoints/add/many/",
    f"/endpoints/{BROKEN}/",
    "/models/", "/load/", "/endpoints/1/load/", "/endpoints/2/load/", "/endpoints/1/load/settings/",
    "/teams/team-0/load/", "/incidents/", "/incidents/1/", "/alerts/", "/silences/", "/maintenance/", "/teams/",
    "/teams/team-0/", "/teams/team-0/alerting/", "/teams/team-0/availability/", "/advisor/",
    "/advisor/?machines=windows",
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


class Tab:
    """A page in which one test after another opens its own: a new one would start a process of the browser's."""

    def __init__(self, context: BrowserContext) -> None:
        context.add_init_script(LISTEN)
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture(scope="module")
def tabs(browser: Browser, running_site: Site) -> Iterator[dict[bool, Tab]]:
    """One of Alice's (True) and one of a stranger."""
    contexts = {True: signed_in(browser, running_site), False: browser.new_context()}
    yield {member: Tab(context) for member, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("path", [*MEMBERS, *STRANGERS])
def test_a_page_fits_is_accessible_and_keeps_the_policy(tabs: dict[bool, Tab], site: Site, path: str):
    tab = tabs[path in MEMBERS]
    page, complaints = tab.page, tab.complaints
    complaints.clear()
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if (width, scheme) == LOOKS[0]:
            answer = page.goto(site.url + path)
            assert answer and answer.status == 200
            expect(page.locator("html")).to_contain_class("js")  # our script ran
        if scheme == "light":  # folded parts in one look, open ones in the other
            page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, scheme)
        assert axe_finds(page) == [], (width, scheme)
    broken = page.evaluate("window.broken")
    page.goto("about:blank")  # a live page would ask on while the site is emptied for the next test
    assert (broken, complaints) == ([], [])
