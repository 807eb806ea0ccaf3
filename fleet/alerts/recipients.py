"""What became of mail to the addresses of a team: taken, refused for good, or not wanted any more."""

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from teams import audit, confirmations
from teams.models import Team

from ..models import Recipient


def active(team: Team) -> list[str]:
    """Where the team's mails go: its addresses without those that unsubscribed or are not confirmed yet."""
    return willing(team, team.mail_to)


def willing(team: Team, addresses: list[str]) -> list[str]:
    """These addresses of the team without those that unsubscribed or are not confirmed yet.

    Without a mail server nobody can confirm anything, nor get a mail: then the alerts page shows what would be sent.
    """
    gone = set(unsubscribed(team))
    waiting = {row.address for row in confirmations.pending(team)} if settings.EMAIL_CONFIGURED else set()
    return [address for address in addresses if address not in gone and address.lower() not in waiting]


def unsubscribed(team: Team) -> list[str]:
    """The addresses that want no mail of this team."""
    rows = Recipient.objects.filter(team=team, unsubscribed_at__isnull=False)
    return list(rows.values_list("address", flat=True))


def unsubscribe(team: Team, address: str) -> None:
    """No more mail to this address. Saying so twice keeps the first time."""
    with transaction.atomic():
        row, _ = Recipient.objects.get_or_create(team=team, address=address)
        if Recipient.objects.filter(pk=row.pk, unsubscribed_at=None).update(unsubscribed_at=datetime.now(UTC)):
            audit.record("recipient.unsubscribed", team=team, detail=audit.whose(address))


def subscribe(team: Team, address: str) -> None:
    """Mail to this address again."""
    gone = Recipient.objects.filter(team=team, address=address, unsubscribed_at__isnull=False)
    with transaction.atomic():
        if gone.update(unsubscribed_at=None):
            audit.record("recipient.subscribed", team=team, detail=audit.whose(address))


def bounced(team: Team, address: str, words: str) -> None:
    """The mail server said that there is no such address; `words` are its own."""
    values = {"bounced_at": datetime.now(UTC), "bounce": words[:500]}
    Recipient.objects.update_or_create(team=team, address=address, defaults=values)


def worked(team: Team, address: str) -> int:
    """Mail to this address was taken, so a bounce before is forgotten. Returns 1 if there was one."""
    rows = Recipient.objects.filter(team=team, address=address, bounced_at__isnull=False)
    return rows.update(bounced_at=None, bounce="")


def clear(team: Team, address: str) -> None:
    """A person says that the address works."""
    with transaction.atomic():
        if worked(team, address):
            audit.record("recipient.cleared", team=team, detail=audit.whose(address))
