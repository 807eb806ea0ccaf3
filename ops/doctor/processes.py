"""The processes of this installation on this machine, from /proc."""

import os
from pathlib import Path

from django.conf import settings

from .checks import Process

OURS = (b"ops.web_server", b"ops.worker", b"manage.py\0up", b"celery\0")
"""One of these is in the command of each process; what asks, such as `manage.py doctor`, is not among them."""

CGROUP, MEMINFO = Path("/sys/fs/cgroup/memory.max"), Path("/proc/meminfo")


def processes() -> list[Process]:
    """Those of this user that run from this folder with this PLIMSOLL_DATA. Empty where there is no /proc."""
    own = _environment("self")
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            if not any(words in command for words in OURS) or (entry / "cwd").readlink() != settings.BASE_DIR:
                continue
            if _environment(entry.name) == own:
                found.append(_process(entry, command.decode(errors="replace").rstrip("\0").split("\0")))
        except OSError:  # another user's, or gone meanwhile
            continue
    return found


def _environment(pid: str) -> bytes:
    """PLIMSOLL_DATA as the process got it; empty where it comes from .env or its default."""
    name = b"PLIMSOLL_DATA="
    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((word for word in words if word.startswith(name)), b"")


def _process(entry: Path, words: list[str]) -> Process:
    limits = (entry / "limits").read_text().splitlines()
    limit = next(line.split()[3] for line in limits if line.startswith("Max open files"))
    pss = (entry / "smaps_rollup").read_text().partition("\nPss:")[2].split()[0]
    at = next((place for place, word in enumerate(words) if word.startswith("ops.")), None)
    started_as = "manage.py up" if at is None else " ".join(words[at:])
    part = (entry / "comm").read_text().strip()  # the supervisor gives its forks their names
    return Process(
        name=f"{started_as if part.startswith('python') else part} (process {entry.name})",
        files=len(os.listdir(entry / "fd")),
        files_limit=int(limit) if limit.isdecimal() else 1 << 20,
        memory=int(pss) * 1024,
    )


def memory_limit(used: int) -> int | None:
    """Bytes that processes which use so many could have: what is available besides, and what the container allows.

    None where there is no /proc.
    """
    try:
        line = next(line for line in MEMINFO.read_text().splitlines() if line.startswith("MemAvailable:"))
        limit = used + int(line.split()[1]) * 1024
        allowed = CGROUP.read_text().strip() if CGROUP.exists() else "max"
        return min(limit, int(allowed)) if allowed.isdecimal() else limit
    except (OSError, StopIteration):
        return None
