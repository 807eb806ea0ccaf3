"""A PostgreSQL and a Redis of our own, for as long as a measurement lasts."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from ops import embedded_broker

from .product import free_port, running
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
    owner = []
    if os.getuid() == 0:
        folder.parent.chmod(0o755)
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        owner = ["runuser", "-u", "postgres", "--"]
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/"}
    user = "postgres"
    subprocess.run([*owner, programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", user], **quiet)
    control = [*owner, programs / "pg_ctl", "-D", folder / "data", "-w"]
    server = f"-k {folder} -c listen_addresses= -c max_connections=200 -c synchronous_commit=off"
    subprocess.run([*control, "-l", folder / "log", "-o", server, "start"], **quiet)
    try:
        yield f"postgres://{user}@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis or Valkey that keeps nothing on the disk; yields its URL."""
    port = free_port()
    command = [embedded_broker.server().path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with running(command, stdout=subprocess.DEVNULL):
        yield f"redis://127.0.0.1:{port}/0"
