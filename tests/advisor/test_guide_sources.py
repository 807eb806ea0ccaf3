"""What the guide has beyond the article: each statement has a source, and each source a date."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client

from advisor.catalogue import load
from advisor.guide import pages
from advisor.guide.fill import fill
from advisor.guide.sources import sources

CATALOGUE = load()
FOLDER = Path(pages.__file__).with_name("pages")
TEXTS = {file.stem: file.read_text("utf-8") for file in FOLDER.glob("*.md")}
BEYOND = [page for page in pages.PAGES if page.beyond]


def test_a_mark_names_the_source_its_date_and_that_it_is_not_the_article():
    text = fill("{{from redhat}}", CATALOGUE)
    assert text.startswith("[not in the article: Red Hat Developer, 8 August 2025](/guide/sources/#redhat ")


def test_a_page_that_says_so_at_its_head_does_not_repeat_it_in_each_mark():
    assert fill("{{from redhat}}", CATALOGUE, beyond=True).startswith("[Red Hat Developer, 8 August 2025](")


def test_an_unknown_source_is_a_mistake():
    with pytest.raises(KeyError):
        fill("{{from hearsay}}", CATALOGUE)


def test_every_source_is_used_and_every_name_is_there_once():
    used = {id for text in TEXTS.values() for id in re.findall(r"\{\{from ([\w-]+)\}\}", text)}
    assert used == set(sources())
    names = [source.name for source in sources().values()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("{id: a, name: A, place: there}", "date"),
        ("{id: a, name: A, place: there, date: yesterday}", "date"),
        ("{id: a, name: A, place: '', date: 2026-11-02}", "place"),
        ("{id: a, name: A, place: there, date: 2026-11-02, author: me}", "author"),
        (
            "{id: a, name: A, place: there, date: 2026-11-02}\n- {id: a, name: B, place: there, date: 2026-11-02}",
            "twice",
        ),
    ],
)
def test_a_source_without_place_or_date_does_not_load(tmp_path: Path, entry: str, why: str):
    file = tmp_path / "sources.yaml"
    file.write_text(f"- {entry}\n", "utf-8")
    with pytest.raises(ValueError, match=why):
        sources(file)


@pytest.mark.django_db
@pytest.mark.parametrize("page", BEYOND, ids=lambda page: page.slug)
def test_a_page_beyond_the_article_says_so_and_cites_no_section(client: Client, page: pages.Page):
    html = unescape(client.get(f"/guide/{page.slug}/").content.decode())
    assert "<strong>Not in the article.</strong>" in html
    assert "/guide/sections/#" not in html.split('class="prose"')[1].split('class="guide-note"')[0]
    assert "/guide/sources/#" in html


@pytest.mark.parametrize("slug", [slug for slug in TEXTS if slug not in ("safety", "examples")])
def test_a_number_of_users_or_tokens_has_a_source_in_its_paragraph(slug: str):
    figure = re.compile(r"\d+ (?:to \d+ )?(?:tokens a second|users|tok/s)|\bP9[59]\b.* \d")
    for paragraph in re.split(r"\n\s*\n|\n(?=[|-])", TEXTS[slug]):
        if figure.search(paragraph):
            assert "{{from " in paragraph, paragraph
