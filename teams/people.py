"""Creating teams and people, and changing where a team's mails go."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify

from .models import Membership, Team


def new_team(user: User, name: str, mail_to: list[str]) -> Team:
    """Creates a team with the person as its first member."""
    with transaction.atomic():
        team = Team.objects.create(name=name, slug=free_slug(name), mail_to=mail_to)
        Membership.objects.create(user=user, team=team)
    return team


def new_person(username: str, email: str, team: Team) -> User:
    """Creates an account without a password as a member of the team; the person sets one by a link."""
    with transaction.atomic():
        user = User(username=username, email=email)
        user.set_unusable_password()
        user.save()
        Membership.objects.create(user=user, team=team)
    return user


def free_slug(name: str) -> str:
    """The name as part of an address, with a number behind it if another team has it already."""
    base = slugify(name)[:70] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{n}" for n in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)
