"""What is set up when Django has started."""

from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings

from core.http import outbound, trust


class FleetConfig(AppConfig):
    name = "fleet"

    def ready(self) -> None:
        outbound.configure(outbound_rules())
        trust.configure(str(settings.CA_BUNDLE or ""))
        _care_for_people()


def outbound_rules() -> outbound.Rules:
    """What the settings say about calls to the outside."""
    return outbound.Rules(tuple(settings.OUTBOUND_DENY), tuple(settings.OUTBOUND_ALLOW), tuple(_services()))


def _care_for_people() -> None:
    """Gives the app of the teams what is stored here about people and their addresses: it can't import us."""
    from teams import audit, confirmations, team_lifecycle
    from teams.accounts import personal_data as teams

    from . import personal_data
    from .alerts.policy import policy_of
    from .models import Endpoint, Incident

    audit.LINKED.update(endpoint=Endpoint, incident=Incident)
    teams.contributions.append(personal_data.contribution)
    teams.erasers.append(personal_data.erase)
    team_lifecycle.cascade_counters.append(personal_data.count_cascade)
    team_lifecycle.before_deletion.append(personal_data.before_deletion)
    confirmations.lists.append(lambda team: policy_of(team).escalate_to)


def _services() -> list[outbound.Service]:
    """The ports that we live on. What talks by a Unix socket or a file has none."""
    found = [outbound.Service("the web server", "", settings.PORT)]
    database = settings.DATABASES["default"]
    host = database.get("HOST") or ""
    if database["ENGINE"].endswith("postgresql") and not host.startswith("/"):
        found.append(outbound.Service("the database", host, int(database.get("PORT") or 5432)))
    broker = urlsplit(settings.REDIS_URL)
    if broker.scheme in ("redis", "rediss"):
        found.append(outbound.Service("the broker", broker.hostname or "", broker.port or 6379))
    return found
