"""What people arranged for one endpoint and what is planned: pause, acknowledgement, silences, maintenance."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from ..models import Endpoint, Incident
from .muting import Planned, Silenced, maintenance_of, silences_of

COMING_SHOWN = 3
"""Windows that have not begun."""


@dataclass(frozen=True, slots=True)
class InForce:
    paused: bool
    acknowledged: Incident | None  # the open incident that somebody acknowledged
    silences: Sequence[Silenced]
    maintenance: Sequence[Planned]  # what is on, then what comes

    @property
    def any(self) -> bool:
        return bool(self.paused or self.acknowledged or self.silences or self.maintenance)

    @property
    def own_silence(self) -> Silenced | None:
        """The one of this endpoint alone, which can be extended; others are of its engine or its team."""
        return next((each for each in self.silences if each.silence.endpoint_id), None)


def in_force(user: User, endpoint: Endpoint, incidents: Sequence[Incident]) -> InForce:
    """What this person sees of it; the reason of a silence is for its team. `incidents` are its newest ones."""
    plan = maintenance_of(endpoint)
    acknowledged = next((each for each in incidents if not each.resolved_at and each.is_acknowledged), None)
    return InForce(
        paused=endpoint.paused,
        acknowledged=acknowledged,
        silences=silences_of(user, endpoint),
        maintenance=[each for together in (*plan.on, *plan.coming[:COMING_SHOWN]) for each in together],
    )
