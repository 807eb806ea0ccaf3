"""HTTP/1.1 with one server, as a probe needs it.

http.client and urllib3 write a request line by line, for proxies, tunnels and bodies of every kind, which took as long
as the system calls of the request.
"""

import socket
from collections.abc import Mapping
from http.client import RemoteDisconnected

from urllib3.util.wait import wait_for_read

from .metering import Metered
from .origin import Origin
from .plain import READ_AHEAD, Plain
from .transport import Clock, open_connection


class Connection:
    """Keeps to the outbound rules and to the clock. Opened by the first request, and by one after it was closed.

    Without `verify` any certificate will do.
    """

    def __init__(self, origin: Origin, clock: Clock, verify: bool = True) -> None:
        self._origin, self._clock, self._verify = origin, clock, verify
        self._sock: socket.socket | None = None
        self._ends = False  # with the answer to the latest request
        host = f"[{origin.host}]" if ":" in origin.host else origin.host.rstrip(".")
        usual = origin.port == (443 if origin.scheme == "https" else 80)
        self._host = host if usual else f"{host}:{origin.port}"

    def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Plain | Metered:
        """The answer as far as its headers; read it to its end or close the connection before the next request.

        `target` and `headers` are sent as they are: what may have a line break in it is the caller's to refuse.
        Raises ProbeErrors, HTTPException and OSError.
        """
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        message = "\r\n".join([*lines, "", ""]).encode("ascii") + (body or b"")
        for again in (False, True):
            # A server may have closed an idle connection; then there is something to read: its end.
            reused = self._sock is not None and not self._ends and not wait_for_read(self._sock, timeout=0)
            if not reused:
                self.close()
            try:
                return self._send(method, message)
            except (RemoteDisconnected, ConnectionResetError):
                # It may close one just as we use it again: only then, ask once more.
                self.close()
                if again or not reused or method != "GET" or self._clock.over:
                    raise
        raise AssertionError("unreachable")

    def _send(self, method: str, message: bytes) -> Plain | Metered:
        sock = self._sock
        if sock is None:
            sock = self._sock = open_connection(self._origin, self._clock, self._verify)
            sock.settimeout(None)  # the watchdog wakes it; with a timeout each read is two system calls
        self._clock.left()
        sock.sendall(message)
        begun = sock.recv(READ_AHEAD)
        answer = Plain.read(sock, begun) or self._metered(sock, method, begun)
        self._ends = answer.will_close
        return answer

    def _metered(self, sock: socket.socket, method: str, begun: bytes) -> Metered:
        answer = Metered(sock, method=method, begun=begun)
        try:
            answer.begin()
        except BaseException:
            answer.close()
            raise
        return answer

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None
