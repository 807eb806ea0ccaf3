"""One part of the installation alone, for a container, a systemd unit or another machine: `manage.py run PART`."""

import os
from typing import NoReturn

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from core.redaction import redact

from . import up

PARTS = ("web", "probe", "general")


def command(part: str) -> list[str]:
    """The command of a part. `general` keeps the clock of the schedule, too; several of it share one."""
    return up.web() if part == "web" else up.workers()[f"worker-{part}"]


def run(part: str) -> NoReturn:
    """Becomes this part. `web` brings the database and the static files up to date first; raises CannotStart."""
    if settings.REDIS_EMBEDDED:
        raise up.CannotStart(
            "REDIS_URL is empty, and the parts meet at a broker that all of them reach. Name one in REDIS_URL, or "
            "start everything on this machine with manage.py up."
        )
    if part == "web":
        up.check_port(settings.HOST, settings.PORT)
        up.prepare()
    elif not _migrated():
        raise up.CannotStart("The database is not up to date yet. manage.py run web brings it up to date; try again.")
    connections.close_all()
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # as ops/supervisor.py has it
    os.environ["PYTHONUNBUFFERED"] = "1"
    words = command(part)
    os.execv(words[0], words)


def _migrated() -> bool:
    """Whether the database has all tables of this version. Raises CannotStart when it does not answer."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise up.CannotStart(f"The database does not answer: {redact(' '.join(str(error).split()))}") from None
