"""What is done with a team's saved answers: made once, saved, shared, removed."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from teams import audit
from teams.models import Team

from .models import Requirement
from .recommendation.answers import as_plain
from .recommendation.values import Answers

AN_HOUR = timedelta(hours=1)
"""Forms save themselves every few seconds: so often the audit trail records that a person changes a requirement."""


MOST = 1000
"""Saved answers of one team."""


class TooMany(Exception):
    """The team has MOST already; the text is a sentence for the page."""


class Stale(Exception):
    """Someone else saved since the form was opened. `now` is what is stored."""

    def __init__(self, now: Requirement) -> None:
        super().__init__(f"{now.name} was saved by someone else meanwhile.")
        self.now = now


def create(key: UUID, team: Team, user: User, name: str, answers: Answers, catalogue_version: str) -> Requirement:
    """The draft of this form (`key`). A form that is posted twice makes one: the first counts. Raises TooMany."""
    values = {
        "team": team,
        "name": name,
        "answers": as_plain(answers),
        "catalogue_version": catalogue_version,
        "created_by": user,
        "updated_by": user,
    }
    with transaction.atomic():
        requirement, made = Requirement.objects.get_or_create(key=key, defaults=values)
        if made and Requirement.objects.filter(team=team).count() > MOST:
            raise TooMany(f"The limit of {MOST} saved answers of {team} is reached. Change one that is there.")
        if made:
            audit.record("requirement.created", team=team, what=requirement, actor=user)
    return requirement


def save(
    requirement: Requirement, version: int, user: User, answers: Answers, catalogue_version: str, name: str = ""
) -> Requirement:
    """Saves over `version`, the one that the form showed; raises Stale when it is not the last one any more.

    The same answers again change nothing, so a form that is sent twice is not stale to itself.
    """
    stored = as_plain(answers)
    name = name or requirement.name
    if requirement.answers == stored and requirement.name == name:
        return requirement
    with transaction.atomic():
        saved = Requirement.objects.filter(pk=requirement.pk, version=version).update(
            answers=stored,
            name=name,
            catalogue_version=catalogue_version,
            updated_by=user,
            updated_at=timezone.now(),
            version=F("version") + 1,
        )
        requirement.refresh_from_db()
        if not saved:
            raise Stale(requirement)
        audit.record("requirement.changed", team=requirement.team, what=requirement, actor=user, once_in=AN_HOUR)
    return requirement


def share(requirement: Requirement) -> str:
    """The token of the public, read-only link; the same one until it is withdrawn."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        if Requirement.objects.filter(pk=requirement.pk, share_token=None).update(share_token=token):
            audit.record("requirement.shared", team=requirement.team, what=requirement)
    requirement.refresh_from_db(fields=["share_token"])
    return requirement.share_token or ""


def withdraw(requirement: Requirement) -> None:
    """The public link leads nowhere from now on, and never comes back: the next one is another."""
    with transaction.atomic():
        if Requirement.objects.filter(pk=requirement.pk, share_token__isnull=False).update(share_token=None):
            audit.record("requirement.withdrawn", team=requirement.team, what=requirement)
