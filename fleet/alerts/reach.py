"""Whom the alerts of a team reach now, and why nobody where that is so. Pure: no I/O, no Django."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from core.mail_addresses import same


class Nobody(StrEnum):
    """Why no alert of a team reaches anybody; each ends a sentence that begins "Nobody is alerted: "."""

    NO_ADDRESS = "the team has no email address, chat or webhook"
    NO_SERVER = "no mail server is set"
    UNCONFIRMED = "no address of the team is confirmed"
    UNSUBSCRIBED = "all addresses of the team are unsubscribed"
    NEITHER = "each address of the team is unsubscribed or not confirmed"
    LIMITED = "every recipient is limited to tags that the endpoint does not have"


@dataclass(frozen=True, slots=True)
class Reach:
    """What a team's alerts can go by. Addresses are as the team wrote them, mailboxes as core.mail_addresses.same."""

    addresses: tuple[str, ...]
    channels: tuple[str, ...] = ()  # chat and webhook, where one is set
    unconfirmed: Set[str] = frozenset()  # mailboxes
    unsubscribed: Set[str] = frozenset()  # mailboxes
    mail_works: bool = True

    @property
    def mailed(self) -> list[str]:
        """The addresses without those that unsubscribed or are not confirmed yet.

        Without a mail server nobody can confirm anything nor get a mail: then the alerts page has what would be sent.
        """
        without = self.unsubscribed | self.unconfirmed if self.mail_works else self.unsubscribed
        return [address for address in self.addresses if same(address) not in without]

    @property
    def listed(self) -> str:
        """As "a@example.org, b@example.org (not confirmed yet)"; "" without addresses."""
        each = ((address, self._why_not(same(address))) for address in self.addresses)
        return ", ".join(f"{address} ({why_not})" if why_not else address for address, why_not in each)

    @property
    def nobody(self) -> Nobody | None:
        """Why nobody is alerted; None while somebody is."""
        if self.channels or (self.mailed and self.mail_works):
            return None
        if not self.addresses:
            return Nobody.NO_ADDRESS
        if not self.mail_works:
            return Nobody.NO_SERVER
        found = {self._why_not(same(address)) for address in self.addresses}
        if len(found) > 1:
            return Nobody.NEITHER
        return Nobody.UNSUBSCRIBED if "unsubscribed" in found else Nobody.UNCONFIRMED

    def _why_not(self, mailbox: str) -> str:
        if mailbox in self.unsubscribed:
            return "unsubscribed"
        return "not confirmed yet" if mailbox in self.unconfirmed else ""
