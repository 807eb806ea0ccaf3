"""Saved views: keeping, renaming and deleting them, and with which one a person's board begins."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict

from teams import audit
from teams.models import Team

from ..access import visible_views
from ..models import SavedView, UsualView
from ..queries.filters import Filters

MOST = 50
"""Views of a person, and of a team."""


def save(user: User, team: Team | None, name: str, query: str) -> SavedView:
    """Keeps what the board's query string asks for, for the team, or for the person (`team` None).

    Raises ValidationError with a sentence.
    """
    asked = {key: value for key, value in Filters.of(QueryDict(query)).active.items() if key != "page"}
    holder: dict[str, Any] = {"team": team} if team else {"owner": user}
    view = SavedView(**holder, name=_free_name(holder, name), query=urlencode(asked))
    if len(view.query) > 2000:
        raise ValidationError("These filters are too long to be saved.")
    if SavedView.objects.filter(**holder).count() >= MOST:
        raise ValidationError(f"There are {MOST} saved views already. Delete one that nobody needs.")
    with transaction.atomic():
        view.save()
        _record("view.saved", view)
    return view


def rename(view: SavedView, name: str) -> None:
    """Raises ValidationError with a sentence."""
    view.name = _free_name({"team": view.team} if view.team else {"owner": view.owner}, name, view)
    with transaction.atomic():
        view.save(update_fields=["name"])
        _record("view.renamed", view)


def delete(view: SavedView) -> None:
    """The boards that began with it begin with the whole fleet again."""
    with transaction.atomic():
        _record("view.deleted", view)
        view.delete()


def listing(user: User) -> QuerySet[SavedView]:
    """All that the person can open; `is_usual` is true of the one with which their board begins."""
    usual = UsualView.objects.filter(user=user.pk, view=OuterRef("pk"))
    return visible_views(user).select_related("team").annotate(is_usual=Exists(usual))


def begin_with(user: User, view: SavedView | None) -> None:
    """From now on the person's board begins with this view; None: with the whole fleet."""
    if view:
        UsualView.objects.update_or_create(user=user, defaults={"view": view})
    else:
        UsualView.objects.filter(user=user).delete()


def _free_name(holder: dict[str, Any], name: str, view: SavedView | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 60:
        raise ValidationError("Give the view a name of at most 60 characters.")
    if SavedView.objects.filter(**holder, name__iexact=name).exclude(pk=view.pk if view else 0).exists():
        raise ValidationError(f"There is a view named {name} already. Take another name.")
    return name


def _record(action: str, view: SavedView) -> None:
    if view.team:
        audit.record(action, team=view.team, what=view)
