"""Data folders that are made once for a whole run of the tests; whatever starts the product works on a copy."""

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from config.data_folder import ROOT
from config.environment import TABLE

DATABASE = "plimsoll.sqlite3"
_RUN = "PLIMSOLL_TEST_RUN"
_MIGRATE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
"""

_COLLECT = """
import django
django.setup()
from django.core.management import call_command
call_command("collectstatic", interactive=False, verbosity=0)
"""


def run_folder() -> Path:
    """The folder that all processes of this run share. Who calls first makes it, and removes it when it ends."""
    if _RUN not in os.environ:
        os.environ[_RUN] = tempfile.mkdtemp(prefix="plimsoll-run-")
        atexit.register(shutil.rmtree, os.environ[_RUN], ignore_errors=True)
    return Path(os.environ[_RUN])


def folder_after(name: str, script: str) -> Path:
    """A data folder in which this script ran once in this run, with `output`, what it printed.

    Raises CalledProcessError when the script fails.
    """
    folder = run_folder() / name
    with (run_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be at it
        if not (folder / "output").exists():
            folder.mkdir(mode=0o700)
            table = {variable.name: "" for variable in TABLE} | {"PLIMSOLL_DATA": str(folder)}
            environment = os.environ | table | {"DJANGO_SETTINGS_MODULE": "config.settings"}
            output = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, env=environment)
            (folder / "output").write_bytes(output)
    return folder


def copy_migrated(to: Path) -> None:
    """Puts an empty database with all tables there: a file, or the product's database in a folder."""
    shutil.copy(folder_after("migrated", _MIGRATE) / DATABASE, to / DATABASE if to.is_dir() else to)


def copy_static_files(to: Path) -> None:
    """Puts the collected static files into a data folder."""
    shutil.copytree(folder_after("collected", _COLLECT) / "static", to / "static")
