"""The guide: Markdown pages about the choice, filled from the catalogue, with a link for each of its ids."""

from functools import cache

from advisor.catalogue import load

from .anchors import address
from .pages import PAGES, rendered
from .render import render

__all__ = ["anchor", "anchors", "render"]


def anchor(id: str) -> str:
    """Where the guide explains an id: `anchor("O1")` is `/guide/criteria/#o1`."""
    return address(id, load())


@cache
def anchors() -> set[str]:
    """Every address in the guide that can be linked to, in the form that `anchor` gives."""
    return {f"/guide/{page.slug}/#{heading.id}" for page in PAGES for heading in rendered(page).headings}
