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
