"""The prober's checks of itself: can this machine reach anything at all? No Django; each check is bounded in time."""

import errno
import fcntl
import socket
import struct
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from ipaddress import ip_address

from core.http.transport import Clock, open_socket

from ..engines.errors import ProbeError
from ..verdict.monitor_blind import Checks

CANARY_WITHIN = 1.0  # seconds
WITNESS_WITHIN = 1.5  # seconds
NAMES_WITHIN = 2.0  # seconds
MANY = 20
"""Hosts that are checked at most: more would show the same."""

_SIOCGIFFLAGS, _SIOCGIFADDR = 0x8913, 0x8915  # linux/sockios.h: flags and IPv4 address of an interface
_UP_AND_RUNNING = 0x41  # linux/if.h: IFF_UP and IFF_RUNNING
_NO_NETWORK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM)


def check(hosts: Iterable[str], witnesses: Iterable[tuple[str, int]] = (), only_host: bool = False) -> Checks:
    """Checks our own network because these hosts (none of them on this machine) fail. Takes two seconds at most."""
    hosts = list(hosts)[:MANY]
    addresses = [host for host in hosts if _is_address(host)]
    names = [host for host in hosts if not _is_address(host)]
    wanted = list(witnesses)
    return Checks(
        canary=canary(),
        connected=connected() if hosts else None,
        routes=(len(addresses), sum(not way_to(address) for address in addresses)),
        witnesses=(len(wanted), _unreachable(wanted)),
        names=(len(names), _unanswered(names) if len(names) > len(addresses) else 0),
        only_host=only_host,
    )


def canary() -> str:
    """Why a connection to a listener of our own fails; empty when it works, as it should.

    It takes the way of the probes, so it fails when we are out of file descriptors, buffers or ports.
    """
    try:
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            clock = Clock(CANARY_WITHIN)
            with closing(open_socket("127.0.0.1", listener.getsockname()[1], clock, own=True)):
                clock.release()
    except ProbeError as error:
        return error.detail
    except OSError as error:
        return error.strerror or str(error)
    return ""


def connected() -> bool | None:
    """Whether a network interface other than the loopback is connected; None where this can't be known."""
    if sys.platform != "linux":
        return None
    return any(_runs(name) for _, name in socket.if_nameindex() if name != "lo")


def _runs(interface: str) -> bool:
    """Whether an interface is up and has a carrier (or a driver that doesn't know of carriers)."""
    answer = _ask_kernel(_SIOCGIFFLAGS, interface)
    return answer is not None and struct.unpack_from("H", answer, 16)[0] & _UP_AND_RUNNING == _UP_AND_RUNNING


def _ask_kernel(question: int, interface: str) -> bytes | None:
    """What the kernel says about an interface; None when it has nothing to say."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        try:
            return fcntl.ioctl(sock, question, struct.pack("40s", interface.encode()))
        except OSError:
            return None


def way_to(address: str) -> bool:
    """Whether this machine has a route to an IP address, by an interface that is connected. Sends nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as sock:
        try:
            sock.connect((address, 9))
        except OSError as error:
            return error.errno not in _NO_NETWORK
        own = sock.getsockname()[0]
    interface = _interface_of(own) if family == socket.AF_INET and sys.platform == "linux" else None
    return interface is None or _runs(interface)


def _interface_of(address: str) -> str | None:
    """The interface that has this IPv4 address; None when none has it as its first one."""
    wanted = socket.inet_aton(address)
    for _, name in socket.if_nameindex():
        answer = _ask_kernel(_SIOCGIFADDR, name)
        if answer is not None and answer[20:24] == wanted:
            return name
    return None


def _unreachable(witnesses: list[tuple[str, int]]) -> int:
    if not witnesses:
        return 0
    with ThreadPoolExecutor(len(witnesses)) as threads:
        return sum(not answers for answers in threads.map(_answers, witnesses))


def _answers(witness: tuple[str, int]) -> bool:
    """Whether something at this address answers; a refusal is an answer too."""
    clock = Clock(WITNESS_WITHIN)
    try:
        with closing(open_socket(*witness, clock)):
            clock.release()
    except ProbeError as error:
        return error.cause.value in ("connection_refused", "connection_lost")
    return True


def _unanswered(names: list[str]) -> int:
    """How many names no name server said anything about. "There is no such name" is an answer.

    Nothing can interrupt a lookup, so each has a thread of its own that is left behind when it takes too long.
    """
    answered: set[str] = set()
    threads = [threading.Thread(target=_look_up, args=(n, answered), name="watch-dns", daemon=True) for n in names]
    for thread in threads:
        thread.start()
    clock = Clock(NAMES_WITHIN)
    for thread in threads:
        thread.join(0 if clock.over else clock.left())
    return len(names) - len(answered)


def _look_up(name: str, answered: set[str]) -> None:
    try:
        socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_FAIL):
            return
    except (OSError, UnicodeError):
        return
    answered.add(name)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
