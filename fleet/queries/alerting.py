"""What the page about a team's alerts shows of its recipients."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Max
from django.db.models.functions import Lower

from core.mail_addresses import distinct, same
from teams.models import Team

from ..alerts import recipients
from ..models import AlertPolicy, Channel, Endpoint, Message, Recipient


@dataclass(frozen=True, slots=True)
class Person:
    """One address, and what became of mail to it."""

    address: str
    unsubscribed_at: datetime | None
    bounced_at: datetime | None
    bounce: str
    taken_at: datetime | None  # when the mail server last took a mail to it
    escalations_only: bool
    only_tags: list[str]  # it gets alerts about endpoints with one of these; empty: about all


def people(team: Team, rules: AlertPolicy) -> list[Person]:
    """The addresses of the team in its own order, then those that only escalations go to."""
    addresses = distinct([*team.mail_to, *rules.escalate_to])
    stored = Recipient.objects.filter(team=team).order_by(F("unsubscribed_at").asc(nulls_first=True))
    rows = {same(row.address): row for row in stored}
    sent = Message.objects.filter(team=team, channel=Channel.MAIL).annotate(mailbox=Lower("recipient"))
    sent = sent.filter(mailbox__in=[same(address) for address in addresses])
    taken = dict(sent.order_by().values_list("mailbox").annotate(Max("sent_at")))
    alerted = {same(address) for address in team.mail_to}

    def person(address: str) -> Person:
        mailbox = same(address)
        row = rows.get(mailbox) or Recipient()
        return Person(
            address,
            row.unsubscribed_at,
            row.bounced_at,
            row.bounce,
            taken.get(mailbox),
            mailbox not in alerted,
            row.only_tags,
        )

    return [person(address) for address in addresses]


def not_alerted(team: Team, rules: AlertPolicy) -> list[str]:
    """The endpoints that no one is alerted of, since every way of the team is limited to tags that they do not have."""
    ways, chosen = recipients.everyone(team, rules), recipients.tags_chosen(team, rules)
    wanted = [recipients.choice_of(chosen, way) for way in ways]
    if not ways or not all(wanted):
        return []
    heard = {tag for tags in wanted for tag in tags}
    rows = Endpoint.objects.filter(team=team).values_list("name", "tags")
    return [name for name, tags in rows if not heard & set(tags)]
