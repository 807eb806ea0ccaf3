"""Keys, the palette, tags and saved views in a real browser."""

import re

from playwright.sync_api import Browser, expect

from tests.e2e.browser import LISTEN, axe_finds, in_chromium, signed_in
from tests.e2e.site import BROKEN, Site

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
    page.keyboard.type("e")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile("q=e"))
    expect(page.locator("#q")).to_have_value("e")
    expect(rows.first).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#picked")).to_have_text("1 selected")
    page.keyboard.press("x")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_value("e")
    page.keyboard.press("j")
    expect(rows.first).to_be_focused()
    expect(page.locator("#q")).to_have_value("e")
    page.goto(site.url)

    page.keyboard.press("Control+k")
    chosen = page.locator("#palette [role='option'][aria-selected='true']")
    expect(chosen).to_have_count(1)
    page.keyboard.type("silen")
    expect(chosen).to_contain_text("Silences")
    expect(page.locator("#palette-q")).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    expect(page.locator("#palette-count")).to_have_text("2 results")
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


def test_tags_filter_without_a_reload_and_what_is_shown_is_saved_as_a_view(browser: Browser, site: Site):
    context = signed_in(browser, site, viewport={"width": 390, "height": 844})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.url}/endpoints/{BROKEN}/edit/")
    page.get_by_label("Tags").fill("prod, chat")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_url(f"**/endpoints/{BROKEN}/")
    page.goto(site.url)
    assert page.locator(".row").count() > 1
    expect(page.locator("#q")).to_be_hidden()  # on a phone what is wrong comes first
    page.get_by_role("button", name="Filter").click()
    page.locator(".tag-menu summary").click()
    page.get_by_label("prod", exact=True).check()
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Save these filters and this sorting as").fill("Production")
    page.get_by_role("button", name="Save view").click()
    page.wait_for_url("**/?tag=prod")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("#part-shown")).to_have_text("View Production. Show the whole fleet")
    page.goto(f"{site.url}/views/")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete Production").click()
    expect(page.get_by_text("No view is saved yet.")).to_be_visible()
    assert complaints == []
    context.close()


def test_tags_are_seen_in_dense_rows(browser: Browser, site: Site):
    address = "'http://a-long-name.of-a.host.example/' || id"
    site.write(f"UPDATE fleet_endpoint SET url = {address}, tags = ?", '["prod", "chat"]')
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "board_dense", "value": "1", "url": site.url}])
    page = context.new_page()
    page.goto(f"{site.url}/?group=engine")
    cut = """rows => rows.filter(row => {
        const end = row.querySelector(".col-name").getBoundingClientRect().right;
        return [...row.querySelectorAll(".tag")].some(tag => tag.getBoundingClientRect().right > end)
    }).length"""
    assert page.locator(".dense .row .tag").count() == 2 * page.locator(".row").count() > 0
    assert page.locator(".row.s-up").evaluate_all(cut) == 0
    context.close()
