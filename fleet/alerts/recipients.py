"""Who gets a team's alerts, and what became of mail to its addresses: taken, refused for good, or unsubscribed from."""

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.mail_addresses import same
from teams import audit, confirmations
from teams.models import PendingAddress, Team

from ..models import Alert, AlertPolicy, Channel, Endpoint, Incident, Recipient
from .reach import Nobody, Reach

Way = tuple[str, str]
"""(channel, recipient): an address, or for a channel of the team its kind, as in Alert."""

UNWANTED = "the address wants no mail, or is not confirmed yet"

NOBODY: Way = (Channel.MAIL.value, "")
"""The recipient of an alert that is stored as not sent, since it reaches nobody."""


def who_gets(incident: Incident, kind: str, team: Team, policy: AlertPolicy) -> list[Way]:
    """Who gets an alert of this kind. The end goes to those who were alerted of the trouble, and only to them.

    Who chose tags gets what is about an endpoint that has one of them, or about what took such an endpoint with it.
    """
    if kind == Alert.Kind.RECOVERED:
        ways = _got(incident.alerts.filter(dropped=""))
    elif kind == Alert.Kind.ESCALATED:
        ways = _wanting([(Channel.MAIL.value, address) for address in policy.escalate_to], incident, policy)
    else:
        ways = _wanting(_named(team, policy), incident, policy)
    return _willing(team, ways)


def who_left(incident: Incident, ways: list[Way]) -> list[Way]:
    """Who was alerted of the incident, without these `ways`, which still want the team's mail."""
    return [way for way in _got(incident.alerts.filter(dropped="")) if way not in ways]


def why_nobody(team: Team) -> Nobody:
    """Why an alert reaches nobody, where `who_gets` is empty."""
    return reach([team])[team.pk].nobody or Nobody.LIMITED


def who_got(alerts: QuerySet[Alert], team: Team) -> list[Way]:
    """Those of the team who got these alerts and still want its mail."""
    return _willing(team, _got(alerts))


def everyone(team: Team, policy: AlertPolicy) -> list[Way]:
    """All that the team wants to be notified by."""
    return _willing(team, _named(team, policy))


def _got(alerts: QuerySet[Alert]) -> list[Way]:
    return list(alerts.order_by().values_list("channel", "recipient").distinct())


def _named(team: Team, policy: AlertPolicy) -> list[Way]:
    channels = [(Channel.APPRISE.value, policy.apprise_url), (Channel.WEBHOOK.value, policy.webhook_url)]
    mails = [(Channel.MAIL.value, address) for address in team.mail_to]
    return mails + [(channel, channel) for channel, url in channels if url]


def tags_chosen(team: Team, policy: AlertPolicy) -> dict[Way, list[str]]:
    """The tags that ways of the team are limited to; a mailbox in lower case. Without an entry it gets everything."""
    channels = {Channel.APPRISE.value: policy.apprise_tags, Channel.WEBHOOK.value: policy.webhook_tags}
    chosen = {(channel, channel): tags for channel, tags in channels.items() if tags}
    rows = Recipient.objects.filter(team=team).exclude(only_tags=[])
    return chosen | {(Channel.MAIL.value, same(row.address)): row.only_tags for row in rows}


def choice_of(chosen: dict[Way, list[str]], way: Way) -> list[str]:
    """Of `tags_chosen`, those of one way; empty: everything."""
    return chosen.get((way[0], same(way[1])), [])


def _wanting(ways: list[Way], incident: Incident, policy: AlertPolicy) -> list[Way]:
    if not (chosen := tags_chosen(policy.team, policy)):
        return ways
    about = Q(pk=incident.endpoint_id) | Q(incidents__parent=incident, incidents__resolved_at=None)
    tags = {tag for found in Endpoint.objects.filter(about).values_list("tags", flat=True) for tag in found}
    return [way for way in ways if not (wanted := choice_of(chosen, way)) or tags & set(wanted)]


def choose_tags(team: Team, address: str, tags: list[str]) -> None:
    """From now on the mailbox gets alerts about endpoints with one of these tags; none: about all of the team."""
    with transaction.atomic():
        before: list[str] = known(team, address).values_list("only_tags", flat=True).first() or []
        if before != tags and _stored(team, address).update(only_tags=tags):
            detail = audit.subject_of(address) | {"tags": {"from": before, "to": tags}}
            audit.record("recipient.tags", team=team, detail=detail)


def _willing(team: Team, ways: list[Way]) -> list[Way]:
    mailed = willing(team, [recipient for channel, recipient in ways if channel == Channel.MAIL])
    return [way for way in ways if way[0] != Channel.MAIL or way[1] in mailed]


def active(team: Team) -> list[str]:
    """Where the team's mails go: its addresses without those that unsubscribed or are not confirmed yet."""
    return willing(team, team.mail_to)


def willing(team: Team, addresses: list[str]) -> list[str]:
    """These addresses of the team without those that unsubscribed or are not confirmed yet, as Reach.mailed."""
    return _reach([team], {team.pk: addresses}, {})[team.pk].mailed


def reach(teams: Collection[Team]) -> dict[int, Reach]:
    """Whom the alerts of each of these teams reach now, by its primary key."""
    channels: dict[int, list[str]] = defaultdict(list)
    for field, channel in (("apprise_url", Channel.APPRISE), ("webhook_url", Channel.WEBHOOK)):
        # Whether one is set: a URL that no key reads any more must not break the page that warns of it.
        for pk in AlertPolicy.objects.filter(team__in=teams).exclude(**{field: ""}).values_list("team", flat=True):
            channels[pk].append(channel.value)
    return _reach(teams, {team.pk: team.mail_to for team in teams}, channels)


def unreached(teams: QuerySet[Team]) -> list[tuple[Team, Nobody]]:
    """Those of the teams with endpoints whose alerts reach nobody, and why. One query where no address is in doubt."""
    of_team = {"team": OuterRef("pk")}
    channel = AlertPolicy.objects.filter(**of_team).exclude(apprise_url="", webhook_url="")
    unsubscribed = Recipient.objects.filter(**of_team, unsubscribed_at__isnull=False)
    doubtful = Q(mail_to=[]) | Exists(unsubscribed) | Exists(PendingAddress.objects.filter(**of_team))
    watching = teams.filter(doubtful, ~Exists(channel), Exists(Endpoint.objects.filter(**of_team)))
    found = list(watching.order_by("name"))
    reached = reach(found) if found else {}
    return [(team, why) for team in found if (why := reached[team.pk].nobody)]


def reaches_anybody(team_pk: int) -> bool:
    """Whether any alert of the team reaches anybody now."""
    return reach([Team.objects.get(pk=team_pk)])[team_pk].nobody is None


def _reach(
    teams: Collection[Team], addresses: dict[int, list[str]], channels: dict[int, list[str]]
) -> dict[int, Reach]:
    gone, waiting = defaultdict(set), defaultdict(set)
    rows = Recipient.objects.filter(team__in=teams, unsubscribed_at__isnull=False)
    for pk, address in rows.values_list("team", "address"):
        gone[pk].add(same(address))
    for row in confirmations.pending(*teams):
        waiting[row.team_id].add(same(row.address))
    works = bool(settings.EMAIL_CONFIGURED)
    return {
        pk: Reach(tuple(addresses[pk]), tuple(channels.get(pk, ())), waiting[pk], gone[pk], works)
        for pk in (team.pk for team in teams)
    }


def known(team: Team, address: str) -> QuerySet[Recipient]:
    """What is stored of the mailbox, in whatever letters it was written."""
    return Recipient.objects.filter(team=team, address__iexact=same(address))


def unsubscribe(team: Team, address: str) -> None:
    """No more mail to this mailbox, of any kind. Doing it twice keeps the first time."""
    with transaction.atomic():
        if _stored(team, address).filter(unsubscribed_at=None).update(unsubscribed_at=datetime.now(UTC)):
            audit.record("recipient.unsubscribed", team=team, detail=audit.subject_of(address))


def subscribe(team: Team, address: str) -> None:
    """Mail to this mailbox again."""
    gone = known(team, address).filter(unsubscribed_at__isnull=False)
    with transaction.atomic():
        if gone.update(unsubscribed_at=None):
            audit.record("recipient.subscribed", team=team, detail=audit.subject_of(address))


def bounced(team: Team, address: str, words: str) -> None:
    """The mail server said that there is no such address; `words` are its own."""
    _stored(team, address).update(bounced_at=datetime.now(UTC), bounce=words[:500])


def clear_bounce(team: Team, address: str) -> int:
    """Mail to this address was taken, so a bounce before is forgotten. Returns 1 if there was one."""
    return known(team, address).filter(bounced_at__isnull=False).update(bounced_at=None, bounce="")


def clear(team: Team, address: str) -> None:
    """A person says that the address works."""
    with transaction.atomic():
        if clear_bounce(team, address):
            audit.record("recipient.cleared", team=team, detail=audit.subject_of(address))


def _stored(team: Team, address: str) -> QuerySet[Recipient]:
    rows = known(team, address)
    if not rows.exists():
        Recipient.objects.get_or_create(team=team, address=same(address))
    return rows
