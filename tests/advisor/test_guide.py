"""The guide: pages, links, search, the drawing, and who may read it."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client

from advisor.catalogue import load
from advisor.guide import anchor, anchors, drawing, load_drawings, pages, path
from advisor.guide.fill import fill
from advisor.recommendation.judge import TABLE
from advisor.recommendation.values import OUTCOMES
from fleet.evidence.thresholds import RULES

SLUGS = [page.slug for page in pages.PAGES]
CATALOGUE = load()
ROOT = Path(__file__).parents[2]


def hrefs(html: str) -> list[str]:
    return [unescape(href) for href in re.findall(r'href="([^"]*)"', html)]


@pytest.mark.django_db
@pytest.mark.parametrize("slug", SLUGS)
def test_every_page_is_shown_to_strangers_with_its_date_and_neighbours(client: Client, slug: str):
    page = pages.find(slug)
    assert page is not None
    answer = client.get(f"/guide/{slug}/")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.count("<h1") == 1 and page.title in unescape(html)
    assert f'<time datetime="{page.checked}">' in html
    assert "{{" not in html and "[[" not in html
    before, after = pages.neighbours(page)
    assert ('rel="prev"' in html) == (before is not None) and ('rel="next"' in html) == (after is not None)


_LEAD_SOMEWHERE: set[str] = set()
"""Addresses that another page links to as well, so that each is asked for once."""


@pytest.mark.django_db
@pytest.mark.parametrize("slug", SLUGS)
def test_every_link_of_a_page_leads_somewhere(client: Client, slug: str):
    html = client.get(f"/guide/{slug}/").content.decode()
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    for href in hrefs(html):
        if href.startswith("#"):
            assert href[1:] in ids
        elif href.startswith("/guide/") and "#" in href:
            assert href in anchors()
        elif href.startswith("/guide/") and href not in _LEAD_SOMEWHERE:
            assert client.get(href).status_code == 200
            _LEAD_SOMEWHERE.add(href)


def test_the_tests_that_the_safety_page_names_are_there():
    safety = pages.find("safety")
    assert safety is not None
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", pages.markdown(safety)))
    assert len(named) > 12
    assert {name for name in named if not (ROOT / name).is_file()} == set()


@pytest.mark.parametrize("slug", SLUGS)
def test_the_ids_of_a_page_are_unique(slug: str):
    page = pages.find(slug)
    assert page is not None
    ids = [heading.id for heading in pages.rendered(page).headings]
    assert len(ids) == len(set(ids))


def test_every_page_has_its_file_and_every_file_its_page():
    folder = Path(pages.__file__).with_name("pages")
    assert {file.stem for file in folder.glob("*.md")} == set(SLUGS)


def catalogue_ids() -> list[str]:
    groups = (
        CATALOGUE.items, CATALOGUE.limits, CATALOGUE.outcomes, CATALOGUE.questions, CATALOGUE.facts, CATALOGUE.sections
    )  # fmt: skip
    ids = [thing.id for group in groups for thing in group]  # type: ignore[attr-defined]
    return ids + [id for item in CATALOGUE.items for id in item.criteria]


@pytest.mark.parametrize("id", [*catalogue_ids(), *(f"K{number:02}" for number in range(1, 45))])
def test_every_id_of_the_catalogue_has_an_anchor(id: str):
    assert anchor(id) in anchors()


def test_anchors_are_on_the_pages_that_others_link_to():
    assert anchor("O1") == "/guide/criteria/#o1"
    assert anchor("start_with_ollama") == "/guide/criteria/#start_with_ollama"
    assert anchor("S01 r5") == "/guide/sections/#s01"


def test_a_claim_has_the_articles_date_only_where_the_article_gives_one():
    text = fill("{{S06b}} {{S08}} {{S00}} {{S00 dated}} {{S06b undated}}", CATALOGUE)
    assert re.findall(r"\[(S.*?)\]", text) == [
        "S06b, 16 April 2026",
        "S08, undated",
        "S00, undated",
        "S00, 16 April 2026",
        "S06b, undated",
    ]


def test_the_facts_page_has_each_fact_with_the_date_of_the_copy_that_was_read():
    text = fill("{{facts}}", CATALOGUE)
    for fact in CATALOGUE.facts:
        part = text.partition(f"{{#{fact.id}}}")[2].partition("###")[0]
        copy = "21 August 2026" if fact.id.startswith("ollama") else "2 November 2026"
        assert f"- Last checked 28 November 2026, in a copy of {copy}: **{fact.state}**" in part
        assert f"- Read in: {fact.source}" in part


def test_an_unknown_mark_is_a_mistake_and_not_a_hole_in_the_page():
    with pytest.raises(KeyError):
        fill("{{nonsense}}", CATALOGUE)


@pytest.mark.parametrize("narrow", [False, True])
def test_the_drawing_has_every_outcome_limit_and_item_and_no_style(narrow: bool):
    svg = drawing.draw(CATALOGUE, narrow=narrow)
    for result in OUTCOMES:
        assert f">{path.outcome_name(result)}</text>" in svg
    for thing in (*CATALOGUE.items, *CATALOGUE.limits):
        assert f">{thing.id}" in svg
    assert "style=" not in svg and "fill=" not in svg


@pytest.mark.parametrize("narrow", [False, True])
def test_nothing_in_the_drawing_leaves_the_sheet(narrow: bool):
    svg = drawing.draw(CATALOGUE, narrow=narrow)
    width, height = map(int, re.findall(r'viewBox="0 0 (\d+) (\d+)"', svg)[0])
    for x, y, wide, high in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', svg):
        assert float(x) + float(wide) <= width and float(y) + float(high) <= height
    for x, y in re.findall(r'<text x="([\d.]+)" y="([\d.]+)"', svg):
        assert float(x) < width and float(y) < height


@pytest.mark.parametrize("draw", [load_drawings.waits, load_drawings.queues])
@pytest.mark.parametrize("width", [720, 358])
def test_drawings_of_load_stay_on_the_sheet_and_have_no_style(draw, width: int):
    svg = draw(width)
    height = float(re.findall(r'viewBox="0 0 \d+ ([\d.]+)"', svg)[0])
    assert "style=" not in svg and "fill=" not in svg
    for x, wide in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg):
        assert float(x) + float(wide) <= width
    points = [pair.split(",") for line in re.findall(r'points="([^"]+)"', svg) for pair in line.split()]
    for x, y in [*points, *re.findall(r'<text x="([\d.]+)" y="([\d.]+)"', svg)]:
        assert 0 <= float(x) < width and 0 <= float(y) < height


@pytest.mark.django_db
def test_the_page_on_load_has_its_drawings_and_every_threshold(client: Client):
    html = unescape(client.get("/guide/load/").content.decode())
    assert html.count('<div class="drawing drawing-wide">') == 2
    assert "8 callers, OLLAMA_NUM_PARALLEL=1: 1.6, 2.9 s" in html
    for name, rule in RULES.items():
        assert f"<td>{rule.words}</td>" in html, name


def test_the_drawn_path_has_every_row_of_the_outcome_table_in_its_order():
    enough, *rest = path.steps(CATALOGUE)
    assert [branch.outcome for branch in enough.branches] == ["open"]
    drawn = [(step.title, branch.when, branch.outcome) for step in rest for branch in step.branches]
    assert drawn == [(row.step, row.when, row.outcome) for row in TABLE]
    assert len({step.title for step in rest}) == len(rest) == 4


def test_the_words_of_the_path_name_every_outcome():
    words = pages.markdown(pages.find("decision-path"))  # type: ignore[arg-type]
    assert all(f"#{result})" in words for result in OUTCOMES)


@pytest.mark.django_db
def test_a_closed_guide_asks_strangers_to_sign_in_and_brings_them_back(client: Client, alice, settings):
    settings.ENVIRONMENT = {**settings.ENVIRONMENT, "GUIDE_PUBLIC": False}
    for address in ("/guide/", "/guide/scaling/", "/guide/search/?q=cache"):
        answer = client.get(address)
        assert answer.status_code == 302 and answer.url.startswith("/accounts/login")  # type: ignore[attr-defined]
    assert "next=/guide/scaling/" in client.get("/guide/scaling/").url  # type: ignore[attr-defined]
    client.force_login(alice)
    assert client.get("/guide/scaling/").status_code == 200


@pytest.mark.django_db
def test_an_unknown_page_is_not_found(client: Client):
    assert client.get("/guide/nonsense/").status_code == 404
