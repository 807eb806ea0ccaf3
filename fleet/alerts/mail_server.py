"""The connection to the mail server: held to one end time, with what was answered last."""

import smtplib
from collections.abc import Callable
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from config.redaction import redact
from core.http import watchdog

NO_SUCH_ADDRESS = (550, 551, 553)
"""SMTP's ways to say that a mailbox does not exist (RFC 5321, section 4.2.3)."""


class MailServer(EmailBackend):
    """Django's mail server, whose connections end at a time on the monotonic clock, also while they wait."""

    def __init__(self, ends: float, timeout: float | None = None) -> None:
        super().__init__(timeout=timeout)
        self.ends = ends
        self.said: tuple[int, bytes] = (0, b"")
        self.before_text: Callable[[], None] = lambda: None
        """Called when the server has accepted the addresses, before it gets the text and so may take the mail."""
        self._guards: list[watchdog.Guard] = []

    @property
    def connection_class(self) -> Any:
        server, base = self, super().connection_class

        class Guarded(base):  # type: ignore[misc, valid-type]  # SMTP or SMTP_SSL, by the settings
            def _get_socket(self, *args: Any) -> Any:
                sock = super()._get_socket(*args)
                server._guards.append(watchdog.guard(sock, server.ends))
                return sock

            def data(self, msg: Any) -> tuple[int, bytes]:
                server.before_text()
                server.said = super().data(msg)
                return server.said

        return Guarded

    def end(self) -> None:
        """Closes the connection, also one that is already broken. `open` makes a new one."""
        try:
            self.close()
        except (OSError, smtplib.SMTPException):
            self.connection = None
        for guard in self._guards:
            guard.release()
        self._guards.clear()


def words(error: Exception) -> str:
    """What the server answered, in words for the alerts page. Some servers repeat what they were given."""
    return redact(_words(error))


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return f"The mail server refused the address: {code} {_text(said)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered: {error.smtp_code} {_text(error.smtp_error)}"
    return f"The mail server could not be reached: {error}"


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
