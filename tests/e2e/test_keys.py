"""Keys and the palette in a real browser: from row to row, search, and the switch that turns single keys off."""

from playwright.sync_api import Browser, expect

from tests.e2e.browser import LISTEN, axe_finds, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium


def test_the_board_and_the_palette_are_used_with_keys_alone(browser: Browser, site: Site):
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(LISTEN)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site.url)
    rows = page.locator(".row .col-name a")
    for key, number in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(number)).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("j?")
    expect(page.locator("#q")).to_have_value("j?")
    page.locator("#q").fill("")
    page.locator("#q").blur()

    page.keyboard.press("Control+k")
    chosen = page.locator("#palette [role='option'][aria-selected='true']")
    expect(chosen).to_have_count(1)
    page.keyboard.type("silen")
    expect(chosen).to_contain_text("Silences")
    expect(page.locator("#palette-q")).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    expect(page.locator("#palette-count")).to_have_text("1 result")
    assert axe_finds(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.get_by_role("link", name="Search").click()
    expect(chosen).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/silences/")

    page.keyboard.press("?")
    assert axe_finds(page) == []
    page.get_by_label("Use single keys in this browser").uncheck()
    page.get_by_role("button", name="Close").click()
    page.goto(site.url)
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    assert page.evaluate("document.activeElement === document.body")
    page.locator(".top .menu summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_label("Use single keys in this browser")).not_to_be_checked()
    assert complaints == [] and page.evaluate("window.broken") == []
    context.close()
