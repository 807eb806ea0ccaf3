"""Gives every stored secret the first key, so that older keys can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import F, Model, QuerySet, TextField
from django.db.models.functions import Cast

from core import encryption

PORTION = 200
"""Rows that are read at a time."""

NESTED = [("mfa.Authenticator", "data")]
"""(model, JSON field) in which other packages keep what our adapters encrypt for them."""


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

    def rows(self) -> Iterator[tuple[object, Any]]:
        """Primary key and stored value of each row, read in portions, so that no query stays open meanwhile."""
        rows = self.filled().order_by("pk").values_list("pk", "stored")
        portion = list(rows[:PORTION])
        while portion:
            yield from portion
            portion = list(rows.filter(pk__gt=portion[-1][0])[:PORTION])

    def texts(self, stored: Any) -> list[str]:
        """The encrypted texts of one row."""
        return [stored]

    def renew(self, pk: object) -> bool:
        """Whether the row needed it. Who changes the secret meanwhile wins, and is checked in turn."""
        stored = self._now(pk)
        while stored and not encryption.by_first_key(stored):
            if self.filled().filter(pk=pk, stored=stored).update(**{self.field: encryption.decrypted(stored)}):
                return True
            stored = self._now(pk)
        return False

    def drop(self, pk: object) -> None:
        """Empties the field, for a secret that is lost."""
        self.model._base_manager.filter(pk=pk).update(**{self.field: ""})

    def _now(self, pk: object) -> str | None:
        return self.filled().filter(pk=pk).values_list("stored", flat=True).first()


class Nested(Place):
    """One JSON field of one model, some of whose values are encrypted texts."""

    def filled(self) -> QuerySet:
        """All rows: what is in them is not searched in the database."""
        return self.model._base_manager.annotate(stored=F(self.field))

    def texts(self, stored: Any) -> list[str]:
        flat = (each for value in stored.values() for each in (value if isinstance(value, list) else [value]))
        return [value for value in flat if isinstance(value, str) and value.startswith(encryption.BEGINNING)]

    def renew(self, pk: object) -> bool:
        """Whether the row needed it."""
        with transaction.atomic():
            row = self.model._base_manager.select_for_update().filter(pk=pk).first()
            stored = getattr(row, self.field, {})
            if all(encryption.by_first_key(text) for text in self.texts(stored)):
                return False
            self.model._base_manager.filter(pk=pk).update(**{self.field: self._again(stored)})
        return True

    def drop(self, pk: object) -> None:
        """Deletes the row: a second factor whose secret is lost would only keep its owner out."""
        self.model._base_manager.filter(pk=pk).delete()

    def _again(self, stored: dict[str, Any]) -> dict[str, Any]:
        old = set(self.texts(stored))

        def encrypt_again(value: Any) -> Any:
            if isinstance(value, list):
                return [encrypt_again(each) for each in value]
            return (
                encryption.encrypted(encryption.decrypted(value)) if isinstance(value, str) and value in old else value
            )

        return {key: encrypt_again(value) for key, value in stored.items()}


def places() -> list[Place]:
    """Every encrypted field of every model, whichever app it belongs to."""
    models = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    fields = [
        Place(model, field.attname)
        for model in models
        for field in model._meta.local_concrete_fields
        if isinstance(field, encryption.EncryptedTextField)
    ]
    return [*fields, *(Nested(apps.get_model(label), field) for label, field in NESTED)]


def rotate() -> tuple[int, int]:
    """Encrypts again what the first key does not read; returns how many rows that were, and how many were fine already.

    Checks all before it changes any, and raises NoKeyFits when one can't be read. Each row is a transaction of its
    own, so it can be stopped at any time and started again.
    """
    found = [(place, pk, _readable(texts)) for place, pk, texts in _stored()]
    if unread := [place.name(pk) for place, pk, readable in found if not readable]:
        raise NoKeyFits(unread)
    changed = [_renew(place, pk) for place, pk, _ in found]
    return changed.count(True), changed.count(False)


def drop_unreadable() -> list[str]:
    """Takes away each stored secret that none of FIELD_KEYS reads; returns their names, as `unreadable` has them."""
    with transaction.atomic():
        lost = [(place, pk) for place, pk, texts in _stored() if not _readable(texts)]
        for place, pk in lost:
            place.drop(pk)
    return [place.name(pk) for place, pk in lost]


def unreadable() -> Iterator[str]:
    """The name, as "model row (field)", of each stored secret that none of FIELD_KEYS reads."""
    return (place.name(pk) for place, pk, texts in _stored() if not _readable(texts))


def _stored() -> Iterator[tuple[Place, object, list[str]]]:
    """Each row that has secrets, and their encrypted texts."""
    for place in places():
        for pk, stored in place.rows():
            if texts := place.texts(stored):
                yield place, pk, texts


def _readable(texts: list[str]) -> bool:
    try:
        for text in texts:
            encryption.decrypted(text)
    except encryption.Unreadable:
        return False
    return True


def _renew(place: Place, pk: object) -> bool:
    try:
        return place.renew(pk)
    except encryption.Unreadable:
        raise NoKeyFits([place.name(pk)]) from None
