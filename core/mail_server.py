"""The connection to the mail server, for every mail of ours: by which name we greet, and how long we wait."""

import re
import smtplib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import idna
from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from . import mail_addresses
from .http import watchdog


class MailServer(EmailBackend):
    """Django's mail server, with an end on the monotonic clock that holds while it waits, and a limit for the text.

    `text_limit` (seconds) is for the text of one mail and the answer to it. A server that filters mails may take long
    there, and who hangs up too early sends the mail again: RFC 5321 (4.5.3.2) has 10 minutes. Without it, `timeout`
    and `ends` hold there too.
    """

    def __init__(self, ends: float | None = None, text_limit: float | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.ends = ends
        self.text_limit = text_limit
        self.answer: tuple[int, bytes] = (0, b"")
        """The code and the words by which the server took the last mail, or refused its text."""
        self.has_text = False
        """Whether the server has been given a text, in full or in part, and has not answered yet."""
        self.before_text: Callable[[], None] = lambda: None
        """Called when the server has accepted the addresses, before it gets the text and so may take the mail."""
        self._guards: list[watchdog.Guard] = []

    @property
    def connection_class(self) -> Any:
        server, base = self, super().connection_class

        class Guarded(base):  # type: ignore[misc, valid-type]  # SMTP or SMTP_SSL, by the settings
            refused: smtplib.SMTPAuthenticationError | None = None

            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options | {"local_hostname": helo_name()})

            def _get_socket(self, *args: Any) -> Any:
                sock = super()._get_socket(*args)
                server._guard(sock, server.ends)
                return sock

            def auth(self, *args: Any, **options: Any) -> tuple[int, bytes]:
                try:
                    return super().auth(*args, **options)
                except smtplib.SMTPAuthenticationError as error:
                    self.refused = error
                    raise
                except smtplib.SMTPServerDisconnected:  # at the next way to sign in: the first answer has the reason
                    raise self.refused or smtplib.SMTPServerDisconnected("while signing in") from None

            def send(self, s: Any) -> None:
                if isinstance(s, bytes):  # the text of a mail: commands are str
                    server.has_text = True
                    if server.text_limit is not None:
                        server._guard(self.sock, time.monotonic() + server.text_limit)
                        self.sock.settimeout(server.text_limit)
                super().send(s)

            def data(self, msg: Any) -> tuple[int, bytes]:
                server.before_text()
                server.answer = super().data(msg)
                server.has_text = False
                if self.sock and server.text_limit is not None:
                    server._guard(self.sock, server.ends)
                    self.sock.settimeout(self.timeout)
                return server.answer

        return Guarded

    def open(self) -> bool | None:
        """Connects, greets and signs in, so that what fails from then on is about a mail."""
        made = super().open()
        if made and self.connection:
            try:
                self.connection.ehlo_or_helo_if_needed()
            except BaseException:
                self.end()
                raise
        return made

    def end(self) -> None:
        """Closes the connection, also one that is already broken. `open` makes a new one."""
        try:
            self.close()
        except (OSError, smtplib.SMTPException):
            self.connection = None
        self.has_text = False
        self._release()

    def _guard(self, sock: Any, ends: float | None) -> None:
        self._release()
        if ends is not None:
            self._guards.append(watchdog.guard(sock, ends))

    def _release(self) -> None:
        for guard in self._guards:
            guard.release()
        self._guards.clear()


def helo_name() -> str | None:
    """The name by which we greet mail servers: MAIL_HELO, or the domain of SITE_URL or of MAIL_FROM.

    Many servers refuse a name without a dot, as containers have. None where there is no better one: smtplib then takes
    this machine's whole name or its address in brackets.
    """
    if settings.MAIL_HELO:
        return str(settings.MAIL_HELO)
    for host in (urlsplit(settings.SITE_URL).hostname or "", mail_addresses.sender_domain()):
        try:
            name = idna.encode(host.rstrip("."), uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, IndexError):
            continue
        if re.search(r"\.[^.]*[a-z][^.]*$", name):  # no bare name, and no IP address
            return name
    return None
