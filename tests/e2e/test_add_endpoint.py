"""Adding an endpoint and reading its page in a real browser."""

import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from fleet import live
from tests.e2e.browser import axe_finds, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("sites_broker")]


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab; at the end the browser must not have complained about anything."""
    context = signed_in(browser, site)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints


def test_typing_an_address_shows_what_answers_there_and_one_click_adds_it(page: Page, site: Site, ollama):
    page.goto(f"{site.url}/endpoints/add/")
    page.fill("#id_url", ollama.url)
    expect(page.locator("#check")).to_contain_text("Ollama 0.30.1 answers")
    expect(page.locator("#check")).to_contain_text("qwen3:8b")
    expect(page.locator("#id_url")).to_be_focused()
    page.fill("#id_name", "found by typing")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.locator("h1")).to_have_text("found by typing")


def test_enter_in_the_address_checks_and_saves_nothing(page: Page, site: Site, ollama):
    page.goto(f"{site.url}/endpoints/add/")
    page.locator("#id_url").press_sequentially(ollama.url.removeprefix("http://"))
    page.press("#id_url", "Enter")
    expect(page.locator("#check")).to_contain_text("Ollama 0.30.1 answers")
    assert page.url == f"{site.url}/endpoints/add/"


def test_a_bare_host_becomes_the_address_that_was_found_unless_more_was_typed(page: Page, site: Site):
    found = (
        '<p data-typed="gpu-1" data-found="http://gpu-1:8000">vLLM answers</p>'  # the machine's own ports may be taken
    )
    page.route("**/endpoints/check/", lambda route: route.fulfill(body=found))
    page.goto(f"{site.url}/endpoints/add/")
    page.fill("#id_url", "gpu-1")
    expect(page.locator("#id_url")).to_have_value("http://gpu-1:8000")
    page.fill("#id_url", "gpu-12")
    with page.expect_response("**/endpoints/check/"):
        page.press("#id_url", "Enter")
    expect(page.locator("#id_url")).to_have_value("gpu-12")


def test_a_list_fills_in_row_by_row_what_is_typed_stays_and_what_is_ticked_is_added(page: Page, site: Site, ollama):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        page.goto(f"{site.url}/endpoints/add/many/")
        page.fill("#id_text", f"from-a-list {ollama.url}\n127.0.0.1:{silent.getsockname()[1]}")
        page.get_by_role("button", name="Check").click()
        page.fill("[name=name-1]", "typed meanwhile")
        expect(page.locator("#answer-0")).to_contain_text("Ollama 0.30.1")
        expect(page.locator("#progress")).to_contain_text("Nothing is saved yet")
    assert axe_finds(page) == []
    expect(page.locator("[name=name-1]")).to_have_value("typed meanwhile")
    expect(page.locator("[name=row][value='0']")).to_be_checked()
    expect(page.locator("[name=row][value='1']")).not_to_be_checked()
    page.get_by_role("button", name="Add all ticked").click()
    expect(page.locator(".msg-success")).to_contain_text("Added: 1 endpoint,")


def test_without_javascript_a_list_waits_for_its_answers(browser: Browser, site: Site, ollama):
    context = signed_in(browser, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/endpoints/add/many/")
    page.fill("#id_text", ollama.url)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#answer-0")).to_contain_text("Ollama 0.30.1")
    context.close()


def test_without_javascript_the_check_button_does_the_same(browser: Browser, site: Site, ollama):
    context = signed_in(browser, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/endpoints/add/")
    page.fill("#id_url", ollama.url)
    page.fill("#id_name", "kept")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#check")).to_contain_text("Ollama 0.30.1 answers")
    expect(page.locator("#id_name")).to_have_value("kept")
    context.close()


def test_the_endpoint_page_follows_a_change_and_what_is_open_stays_open(page: Page, site: Site):
    page.goto(f"{site.url}/endpoints/1/")
    expect(page.locator("#live")).to_have_text("live")
    probe = page.locator("details.probe").first
    probe.locator("summary").first.click()
    page.get_by_role("link", name="Silence").focus()
    site.move(1, status="down", cause="connection_refused")
    live.publish([1])
    expect(page.locator("#now")).to_contain_text("nothing listens on that port", timeout=2500)
    expect(probe).to_have_attribute("open", "")
    expect(page.get_by_role("link", name="Silence")).to_be_focused()


def test_another_range_is_drawn_in_place_and_the_address_follows(page: Page, site: Site):
    page.goto(f"{site.url}/endpoints/1/")
    page.get_by_role("link", name="7 d").click()
    expect(page.get_by_role("link", name="7 d")).to_have_attribute("aria-current", "true")
    assert page.url.endswith("?range=7d")
