"""Deleting a team with all that is its own."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, ProtectedError, RestrictedError

from . import audit, members
from .members import Refused
from .models import Team

goes_along: list[Callable[[Team], dict[type[Model], int]]] = []
"""What the apps say goes with a team besides what refers to it directly: a model -> how many rows."""

before: list[Callable[[Team], None]] = []
"""What the apps do first in the transaction that deletes a team."""


def what_goes(team: Team) -> list[tuple[str, int]]:
    """(name, how many) of what would be deleted with the team; nothing that there is none of."""
    found: dict[type[Model], int] = {}
    for relation in Team._meta.related_objects:
        if relation.one_to_one:
            continue  # the team's own settings
        model: Any = relation.related_model
        found[model] = model._base_manager.filter(**{relation.field.name: team}).count()
    for count in goes_along:
        found |= count(team)
    return sorted((_name(model, number), number) for model, number in found.items() if number)


def delete_team(actor: User, team: Team) -> None:
    """Deletes the team with everything that belongs to it, in one transaction.

    Raises NotThere when the actor is no owner any more, and Refused while something of another team needs it.
    """
    gone = dict(what_goes(team))
    try:
        with transaction.atomic():
            members.own(actor, team)
            for step in before:
                step(team)
            audit.record("team.deleted", team=team, what=team, detail={"with": gone}, actor=actor)
            Team.objects.filter(pk=team.pk).delete()
    except (ProtectedError, RestrictedError) as error:
        named = ", ".join(sorted({str(row) for row in _in_the_way(error)}))
        raise Refused(f"Something of another team refers to it: {named}. Change that first.") from error


def _name(model: type[Model], number: int) -> str:
    return str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)


def _in_the_way(error: ProtectedError | RestrictedError) -> set[Any]:
    return error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
