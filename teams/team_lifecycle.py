"""A team's life: started, changed, and deleted with all that is its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError, RestrictedError
from django.utils.text import slugify

from . import audit, confirmations, members, quotas
from .models import Membership, Role, Team
from .refusals import Refused

cascade_counters: list[Callable[[Team], dict[type[Model], int]]] = []
"""What the apps say goes with a team besides what refers to it directly: a model -> how many rows."""

before_deletion: list[Callable[[Team], None]] = []
"""What the apps do first in the transaction that deletes a team."""


def new_team(user: User, name: str, mail_to: list[str]) -> Team:
    """Creates a team owned by the person. Raises Refused when the name is taken.

    Also when the person, who is no administrator, has started TEAMS_PER_PERSON that still exist.
    """
    with _one_name(), transaction.atomic():
        list(User.objects.select_for_update(no_key=True).filter(pk=user.pk))  # of two teams at once one is the last
        there = Team.objects.filter(started_by=user).count()
        instead = "Delete one that nobody needs, or ask an administrator to start it."
        why = quotas.full("TEAMS_PER_PERSON", there, "teams that one person starts", instead)
        if why and not user.is_superuser:
            raise Refused(why)
        team = Team.objects.create(name=name, slug=free_slug(name), mail_to=mail_to, started_by=user)
        Membership.objects.create(user=user, team=team, role=Role.OWNER)
        confirmations.note_typed(team, before=set())
        audit.record("team.created", team=team, what=team, actor=user)
    return team


def change_team(actor: User, team: Team, name: str, mail_to: list[str]) -> None:
    """Gives the team another name or other addresses.

    Raises NotThere when the actor is no owner any more, and Refused when the name is taken.
    """
    with _one_name(), transaction.atomic():
        members.require_owner(actor, team)
        new, before = {"name": name, "mail_to": mail_to}, Team.objects.get(pk=team.pk)
        moved = [field for field, value in new.items() if getattr(before, field) != value]
        if not moved:
            return
        listed = confirmations.listed(team)
        Team.objects.filter(pk=team.pk).update(**new)
        confirmations.note_typed(team, listed)
        team.name, team.mail_to = name, mail_to
        audit.record("team.changed", team=team, what=team, detail={"changed": moved}, actor=actor)


def free_slug(name: str) -> str:
    """The name as part of an address, with a number behind it if another team has it already."""
    base = slugify(name)[:70] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{n}" for n in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)


def cascade_counts(team: Team) -> list[tuple[str, int]]:
    """(name, how many) of what would be deleted with the team; nothing that there is none of."""
    found: dict[type[Model], int] = {}
    for relation in Team._meta.related_objects:
        if relation.one_to_one:
            continue  # the team's own settings
        model: Any = relation.related_model
        found[model] = model._base_manager.filter(**{relation.field.name: team}).count()
    for count in cascade_counters:
        found |= count(team)
    return sorted((_name(model, number), number) for model, number in found.items() if number)


def delete_team(actor: User, team: Team) -> None:
    """Deletes the team with everything that belongs to it, in one transaction.

    Raises NotThere when the actor is no owner any more, and Refused while something of another team needs it.
    """
    gone = dict(cascade_counts(team))
    try:
        with transaction.atomic():
            members.require_owner(actor, team)
            for step in before_deletion:
                step(team)
            audit.record("team.deleted", team=team, what=team, detail={"with": gone}, actor=actor)
            Team.objects.filter(pk=team.pk).delete()
    except (ProtectedError, RestrictedError) as error:
        rows = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
        named = ", ".join(sorted({str(row) for row in rows}))
        raise Refused(f"Something of another team refers to it: {named}. Change that first.") from error


def _name(model: type[Model], number: int) -> str:
    return str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)


@contextmanager
def _one_name() -> Iterator[None]:
    """Of two who take a name at once, one is refused with a sentence."""
    try:
        yield
    except IntegrityError as error:
        raise Refused("There is a team of this name already.") from error
