"""Whom the alerts of teams reach, on the pages of the teams: their app can't ask for it."""

from typing import Any

from django import template

from teams.models import Team

from ..alerts import recipients
from ..alerts.reach import Reach

register = template.Library()


@register.simple_tag
def reach_of(team: Team) -> Reach:
    """Whom the alerts of the team reach now."""
    return recipients.reach([team])[team.pk]


@register.simple_tag
def with_reach(teams: list[tuple[Team, str]]) -> list[tuple[Team, str, Reach]]:
    """The teams, each with the person's role, and with whom its alerts reach now."""
    found = recipients.reach([team for team, _ in teams])
    return [(team, role, found[team.pk]) for team, role in teams]


@register.inclusion_tag("fleet/_nobody_alerted.html")
def nobody_alerted(team: Team, reach: Reach, on_settings: bool = False) -> dict[str, Any]:
    """A warning where the team's alerts reach nobody; nothing where they reach somebody.

    `on_settings`: it stands on the team's alert settings, to which it need not lead.
    """
    return {"team": team, "why": reach.nobody, "on_settings": on_settings}
