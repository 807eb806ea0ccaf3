"""The banner says on every page which part of Plimsoll itself is not doing its work, and goes when it does again."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import axe_finds, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

TEN_SECONDS = 10_000


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """The incidents page, whose clock the tests wind on; nothing is wrong yet."""
    site.show_life()
    context = signed_in(browser, site, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.clock.install()
    page.goto(f"{site.url}/incidents/")
    page.evaluate("window.notReloaded = true")
    yield page
    assert page.evaluate("window.notReloaded"), "it came by a reload"
    context.close()


def until(page: Page, wait_for: Callable[..., None], text: str, shown: bool = True) -> None:
    """Lets the page ask again and again until the banner does (not) say this."""

    def asked_again() -> bool:
        page.clock.run_for(TEN_SECONDS)
        return (text in page.locator("#banner").inner_text()) is shown

    wait_for(asked_again, 10, f"the banner {'never said' if shown else 'still says'} {text!r}")


def test_what_stands_still_is_named_without_a_reload_and_so_is_its_return(page, site, wait_for):
    expect(page.locator("#banner")).to_have_text("")
    site.show_life(tick=250, pulse=250, delivery=250)
    site.say("watch", "No network interface of this machine is connected.")
    site.say("mail", "The mail server refuses the connection.")
    until(page, wait_for, "The dispatcher (in the worker of its queue) is not running")
    found = page.locator("#banner").inner_text()
    assert "The probe worker is not running, so this page is out of date. It last worked " in found
    assert "The delivery worker is not running, so mails wait." in found
    assert "The fleet can't be seen: No network interface of this machine is connected." in found
    assert "Mail is in trouble: The mail server refuses the connection." in found
    assert found.count("attention") == 5
    site.show_life()
    site.say("watch", "")
    site.say("mail", "")
    until(page, wait_for, "The dispatcher", shown=False)
    expect(page.locator("#banner")).to_have_text("")


def test_a_broker_that_is_away_is_reported_and_does_not_hold_the_page_up(page, site, wait_for):
    site.broker.stop()
    try:
        until(page, wait_for, "The broker does not answer: nothing is probed and nothing is mailed.")
        began = time.monotonic()
        answer = page.context.request.get(f"{site.url}/alerts/")
        assert "The broker does not answer" in answer.text()
        assert time.monotonic() - began < 1.5
    finally:
        site.broker.start()
        site.show_life()
    until(page, wait_for, "The broker does not answer", shown=False)


def test_nothing_moves_while_nothing_changes(page, site, wait_for):
    site.show_life(tick=250)
    until(page, wait_for, "The dispatcher")
    page.evaluate("document.querySelector('#banner > div').dataset.same = 'yes'")
    with page.expect_response("**/health/banner/*") as answered:
        page.clock.run_for(TEN_SECONDS)
    assert answered.value.status == 204
    assert page.locator("#banner > div").get_attribute("data-same") == "yes"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_it_is_there_without_javascript_in_any_width_and_for_everyone(browser, site, width, scheme, wait_for):
    site.show_life(tick=250, delivery=250)
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}

    def reads(context) -> bool:
        page = context.new_page()
        page.goto(site.url)
        found = page.locator("#banner").inner_text()
        wide = page.evaluate("document.documentElement.scrollWidth") if scheme == "dark" else 0
        page.close()
        return "The dispatcher" in found and "mails wait" in found and wide <= width

    plain = signed_in(browser, site, java_script_enabled=False, **options)
    wait_for(lambda: reads(plain), 8, "it is not on the page as loaded")
    plain.close()
    context = signed_in(browser, site, **options)
    page = context.new_page()
    page.goto(site.url)
    expect(page.locator("#banner")).to_contain_text("The dispatcher")
    expect(page.locator("h1")).to_have_text("All 6 endpoints up, when last seen")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_finds(page) == []
    context.close()
    site.show_life()
