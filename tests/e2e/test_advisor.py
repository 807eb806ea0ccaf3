"""The advisor in a real browser: two kinds of readers, with and without JavaScript; drafts that save themselves."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.advisor import golden
from tests.e2e.browser import axe_finds, in_chromium, signed_in
from tests.e2e.site import Site

pytestmark = in_chromium

LAPTOP = (
    "machines-mac",
    "os_floor-met",
    "accelerator-apple",
    "api-swap",
    "responses_state-not_needed",
    "pain-access",
)
"""What a lone laptop user answers after choosing the profile: six questions."""

PLATFORM = (
    "goal-serving", "callers-many", "stage-product", "growth-yes", "front_ends-own_app", "machines-linux_server",
    "accelerator-multi_gpu", "api-contract", "responses_state-not_needed", "load-many", "scaling-prefix_cache",
    "workflow-server_setup", "priority-architecture", "pain-serving",
)  # fmt: skip


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A stranger's tab; at the end the browser must not have complained about anything."""
    context = browser.new_context()
    page = context.new_page()
    yield from _uncomplaining(page)
    context.close()


@pytest.fixture
def members_page(browser: Browser, site: Site) -> Iterator[Page]:
    """Alice's tab."""
    context = signed_in(browser, site)
    yield from _uncomplaining(context.new_page())
    context.close()


# What htmx logs when a preview is still under way as someone leaves the page or changes another answer.
ABORTED = ("htmx:sendAbort", "htmx:afterRequest")


def _uncomplaining(page: Page) -> Iterator[Page]:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert not [text for text in complaints if not text.startswith(ABORTED)]


def test_a_lone_laptop_user_is_done_with_a_profile_and_six_answers(page: Page, site: Site):
    page.goto(f"{site.url}/advisor/")
    expect(page.locator("#preview")).to_contain_text("Open")
    page.get_by_role("link", name="Just me, on my own computer").click()
    for answer in LAPTOP:
        page.locator(f"#{answer}").check()
    expect(page.locator("#preview h2")).to_contain_text("LM Studio")
    page.get_by_role("button", name="See the result").click()
    expect(page.locator("h1")).to_contain_text("LM Studio")
    expect(page.locator(".report")).to_contain_text("lms server start")
    expect(page.locator("html")).not_to_contain_text("Record a decision")


def test_an_answer_given_before_the_scripts_are_there_counts(page: Page, site: Site):
    held: list[Route] = []
    page.route("**/htmx*.js", lambda route: held.append(route), times=1)
    with page.expect_request("**/htmx*.js"):
        page.goto(f"{site.url}/advisor/", wait_until="commit")
    page.locator("#callers-many").check()
    held[0].continue_()
    expect(page.locator("#preview")).to_contain_text("V4 true")
    page.wait_for_url("**/advisor/?callers=many")


def test_the_preview_follows_each_answer_and_keeps_focus_and_address(page: Page, site: Site):
    page.goto(f"{site.url}/advisor/")
    page.locator("#callers-many").focus()
    page.keyboard.press("Space")
    expect(page.locator("#preview")).to_contain_text("V4 true")
    expect(page.locator("#callers-many")).to_be_focused()
    assert page.url.endswith("/advisor/?callers=many")
    page.locator("#machines-windows").check()
    expect(page.locator("#q-linux_route")).to_be_visible()
    page.locator("#linux_route-native_only").check()
    expect(page.locator("#preview")).to_contain_text("Only native Windows, with no WSL and no Linux host applies")
    page.locator("#machines-linux_pc").check()
    expect(page.locator("#q-linux_route")).to_have_count(0)
    page.reload()
    expect(page.locator("#machines-linux_pc")).to_be_checked()


def test_a_platform_group_checks_its_answers_first(page: Page, site: Site):
    page.goto(f"{site.url}/advisor/")
    for answer in PLATFORM:
        page.locator(f"#{answer}").check()
    page.get_by_role("button", name="Check your answers").click()
    expect(page.locator("h1")).to_have_text("Check your answers")
    page.get_by_role("link", name="Change How many calls run at the same moment?").click()
    expect(page.locator("#load-many")).to_be_checked()
    page.go_back()
    page.get_by_role("link", name="See the result").click()
    expect(page.locator("h1")).to_have_text("Use vLLM.")
    expect(page.locator(".verdict .chip")).to_have_text("Clear")


@pytest.mark.parametrize(
    ("answers", "headline"),
    [((*LAPTOP, "goal-runtime", "callers-me", "front_ends-local_tools"), "LM Studio"), (PLATFORM, "Use vLLM.")],
)
def test_without_javascript_it_is_submit_and_show(browser: Browser, site: Site, answers, headline):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/advisor/")
    for answer in sorted(answers, key=lambda answer: not answer.startswith("machines")):
        if page.locator(f"#{answer}").count() == 0:
            page.get_by_role("button", name="Show what this comes to so far").click()
        page.locator(f"#{answer}").check()
    page.locator("#workflow-" + ("quick_start" if headline == "LM Studio" else "server_setup")).check()
    page.locator("#priority-" + ("setup" if headline == "LM Studio" else "architecture")).check()
    page.get_by_role("button", name="See the result").click()
    expect(page.locator("h1")).to_contain_text(headline)
    page.locator("summary", has_text="Your answers").click()
    page.get_by_role("link", name=re.compile("Change the answer to: What hurts today")).click()
    expect(page.locator("#" + answers[0])).to_be_checked()
    context.close()


def test_a_teams_draft_saves_itself_and_a_stale_form_is_reported(members_page: Page, browser: Browser, site: Site):
    page = members_page
    page.goto(f"{site.url}/advisor/?goal=runtime&callers=me")
    page.get_by_role("button", name="Save for your team").click()
    page.get_by_label("What is it for?").fill("Search assistant")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_contain_text("Not enough answers yet")
    page.get_by_role("link", name="Change answers").click()
    page.wait_for_url("**/edit/")
    other_context = signed_in(browser, site)
    other = other_context.new_page()
    other.goto(page.url)
    page.locator("#growth-yes").check()
    expect(page.locator("#preview")).to_contain_text("Saved")
    page.locator("#stage-individual").check()
    expect(page.locator("#version")).to_have_value("3")
    other.locator("#load-many").check()
    expect(other.get_by_role("alert")).to_contain_text("saved other answers while this form was open")
    expect(other.locator("#load-many")).to_be_checked()
    other.get_by_role("button", name="Save and see the result").click()
    expect(other.locator("#answers")).to_contain_text("Many")
    other_context.close()


def test_a_public_link_is_made_read_and_withdrawn(members_page: Page, browser: Browser, site: Site):
    page = members_page
    page.goto(f"{site.url}/advisor/requirements/new/?goal=serving&machines=linux_server")
    page.get_by_label("What is it for?").fill("Shared tier")
    page.get_by_role("button", name="Save").click()
    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="Make a link for everyone").click()
    expect(page.locator("#public")).to_be_visible()  # the redirect opens the section again
    public = page.locator("#public").inner_text()
    stranger_context = browser.new_context()
    stranger = stranger_context.new_page()
    stranger.goto(public)
    expect(stranger.locator(".eyebrow").first).to_contain_text("Shared tier")
    page.get_by_role("button", name="Withdraw the link").click()
    expect(page.get_by_role("button", name="Make a link for everyone")).to_be_visible()
    assert stranger.goto(public).status == 404
    stranger_context.close()


def _query(case: str) -> str:
    return urlencode(golden.answers(case), doseq=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_result_is_one_screen_and_its_sections_open_by_keyboard(browser: Browser, site: Site, scripts: bool):
    context = browser.new_context(viewport={"width": 1440, "height": 1100}, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{site.url}/advisor/result/?{_query('GC-03')}")
    last = page.locator("summary", has_text="Your answers")
    box = last.bounding_box()
    assert box and box["y"] + box["height"] < 1100
    expect(page.locator("#answers")).to_be_hidden()
    last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#answers")).to_be_visible()
    context.close()


def test_a_link_into_a_closed_section_opens_it(page: Page, site: Site):
    page.goto(f"{site.url}/advisor/result/?{_query('GC-03')}")
    expect(page.locator("#review")).to_be_hidden()
    page.get_by_role("link", name="earlier when something changes").click()
    expect(page.locator("#review")).to_be_visible()


def test_what_is_closed_is_printed_all_the_same(page: Page, site: Site):
    page.goto(f"{site.url}/advisor/result/?{_query('GC-03')}")
    page.emulate_media(media="print")
    for part in ("lists", "limits", "changes", "next", "facts", "silent", "answers"):
        expect(page.locator(f"#{part}")).to_be_visible()
    expect(page.locator("#next .code").first).to_be_hidden()


@pytest.mark.parametrize("case", ["GC-04", "GC-06"])
def test_a_result_prints_on_two_sides(browser: Browser, site: Site, case: str):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/advisor/result/?{_query(case)}")
    pdf = page.pdf(format="A4")
    context.close()
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 2


def test_a_decision_is_recorded_from_a_result_and_its_pages_are_accessible(browser: Browser, site: Site):
    context = signed_in(browser, site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{site.url}/advisor/result/?{_query('GC-04')}")
    page.get_by_role("link", name="Record a decision").click()
    page.get_by_role("button", name="Record as accepted").click()
    expect(page.get_by_text("is recorded as accepted")).to_be_visible()
    page.evaluate("window.print = () => { window.printed = true }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed")
    for path in (page.url.removeprefix(site.url), "/decisions/", f"/decisions/new/?{_query('GC-05')}"):
        for width, scheme in ((390, "dark"), (1440, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            page.goto(site.url + path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert axe_finds(page) == [], path
    context.close()
