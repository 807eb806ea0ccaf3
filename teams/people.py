"""Teams as their people start and change them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from . import audit, members
from .models import Membership, Role, Team


def new_team(user: User, name: str, mail_to: list[str]) -> Team:
    """Creates a team owned by the person. Raises Refused when the name is taken."""
    with _one_name(), transaction.atomic():
        team = Team.objects.create(name=name, slug=free_slug(name), mail_to=mail_to)
        Membership.objects.create(user=user, team=team, role=Role.OWNER)
        audit.record("team.created", team=team, what=team, actor=user)
    return team


def change_team(actor: User, team: Team, name: str, mail_to: list[str]) -> None:
    """Gives the team another name or other addresses.

    Raises NotThere when the actor is no owner any more, and Refused when the name is taken.
    """
    with _one_name(), transaction.atomic():
        members.own(actor, team)
        new, before = {"name": name, "mail_to": mail_to}, Team.objects.get(pk=team.pk)
        moved = [field for field, value in new.items() if getattr(before, field) != value]
        if not moved:
            return
        Team.objects.filter(pk=team.pk).update(**new)
        team.name, team.mail_to = name, mail_to
        audit.record("team.changed", team=team, what=team, detail={"changed": moved}, actor=actor)


def free_slug(name: str) -> str:
    """The name as part of an address, with a number behind it if another team has it already."""
    base = slugify(name)[:70] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{n}" for n in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)


@contextmanager
def _one_name() -> Iterator[None]:
    """Of two who take a name at once, one is refused with a sentence."""
    try:
        yield
    except IntegrityError as error:
        raise members.Refused("There is a team of this name already.") from error
