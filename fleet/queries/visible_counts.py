"""All endpoints that a person sees, counted in one scan: the teams, engines and statuses that a board can show."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import Count

from core.natural_order import natural_key

from ..access import visible
from ..models import EndpointState


@dataclass(slots=True)
class VisibleCounts:
    """Of all that the person sees, whatever is filtered."""

    by_team: dict[tuple[str, str, str], int] = field(default_factory=dict)  # name and slug of a team, status
    engines: set[str] = field(default_factory=set)

    @property
    def teams(self) -> list[tuple[str, str]]:
        """Slug and name of the teams, by name."""
        names = {(name, slug) for name, slug, _ in self.by_team}
        return [(slug, name) for name, slug in sorted(names, key=lambda team: natural_key(team[0]))]


def visible_counts(user: User) -> VisibleCounts:
    """The counts of what this person sees, in one query."""
    states = visible(user, EndpointState.objects.order_by(), "endpoint__team")
    columns = ("endpoint__team__name", "endpoint__team__slug", "status", "engine")
    found = VisibleCounts()
    for *team, engine, count in states.values_list(*columns).annotate(Count("pk")):
        name, slug, status = team
        found.by_team[name, slug, status] = found.by_team.get((name, slug, status), 0) + count
        found.engines.add(engine)
    return found
