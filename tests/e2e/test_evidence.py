"""From the mail that a decision is contradicted to the decision, its snapshot and the board, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import MailServer
from tests.e2e.browser import LISTEN, axe_finds, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

CONTRADICT = """
from django.contrib.auth.models import User
from django.utils import timezone
from advisor.decisions import watching
from fleet.alerts import delivery
from fleet.evidence.verdict import State
from fleet.models import Endpoint, EndpointState
from tests.advisor.decisions.evidence_parts import judge, on_ollama
endpoint = Endpoint.objects.select_related("team").get(pk=1)
EndpointState.objects.filter(endpoint=endpoint).update(engine="ollama")
decision = on_ollama(User.objects.get(username="alice"), endpoint.team, endpoint)
for state in (State.FINE, State.OUTGROWN):
    judge(endpoint, state, timezone.now(), confirmed=True)
    watching.watch()
print(endpoint.name, delivery.deliver(), sep="|")
"""


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """Alice's tab; the browser must have nothing to complain about, the content policy included."""
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900})
    context.add_init_script(LISTEN)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert page.evaluate("window.broken") == [] and complaints == []
    context.close()


def fits(page: Page) -> None:
    """The page is usable at both widths: nothing sticks out, and axe finds nothing."""
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
        assert axe_finds(page) == [], (page.url, width)


def test_the_mails_link_leads_to_the_decision_its_snapshot_and_its_endpoint(page: Page, site: Site, smtp: MailServer):
    name, sent = site.run(CONTRADICT, EMAIL_URL=f"smtp://127.0.0.1:{smtp.port}", SITE_URL=site.url).strip().split("|")
    assert sent == "1"
    [mail] = smtp.messages
    assert "Start with Ollama: contradicted" in mail["Subject"]
    text = mail.get_body(("plain",)).get_content()
    link = re.search(rf"{re.escape(site.url)}/decisions/\S+", text)
    assert link
    page.goto(link[0])
    evidence = page.locator("#evidence")
    expect(evidence).to_be_in_viewport()
    expect(evidence).to_contain_text("34 %, threshold 20 %")
    expect(page.locator(".stack")).to_contain_text("Evidence: contradicted. Before: holds.")
    fits(page)
    evidence.get_by_role("link", name="All that it was judged by").click()
    expect(page.get_by_role("table")).to_contain_text("Requests that waited")
    fits(page)
    page.go_back()
    evidence.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.get_by_role("link", name="Start with Ollama").click()
    expect(evidence).to_be_in_viewport()


def test_the_board_has_the_card_from_the_first_paint_on(page: Page, site: Site):
    site.run(CONTRADICT)
    page.goto(f"{site.url}/decisions/?evidence=contradicted")
    expect(page.get_by_role("row", name="Start with Ollama")).to_contain_text("contradicted")
    fits(page)
    page.goto(site.url)
    card = page.locator(".decision-cards li")
    expect(card).to_contain_text("contradicted")
    assert card.bounding_box()["width"] > 280
    below = page.locator("#board").bounding_box()
    expect(page.locator("#live")).to_have_text("live")
    assert page.locator("#board").bounding_box() == below, "the stream moves nothing"
    fits(page)
    other = page.locator("#by-team option:not([value=''])").nth(1).get_attribute("value")
    page.locator("#by-team").select_option(other)
    expect(card).to_have_count(0)
    page.locator("#by-team").select_option("")
    card.get_by_role("link").click()
    expect(page.locator("#evidence")).to_contain_text("Outgrown (confirmed)")
