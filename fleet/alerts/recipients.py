"""What became of mail to the addresses of a team: taken, refused for good, or not wanted any more."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from core.mail_addresses import same
from teams import audit, confirmations
from teams.models import Team

from ..models import Recipient

UNWANTED = "the address wants no mail, or is not confirmed yet"


def active(team: Team) -> list[str]:
    """Where the team's mails go: its addresses without those that unsubscribed or are not confirmed yet."""
    return willing(team, team.mail_to)


def willing(team: Team, addresses: list[str]) -> list[str]:
    """These addresses of the team without those that unsubscribed or are not confirmed yet.

    Without a mail server nobody can confirm anything, nor get a mail: then the alerts page shows what would be sent.
    """
    waiting = [row.address for row in confirmations.pending(team)] if settings.EMAIL_CONFIGURED else []
    without = {same(address) for address in (*unsubscribed(team), *waiting)}
    return [address for address in addresses if same(address) not in without]


def known(team: Team, address: str) -> QuerySet[Recipient]:
    """What is stored of the mailbox, in whatever letters it was written."""
    return Recipient.objects.filter(team=team, address__iexact=same(address))


def unsubscribed(team: Team) -> list[str]:
    """The addresses that want no mail of this team."""
    rows = Recipient.objects.filter(team=team, unsubscribed_at__isnull=False)
    return list(rows.values_list("address", flat=True))


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
