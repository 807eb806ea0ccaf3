"""The form: what it asks, what it shows beside it, and that answers live in the link."""

import re
from html import unescape

import pytest

from advisor import catalogue
from advisor.form.profiles import PROFILES
from tests.html import flat

QUESTIONS = [question.id for question in catalogue.load().questions]


def page_of(client, query: str = "") -> str:
    response = client.get(f"/advisor/{query}")
    assert response.status_code == 200
    return flat(response.content.decode())


def asked(html: str) -> list[str]:
    return re.findall(r'<fieldset class="q" id="q-(\w+)"', html)


def test_anyone_may_try_it_and_nothing_is_stored(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        html = page_of(client, "?goal=runtime")
    assert "Nothing is stored" in html
    assert list(client.cookies) == ["plimsoll_csrf"]


def test_every_question_says_why_and_offers_dont_know_as_the_default(client, db):
    html = page_of(client)
    for question in catalogue.load().questions:
        if question.id in asked(html):
            assert question.why in unescape(html)
            default = f'id="{question.id}-unknown" name="{question.id}" value="" checked'
            assert default in html or question.many


def test_there_are_four_groups_and_at_most_sixteen_questions(client, db):
    html = page_of(client, "?machines=windows")
    assert html.count('<section class="question-group"') == 4
    assert sorted(asked(html)) == sorted(QUESTIONS)
    assert len(QUESTIONS) == 16


@pytest.mark.parametrize(
    ("query", "conditional"),
    [
        ("", set()),
        ("?machines=linux_server", set()),
        ("?machines=mac", {"os_floor"}),
        ("?machines=windows", {"os_floor", "linux_route"}),
        ("?machines=windows&machines=linux_pc", {"os_floor"}),
    ],
)
def test_conditional_questions_are_asked_only_where_they_apply(client, db, query, conditional):
    assert set(asked(page_of(client, query))) & {"os_floor", "linux_route"} == conditional


def test_answers_in_the_link_are_filled_in(client, db):
    html = page_of(client, "?goal=serving&machines=mac&machines=linux_server")
    for input_id in ("goal-serving", "machines-mac", "machines-linux_server"):
        assert re.search(rf'id="{input_id}"[^>]* checked', html)
    assert not re.search(r'id="machines-windows"[^>]* checked', html)


def test_unknown_ids_in_a_link_are_named_and_ignored(client, db):
    html = unescape(page_of(client, "?goal=runtime&colour=blue&load=endless&<script>=1"))
    assert "There is no question 'colour'" in html
    assert "has no option 'endless'" in html
    assert re.search(r'id="goal-runtime"[^>]* checked', html)
    assert "<script>=" not in page_of(client, "?<script>=1")


def test_the_preview_is_open_early_on_and_counts_what_matters(client, db):
    html = client.get("/advisor/preview/", {"goal": "runtime"}).content.decode()
    assert "chip-open" in html
    assert re.search(r"\d+ answers left that matter", html)
    assert re.search(r'<a href="#q-\w+">', html)


def test_the_preview_brings_a_conditional_question_exactly_when_it_begins_to_apply(client, db):
    given = {"machines": "windows", "asked": ""}
    assert asked(client.get("/advisor/preview/", given).content.decode()) == ["linux_route", "os_floor"]
    given["asked"] = "linux_route os_floor "
    assert asked(client.get("/advisor/preview/", given).content.decode()) == []


def test_the_preview_puts_the_answers_into_the_address(client, db):
    given = {"goal": "runtime", "load": "", "machines": ["mac", "windows"]}
    response = client.get("/advisor/preview/", given)
    assert response["HX-Replace-Url"] == "/advisor/?goal=runtime&machines=mac&machines=windows"


def test_answers_that_do_not_fit_together_are_flagged_gently(client, db):
    html = client.get("/advisor/preview/", {"callers": "me", "load": "many"}).content.decode()
    assert "Is that right?" in html
    assert "Is that right?" not in client.get("/advisor/preview/", {"callers": "me"}).content.decode()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
def test_a_starter_profile_fills_a_first_draft_of_known_answers(client, db, profile):
    link = next(href for href in re.findall(r'class="starter" href="([^"]+)"', page_of(client)) if _is(href, profile))
    html = page_of(client, unescape(link).removeprefix("/advisor/"))
    assert "ignored" not in html
    for id, value in profile.answers.items():
        for option in [value] if isinstance(value, str) else value:
            assert re.search(rf'id="{id}-{option}"[^>]* checked', html)
    assert 'aria-current="true"' in html


def _is(href: str, profile) -> bool:
    return all(f"{id}={profile.answers[id]}" in href for id in ("goal", "callers", "stage"))


def test_the_check_page_lists_every_answer_with_a_change_link(client, db):
    html = client.get("/advisor/check/", {"goal": "runtime", "machines": "mac", "load": ""}).content.decode()
    assert "A way to run models on our own machines" in html
    assert html.count('<dd class="change">') == 15  # all but the question about Linux on Windows
    assert "/advisor/?goal=runtime&amp;machines=mac#q-goal" in html
    assert "/advisor/result/?goal=runtime&amp;machines=mac" in html
