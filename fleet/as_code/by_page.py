"""A fleet.yaml given in a page: as manage.py apply takes it, but within what the person may change.

Nothing is removed, teams have to be there, and their names and addresses stay: addresses are confirmed on the team's
page, which the command does not ask for.
"""

import re
from dataclasses import replace

from django.contrib.auth.models import User
from django.utils.text import slugify

from teams.access import teams_of
from teams.models import Role, Team

from .apply import TeamDifference, apply
from .reader import FileMistakes, TeamEntry, read_text

NAME = "fleet.yaml"
"""What the text is called in sentences."""

ELSEWHERE = "change this on the team's page, and take it out here."


def is_fleet_yaml(text: str) -> bool:
    """Whether a text is a fleet.yaml, by the key that each begins with."""
    return re.search(r"^teams\s*:", text, re.MULTILINE) is not None


def carry_out(user: User, text: str, *, dry_run: bool) -> list[TeamDifference]:
    """Makes the endpoints of the person's teams what the text says, or only works out what that would change.

    Raises FileMistakes, also for a team in which the person is no operator; then nothing was changed.
    """
    may = {team.slug.lower(): team for team in teams_of(user, Role.OPERATOR)}
    member_of = {team.slug.lower() for team in teams_of(user)}
    entries, mistakes, unknown = [], [], []
    for entry in read_text(text, NAME, None):
        team = may.get(entry.fields["slug"].lower())
        if team is None:
            why = "you are an operator of no team with this slug. Start it under Teams, or ask an owner for the role."
            mistakes.append(f"{NAME} line {entry.line_of('slug')}: {entry.path}.slug: {why}")
            name, slug = entry.fields["name"], entry.fields["slug"].lower()
            if slug not in member_of:
                unknown.append(name if slugify(name) == slug else slug)  # a new team's slug is that of its name
            continue
        mistakes += _of_owners(entry, team)
        entries.append(replace(entry, fields={**entry.fields, "name": team.name, "mail_to": None}))
    if mistakes:
        raise FileMistakes(mistakes, unknown)
    return apply(entries, file_name=NAME, dry_run=dry_run)


def _of_owners(entry: TeamEntry, team: Team) -> list[str]:
    """What would change the team itself."""
    renamed = "name" in entry.lines and entry.fields["name"] != team.name
    mailed = entry.fields["mail_to"] is not None and set(entry.fields["mail_to"]) != set(team.mail_to)
    moved = [key for key, differs in (("name", renamed), ("mail_to", mailed)) if differs]
    return [f"{NAME} line {entry.line_of(key)}: {entry.path}.{key}: {ELSEWHERE}" for key in moved]
