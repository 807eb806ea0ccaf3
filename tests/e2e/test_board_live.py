"""The live board in a real browser, against a real web process, database and broker."""

import http.client
import time
import urllib.request
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from fleet import live
from tests.e2e.browser import in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = [*in_chromium, pytest.mark.usefixtures("sites_broker")]


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """The board, live, with what the browser complained about collected; there must be nothing."""
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site.url)
    expect(page.locator("#live")).to_have_text("live")
    yield page
    context.close()
    assert not complaints


def live_board(context: BrowserContext, site: Site) -> Page:
    """A tab with the board, live."""
    page = context.new_page()
    page.goto(site.url)
    expect(page.locator("#live")).to_have_text("live")
    return page


def change(site: Site, milliseconds: float) -> None:
    """Has the latency of endpoint 2 change, and the boards hear of it."""
    site.move(2, latency_ms=milliseconds)
    live.publish([2])


def open_stream(site: Site) -> http.client.HTTPResponse:
    """An event stream of Alice's that is open."""
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={site.session}"}
    stream = urllib.request.urlopen(urllib.request.Request(f"{site.url}/live", headers=headers))
    assert stream.readline().startswith(b"retry")
    return stream


def test_a_change_shows_within_two_seconds_without_a_reload_and_focus_stays(page: Page, site: Site):
    page.evaluate("window.notReloaded = true")
    page.locator("#e3").focus()
    site.move(3, latency_ms=4242.0)
    began = time.monotonic()
    live.publish([3])
    expect(page.locator("#row-3 .col-latency")).to_contain_text("4.2 s", timeout=2000)
    assert time.monotonic() - began < 2
    assert page.evaluate("document.activeElement.id") == "e3"
    assert page.evaluate("window.notReloaded")


def test_the_first_endpoint_brings_filters_and_what_adds_one(browser: Browser, site: Site):
    site.run("from fleet.models import Endpoint\nEndpoint.objects.all().delete()")
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900})
    page = live_board(context, site)
    expect(page.locator("#board-filters")).to_have_count(0)
    added = "from fleet import endpoints, live\nfrom teams.models import Team\n"
    added += "one = endpoints.add(Team.objects.first(), name='first', url='http://first:8000')\nlive.publish([one.pk])"
    site.run(added)
    for part in ("#board-filters", "#add", "#board .row"):
        expect(page.locator(part)).to_be_visible()
    context.close()


def test_a_row_that_goes_down_moves_to_the_top_and_focus_and_typed_text_stay(page: Page, site: Site):
    page.locator("#q").fill("gpu")
    page.wait_for_url("**/?q=gpu*")
    page.locator("#e4").focus()
    site.move(4, regroup=True, status="down", cause="timed_out", step="models", detail="")
    live.publish([4])
    expect(page.locator("#row-4")).to_contain_text("did not answer in time", timeout=2000)
    expect(page.locator("tbody").first).to_contain_text("Needs attention")
    expect(page.locator("tbody").first.locator("#row-4")).to_have_count(1)
    expect(page.locator("#q")).to_have_value("gpu")
    assert page.evaluate("document.activeElement.id") == "e4"


def test_twenty_changes_a_second_are_sent_without_a_question_and_move_nothing(page: Page, site: Site):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/changes/" in request.url else None)
    before = page.locator("#row-2").bounding_box()
    for number in range(60):
        site.move(2, latency_ms=float(1000 + number * 100))
        live.publish([2])
        page.wait_for_timeout(50)
    expect(page.locator("#row-2 .col-latency")).to_contain_text("6.9 s", timeout=2000)
    assert len(asked) <= 2, "when the stream is opened, and once it stands"
    assert page.locator("#row-2").bounding_box() == before


def test_a_board_with_filters_asks_for_its_own_changes(page: Page, site: Site):
    page.locator("#by-engine").select_option("vllm")
    page.wait_for_url("**engine=vllm*")
    shown = page.locator(".row").first
    pk = int((shown.get_attribute("id") or "").removeprefix("row-"))
    with page.expect_request("**/changes/?*engine=vllm*"):
        site.move(pk, latency_ms=4321.0)
        live.publish([pk])
    expect(page.locator(f"#row-{pk} .col-latency")).to_contain_text("4.3 s", timeout=2000)


def test_an_answer_for_the_filters_chosen_before_is_not_taken_but_asked_for_again(page: Page, site: Site):
    page.wait_for_load_state("networkidle")
    held: list[Route] = []
    page.route("**/changes/?*", lambda route: held.append(route), times=1)
    site.move(2, latency_ms=3210.0)
    with page.expect_request("**/changes/?*"):
        page.evaluate("htmx.trigger('#stream', 'ask')")
    page.locator("#by-engine").select_option("vllm")
    page.wait_for_url("**engine=vllm*")
    expect(page.locator("#row-2")).to_have_count(0)
    with page.expect_request("**/changes/?*engine=vllm*"):
        held[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#cursor [name=engine]")).to_have_value("vllm")


@pytest.mark.parametrize("path", ["/?wall=1", "/incidents/", "/endpoints/1/"])
def test_a_change_while_a_page_asks_has_it_ask_again(browser: Browser, site: Site, path: str):
    context = signed_in(browser, site)
    page = context.new_page()
    page.goto(site.url + path)
    expect(page.locator("#live")).to_have_text("live")
    page.wait_for_load_state("networkidle")
    asks = page.locator("[hx-trigger='sse:changed']")
    held: list[Route] = []
    page.route(f"{site.url}/**", lambda route: held.append(route), times=1)
    with page.expect_request("**"):
        asks.evaluate("element => htmx.trigger(element, 'sse:changed')")
    asks.evaluate("element => htmx.trigger(element, 'sse:changed')")
    with page.expect_request(lambda request: request.url.partition("?")[0] == held[0].request.url.partition("?")[0]):
        held[0].continue_()
    context.close()


def test_pieces_that_do_not_follow_from_what_is_shown_have_the_board_ask(page: Page, site: Site):
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('#cursor [name=since]').value = '1.1.1-1'")
    with page.expect_request("**/changes/?since=1.1.1-1"):
        change(site, 3210.0)
    expect(page.locator("#row-2 .col-latency")).to_contain_text("3.2 s", timeout=2000)


def test_one_page_too_many_has_the_oldest_ask_once_a_minute_and_no_two_fight(browser: Browser, site: Site):
    context = signed_in(browser, site)
    asked = []
    oldest = context.new_page()
    oldest.clock.install()
    oldest.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    oldest.goto(site.url)
    expect(oldest.locator("#live")).to_have_text("live")
    neighbour = live_board(context, site)
    others = [open_stream(site) for _ in range(settings.STREAMS_PER_PERSON)]
    expect(oldest.locator("#live")).to_have_text("every minute", timeout=10_000)
    expect(neighbour.locator("#live")).to_have_text("every minute")
    assert asked.count("live") == 1
    site.move(2, latency_ms=7777.0)
    oldest.clock.fast_forward(60_000)
    expect(oldest.locator("#row-2 .col-latency")).to_contain_text("7.8 s", timeout=5000)
    assert asked.count("live") == 1  # it does not come back to end another's stream
    live_board(context, site)  # but a page that is opened then has one
    for stream in others:
        stream.close()
    context.close()


def test_many_tabs_share_one_stream_also_when_the_tab_that_has_it_is_closed(browser: Browser, site: Site):
    context = signed_in(browser, site)
    streams, complaints = [], []
    context.on("request", lambda request: streams.append(request.url) if request.url.endswith("/live") else None)
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    boards = [live_board(context, site) for _ in range(10)]
    incidents = context.new_page()
    incidents.goto(f"{site.url}/incidents/")
    expect(incidents.locator("#live")).to_have_text("live")
    change(site, 1100.0)
    for board in boards:
        expect(board.locator("#row-2 .col-latency")).to_contain_text("1.1 s", timeout=5000)
    assert len(streams) == 1
    for milliseconds, shown in ((2200.0, "2.2 s"), (3300.0, "3.3 s")):
        boards.pop(0).close()
        change(site, milliseconds)
        for board in boards:
            expect(board.locator("#row-2 .col-latency")).to_contain_text(shown, timeout=5000)
    assert len(streams) == 3
    context.close()
    assert not complaints


def test_a_frozen_tab_loses_the_stream_to_one_that_is_seen(browser: Browser, site: Site, wait_for):
    context = signed_in(browser, site)
    frozen = live_board(context, site)
    seen = context.new_page()
    seen.clock.install()
    seen.goto(site.url)
    expect(seen.locator("#live")).to_have_text("live")
    devtools = context.new_cdp_session(frozen)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    asked: list[str] = []
    seen.on("request", lambda request: asked.append(request.url))
    # The browser takes a moment to freeze a page; until then it answers.
    wait_for(lambda: seen.clock.run_for(40_000) or any(url.endswith("/live") for url in asked), 30)
    change(site, 4400.0)
    expect(seen.locator("#row-2 .col-latency")).to_contain_text("4.4 s", timeout=5000)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    change(site, 4500.0)
    for page in (frozen, seen):
        expect(page.locator("#row-2 .col-latency")).to_contain_text("4.5 s", timeout=5000)
    context.close()


def test_pages_of_two_people_in_one_browser_share_no_stream(browser: Browser, site: Site):
    context = signed_in(browser, site)
    live_board(context, site)
    bobs = context.new_page()
    bobs.add_init_script("""document.addEventListener("readystatechange", () => document.body.setAttribute("hx-headers",
        document.body.getAttribute("hx-headers").replace(/"X-Page-Of": "\\d+"/, '"X-Page-Of": "4711"')))""")
    with bobs.expect_request("**/live"):
        bobs.goto(site.url)
    context.close()


def test_without_locks_a_hidden_page_gives_its_stream_back_and_catches_up_when_shown(browser: Browser, site: Site):
    context = signed_in(browser, site)
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})")
    context.add_init_script("Object.defineProperty(document, 'hidden', {get: () => Boolean(window.away)})")
    page = context.new_page()
    page.clock.install()
    page.goto(site.url)
    expect(page.locator("#live")).to_have_text("live")

    def look(away: bool) -> None:
        page.evaluate(f"window.away = {str(away).lower()}; document.dispatchEvent(new Event('visibilitychange'))")

    with page.expect_event("requestfailed", lambda request: request.url.endswith("/live")):
        look(away=True)
        page.clock.run_for(6000)
    change(site, 5500.0)
    look(away=False)
    expect(page.locator("#row-2 .col-latency")).to_contain_text("5.5 s", timeout=5000)
    context.close()


def test_a_restart_of_the_web_process_is_shown_and_caught_up_with(browser: Browser, site: Site):
    context = signed_in(browser, site)
    pages = [live_board(context, site), live_board(context, site)]
    assert site.stop_web() < 4  # an open stream must not hold it
    for page in pages:
        expect(page.locator("#live")).to_have_text("reconnecting", timeout=5000)
    site.move(1, latency_ms=9876.0)
    site.start_web()
    for page in pages:
        expect(page.locator("#row-1 .col-latency")).to_contain_text("9.9 s", timeout=10000)
        expect(page.locator("#live")).to_have_text("live")
    context.close()


def test_the_board_works_without_javascript(browser: Browser, site: Site):
    context = signed_in(browser, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    page.get_by_label("Name, host, model or tag").fill("gpu-1")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row")).to_contain_text("gpu-1")
    page.get_by_role("link", name="Reload").click()
    expect(page.locator(".row")).to_have_count(1)
    context.close()


def test_filters_change_the_rows_in_place(page: Page):
    page.evaluate("window.notReloaded = true")
    page.get_by_label("Name, host, model or tag").fill("gpu-5")
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_label("Name, host, model or tag").fill("")
    expect(page.locator(".row")).to_have_count(6)
    page.locator("#by-engine").select_option("vllm")
    page.wait_for_url("**engine=vllm*")
    expect(page.locator(".row .col-engine").first).to_contain_text("vLLM")
    assert page.evaluate("window.notReloaded")


def test_a_layout_is_kept_by_live_updates(page: Page, site: Site):
    page.locator("summary", has_text="Layout").click()
    page.get_by_role("radio", name="Dense", exact=True).check()
    page.get_by_role("checkbox", name="Engine").uncheck()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#live")).to_have_text("live")
    for pk in (3, 4):
        site.move(pk, regroup=True, status="down", cause="timed_out", step="models", detail="")
        live.publish([pk])
        expect(page.locator(".group-rows").first.locator(f"#row-{pk}")).to_be_visible(timeout=2000)
        expect(page.locator(".board")).to_contain_class("board dense no-engine no-seen")
        expect(page.locator(f"#row-{pk} .col-engine")).to_be_hidden()


def test_a_group_stays_folded_over_live_updates_and_reloads(page: Page, site: Site):
    group = page.locator(".group-rows").filter(has=page.locator("#row-2"))
    group.get_by_role("button", expanded=True).click()
    expect(page.locator("#row-2")).to_be_hidden()
    site.move(3, regroup=True, status="down", cause="timed_out", step="models", detail="")
    live.publish([3])
    expect(page.locator("#row-3")).to_contain_text("did not answer in time", timeout=2000)
    expect(page.locator("#headline-spoken")).to_contain_text("down")
    expect(page.locator("#row-2")).to_be_hidden()
    page.reload()
    expect(page.locator("#row-2")).to_be_hidden()
    group.get_by_role("button", expanded=False).click()
    expect(page.locator("#row-2")).to_be_visible()
    expect(page.locator("#row-2 .spark path").first).to_have_css("stroke-dasharray", "none")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#row-2")).to_be_visible()  # opened by hand
    expect(page.locator("#row-3")).to_be_visible()  # in trouble


def test_a_phone_folds_groups_where_all_is_well_but_not_the_only_one(page: Page, site: Site):
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#row-2")).to_be_hidden()
    page.goto(f"{site.url}/?status=up&group=none")
    expect(page.locator(".group-rows")).to_have_count(1)
    expect(page.locator("#row-2")).to_be_visible()
    expect(page.locator(".group-fold")).to_have_attribute("aria-expanded", "true")


def test_the_words_of_the_chosen_sorting_are_not_cut_off(page: Page, site: Site):
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{site.url}/?sort=-load")
        if width == 390:
            page.get_by_role("button", name="Filter").click()
        shown = page.locator("#by-sort").bounding_box()["width"]
        page.locator("#by-sort").evaluate("select => { select.style.flex = 'none'; select.style.maxWidth = 'none'; }")
        assert shown >= page.locator("#by-sort").bounding_box()["width"]


def test_a_sorted_board_gets_its_rows_in_place_and_its_order_when_it_is_drawn_again(page: Page, site: Site):
    page.get_by_role("columnheader", name="Latency").get_by_role("link").click()
    page.wait_for_url("**sort=latency")
    expect(page.locator("#live")).to_have_text("live")
    before = page.locator(".row").evaluate_all("rows => rows.map(row => row.id)")
    last = int(before[-1].removeprefix("row-"))
    site.move(last, latency_ms=99_000.0)
    live.publish([last])
    expect(page.locator(f"#row-{last} .col-latency")).to_contain_text("99.0 s", timeout=2000)
    assert page.locator(".row").evaluate_all("rows => rows.map(row => row.id)") == before
    page.reload()
    expect(page.locator(".row").first).to_have_id(f"row-{last}")


def test_a_screen_on_the_wall_follows_and_comes_back_by_itself(browser: Browser, site: Site):
    context = signed_in(browser, site, viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(f"{site.url}/?wall=1")
    expect(page.locator("#live")).to_have_text("live")
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    site.move(3, regroup=True, status="down", cause="timed_out", step="models", detail="")
    live.publish([3])
    expect(page.locator(".wall-trouble")).to_contain_text("did not answer in time", timeout=5000)
    site.stop_web()
    expect(page.locator("#live")).to_have_text("reconnecting", timeout=5000)
    site.start_web()
    expect(page.locator("#live")).to_have_text("live", timeout=20_000)
    expect(page.locator(".wall-trouble")).to_contain_text("did not answer in time", timeout=5000)
    page.keyboard.press("Escape")
    expect(page.locator("#board")).to_be_visible()
    context.close()
