"""Django's system check of the catalogue and of the guide's anchors for it."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, register

from advisor import guide
from advisor.catalogue import Catalogue, CatalogueError, load


@register("catalogue")
def check_catalogue(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """An error for each mistake in the catalogue."""
    return [Error(mistake, id="advisor.E001") for mistake in mistakes()]


def mistakes() -> list[str]:
    """Every mistake in the catalogue's files, or else every id that the guide does not explain."""
    try:
        catalogue = load()
    except CatalogueError as error:
        return error.mistakes
    return list(unexplained(catalogue))


def unexplained(catalogue: Catalogue) -> Iterable[str]:
    """A sentence for each criterion, item, limit, outcome, section, question and fact without an anchor."""
    known = guide.anchors()
    for id in _ids(catalogue):
        if guide.anchor(id) not in known:
            yield f"The guide has no place for {id}: {guide.anchor(id)} does not exist."


def _ids(catalogue: Catalogue) -> Iterable[str]:
    for item in catalogue.items:
        yield from (item.id, *item.criteria)
    for part in (catalogue.limits, catalogue.outcomes, catalogue.sections, catalogue.questions, catalogue.facts):
        yield from (entry.id for entry in part)
