"""A PostgreSQL and a Redis of our own, for as long as a measurement lasts."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from ops import embedded_broker

from .product import free_port, running, wait_for
from .table import CannotRun

DATABASE = "plimsoll_bench"

CONNECTIONS = """SELECT application_name, count(*) FROM pg_stat_activity
    WHERE usename = current_user AND application_name ~ '^(web|probe|general) ' GROUP BY 1"""
"""How many each part has open, by the names that product.part gives."""


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Yields the URL of an empty database: in a cluster that listens on a socket file in this new folder, or else on
    the server that PLIMSOLL_TEST_POSTGRES_URL names. As root the cluster runs as the user postgres.

    Raises CannotRun where there is neither.
    """
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = programs[-1] if programs else shutil.which("initdb")
    if found:
        with _cluster(folder, Path(found).parent) as url:
            yield url
    elif url := os.environ.get("PLIMSOLL_TEST_POSTGRES_URL"):
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            server.execute(f"CREATE DATABASE {DATABASE}")
            try:
                yield urlsplit(url)._replace(path=f"/{DATABASE}").geturl()
            finally:
                server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    else:
        raise CannotRun("not here: no initdb (Debian: postgresql), and PLIMSOLL_TEST_POSTGRES_URL is not set")


@contextmanager
def _cluster(folder: Path, programs: Path) -> Iterator[str]:
    folder.mkdir()
    user = "postgres"
    owner = ["setpriv", "--pdeathsig", "QUIT"]  # once more: who becomes another user loses the signal
    if os.getuid() == 0:
        folder.parent.chmod(0o755)
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        owner += ["--reuid", user, "--regid", user, "--init-groups"]
    initdb = [*owner, programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", user]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/")
    settings = ("listen_addresses=", "max_connections=200", "synchronous_commit=off")
    command = [*owner, programs / "postgres", "-D", folder / "data", "-k", folder]
    command += [part for setting in settings for part in ("-c", setting)]
    url = f"postgres://{user}@/postgres?host={folder}"
    with (folder / "log").open("w") as log, running(command, stop=signal.SIGQUIT, stdout=log, stderr=log):
        wait_for(partial(_takes, url), 60, "PostgreSQL takes no connection")
        yield url


def _takes(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis or Valkey that keeps nothing on the disk; yields its URL."""
    port = free_port()
    command = [embedded_broker.server().path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with running(command, stdout=subprocess.DEVNULL):
        yield f"redis://127.0.0.1:{port}/0"
