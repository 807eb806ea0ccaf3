"""What the page about how a team is told shows of its recipients."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from teams.models import Team

from ..models import Channel, Message, Recipient


@dataclass(frozen=True, slots=True)
class Person:
    """One address, and what became of mail to it."""

    address: str
    unsubscribed_at: datetime | None
    bounced_at: datetime | None
    bounce: str
    taken_at: datetime | None  # when the mail server last took a mail to it


def people(team: Team) -> list[Person]:
    """The addresses of the team in its own order."""
    rows = {row.address: row for row in Recipient.objects.filter(team=team)}
    sent = Message.objects.filter(team=team, channel=Channel.MAIL, recipient__in=team.mail_to)
    taken = dict(sent.order_by().values_list("recipient").annotate(Max("sent_at")))
    return [_person(address, rows.get(address) or Recipient(), taken.get(address)) for address in team.mail_to]


def _person(address: str, row: Recipient, taken_at: datetime | None) -> Person:
    return Person(address, row.unsubscribed_at, row.bounced_at, row.bounce, taken_at)
