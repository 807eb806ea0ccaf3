"""A small mail server that gives the answers of its script, where the real one of `smtp` would be too polite."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

Answer = str | None | Callable[[str], str | None]
"""What is answered, or what makes the answer of a line or text; None: it hangs up without a word."""

USUAL: dict[str, Answer] = {
    "connect": "220 odd.example ESMTP",
    "EHLO": "250-odd.example\r\n250 8BITMIME",
    "HELO": "250 odd.example",
    "DATA": "354 go on",
    "AUTH": "235 2.7.0 welcome",
    "text": "250 2.0.0 taken",
    "QUIT": "221 bye",
}


class OddMailServer:
    """Answers by `script`: verb (or "connect", "text") -> answer.

    `texts` has what it took, `lines` what it was sent.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, /, **script: Answer) -> None:
        self._tls = tls
        self.script = USUAL | script
        self.connections = 0
        self.lines: list[str] = []
        self.texts: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def verbs(self, verb: str) -> list[str]:
        """The lines with this verb, so far."""
        return [line for line in self.lines if line.upper().startswith(verb)]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        if self._tls:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                return  # the client does not believe our certificate
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as incoming:
            going_on = self._say(connection, "connect", "")
            while going_on and (line := incoming.readline().decode(errors="replace")):
                self.lines.append(line.strip())
                verb = line[:4].upper().strip()
                going_on = self._say(connection, verb, line) and verb != "QUIT"
                if going_on and verb == "DATA" and str(self.script["DATA"]).startswith("3"):
                    text = b"".join(iter(incoming.readline, b".\r\n"))
                    going_on = self._say(connection, "text", text.decode())

    def _say(self, connection: socket.socket, verb: str, line: str) -> bool:
        """Whether the connection goes on: 421 ends it too."""
        answer = self.script.get(verb, "250 2.0.0 well")
        answer = answer(line) if callable(answer) else answer
        if answer is None:
            return False
        if verb == "text" and answer.startswith("2"):
            self.texts.append(line.encode())
        connection.sendall(f"{answer}\r\n".encode())
        return not answer.startswith("421")
