"""The ways other than mail: one module each, with `send(message)`."""

from ...models import Channel, Message
from . import apprise, webhook
from .errors import NotTaken

__all__ = ["NotTaken", "send"]

_SENDERS = {Channel.APPRISE.value: apprise.send, Channel.WEBHOOK.value: webhook.send}


def send(message: Message) -> None:
    """Hands a message to its channel. Raises NotTaken; the outbox then tries again or gives up."""
    _SENDERS[message.channel](message)
