"""Gives every stored secret the first key, so that older keys can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model, QuerySet, TextField
from django.db.models.functions import Cast

from . import secrets

PORTION = 200
"""Rows that are read at a time."""


class NoKeyFits(Exception):
    """Stored secrets that none of FIELD_KEYS reads. `names` has one "model row field" for each."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True, slots=True)
class Place:
    """One encrypted field of one model."""

    model: type[Model]
    field: str

    def name(self, pk: object) -> str:
        return f"{self.model._meta.label} {pk} ({self.field})"

    def filled(self) -> QuerySet:
        """The rows that have a secret; `stored` is what the database has."""
        rows = self.model._base_manager.exclude(**{self.field: ""}).exclude(**{f"{self.field}__isnull": True})
        return rows.annotate(stored=Cast(self.field, TextField()))

    def rows(self) -> Iterator[tuple[object, str]]:
        """Primary key and stored text of each row, read in portions, so that no query stays open meanwhile."""
        rows = self.filled().order_by("pk").values_list("pk", "stored")
        portion = list(rows[:PORTION])
        while portion:
            yield from portion
            portion = list(rows.filter(pk__gt=portion[-1][0])[:PORTION])


def places() -> list[Place]:
    """Every encrypted field of every model, whichever app it belongs to."""
    models = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    return [
        Place(model, field.attname)
        for model in models
        for field in model._meta.local_concrete_fields
        if isinstance(field, secrets.EncryptedTextField)
    ]


def rotate() -> tuple[int, int]:
    """Encrypts anew what the first key does not read; returns how many that were, and how many were fine already.

    Looks at all before it changes any, and raises NoKeyFits when one can't be read. Each row is a transaction of its
    own, so it can be stopped at any time and started again.
    """
    unreadable = [place.name(pk) for place in places() for pk, stored in place.rows() if not _readable(stored)]
    if unreadable:
        raise NoKeyFits(unreadable)
    changed = [_renew(place, pk, stored) for place in places() for pk, stored in place.rows()]
    return changed.count(True), changed.count(False)


def _readable(stored: str) -> bool:
    try:
        secrets.decrypted(stored)
    except secrets.Unreadable:
        return False
    return True


def _renew(place: Place, pk: object, stored: str | None) -> bool:
    """Whether the row needed it. Who changes the secret meanwhile wins, and is looked at in turn."""
    while stored and not secrets.by_first_key(stored):
        try:
            plain = secrets.decrypted(stored)
        except secrets.Unreadable:
            raise NoKeyFits([place.name(pk)]) from None
        if place.filled().filter(pk=pk, stored=stored).update(**{place.field: plain}):
            return True
        stored = place.filled().filter(pk=pk).values_list("stored", flat=True).first()
    return False
