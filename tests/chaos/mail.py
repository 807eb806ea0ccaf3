"""A real SMTP server that can be set to misbehave, and that remembers every mail."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.broker import free_port

TAKEN = "250 taken"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that the server said yes to."""

    at: float  # unix seconds
    message_id: str
    recipient: str
    subject: str
    text: str

    @property
    def kind(self) -> str:
        """The first word of its subject: DOWN, DEGRADED, UP, ..."""
        return self.subject.partition(" ")[0]


class MailServer:
    """Takes mails, or refuses connections, or hangs, or answers "451 later": see the methods of these names."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_port()
        self.mails: list[Mail] = []
        self.tries = 0  # mails that were handed over, taken or not
        self.before_yes: Callable[[Mail], None] | None = None  # called once the mail is ours, before we say so
        self._answer = TAKEN
        self._controller: Controller | None = None
        self._silent: socket.socket | None = None
        self._lock = threading.Lock()
        self.take()

    def take(self) -> None:
        """Behaves from now on."""
        self.answer(TAKEN)

    def answer(self, text: str) -> None:
        """Listens, and says this to every mail: "451 try later"."""
        self._answer = text
        self._leave_silence()
        if self._controller is None:
            self._controller = Controller(self, hostname=self.host, port=self.port)
            self._controller.start()

    def refuse(self) -> None:
        """Nobody listens any more."""
        self._leave_silence()
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def hang(self) -> None:
        """Takes connections and says nothing, not even hello."""
        self.refuse()
        self._silent = socket.create_server((self.host, self.port), backlog=128)

    def close(self) -> None:
        """The end of it."""
        self.refuse()

    def _leave_silence(self) -> None:
        if self._silent is not None:
            self._silent.close()
            self._silent = None

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        """aiosmtpd's hook for a mail that has come in full."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        answer = self._answer
        self.tries += 1
        if answer != TAKEN:
            return answer
        for recipient in envelope.rcpt_tos:
            mail = _mail(message, recipient)
            with self._lock:
                self.mails.append(mail)
            if self.before_yes is not None:
                self.before_yes(mail)
        return answer

    def to(self, recipient: str) -> list[Mail]:
        """What this address got, oldest first."""
        with self._lock:
            return [mail for mail in self.mails if mail.recipient == recipient]

    def repeated(self) -> dict[str, int]:
        """Message-ID -> how often it came, of those that came more than once."""
        with self._lock:
            counts = Counter((mail.message_id, mail.recipient) for mail in self.mails)
        return {key[0]: count for key, count in counts.items() if count > 1}


def _mail(message: EmailMessage, recipient: str) -> Mail:
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    return Mail(time.time(), str(message["Message-ID"]), recipient, str(message["Subject"]), text)
