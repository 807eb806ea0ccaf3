"""The ways other than mail: one module each, with `prepare(message)`."""

from collections.abc import Callable

from ...models import Channel, Message
from . import apprise, webhook
from .errors import NotTaken, Refused, TakenAway, Unreached

__all__ = ["NotTaken", "Refused", "TakenAway", "Unreached", "prepare", "send"]

_CHANNELS = {Channel.APPRISE.value: apprise.prepare, Channel.WEBHOOK.value: webhook.prepare}


def prepare(message: Message) -> Callable[[], None]:
    """The call that hands the message to its channel: it needs no database, and raises NotTaken.

    Raises TakenAway, and what odd facts make it raise.
    """
    return _CHANNELS[message.channel](message)


def send(message: Message) -> None:
    """Hands a message to its channel. Raises NotTaken."""
    prepare(message)()
