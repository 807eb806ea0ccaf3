"""A mail server that takes everything and notes when.

python -m bench.mail_sink [PORT]     prints each mail as it comes
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from .product import free_port


@dataclass(frozen=True, slots=True)
class Mail:
    """One that came in full."""

    at: float  # unix seconds
    recipient: str
    subject: str
    text: str


@dataclass
class Sink:
    """The mails so far, in the order of their arrival."""

    port: int
    mails: list[Mail] = field(default_factory=list)
    prints: bool = False

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        """aiosmtpd's hook for a mail that has come in full."""
        at = time.time()
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        for recipient in envelope.rcpt_tos:
            mail = Mail(at, recipient, str(message["Subject"]), text)
            self.mails.append(mail)
            if self.prints:
                print(f"{at:.3f} {recipient} {mail.subject}", flush=True)
        return "250 taken"

    @property
    def url(self) -> str:
        """For EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def since(self, at: float, kind: str) -> list[Mail]:
        """Those after `at` (unix seconds) that are about this, maybe besides others: "DOWN 1, UP 2  (team)"."""
        return [mail for mail in self.mails if mail.at > at and kind in mail.subject.split()]

    def mailed(self, at: float, kind: str) -> Counter[str]:
        """How many of these each recipient got."""
        return Counter(mail.recipient for mail in self.since(at, kind))


@contextmanager
def sink(port: int = 0, prints: bool = False) -> Iterator[Sink]:
    """Listens on the loopback interface as long as the context lasts."""
    taking = Sink(port or free_port(), prints=prints)
    controller = Controller(taking, hostname="127.0.0.1", port=taking.port)
    controller.start()
    try:
        yield taking
    finally:
        controller.stop()


if __name__ == "__main__":
    with sink(int(sys.argv[1]) if len(sys.argv) > 1 else 2525, prints=True), suppress(KeyboardInterrupt):
        threading.Event().wait()
