"""The data folder is closed to other users of the machine, and nothing that is not ours is touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.data_folder import ROOT, close_to_others, open_to_others

pytestmark = pytest.mark.slow

OURS = [
    "plimsoll.sqlite3",
    "plimsoll.sqlite3-wal",
    "plimsoll.sqlite3-shm",
    "valkey.rdb",
    "temp-71.rdb",
    "beat-schedule",
]
OURS += ["beat-schedule.db", "secret_key", "field_key", "field_key.until-20261122-101500", "up.lock"]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def folder(tmp_path) -> Path:
    """A data folder that an administrator made first, with files from before."""
    made = tmp_path / "data"
    made.mkdir()
    made.chmod(0o755)
    for name in OURS:
        (made / name).touch()
        (made / name).chmod(0o644)
    return made


def test_our_files_and_the_folder_are_closed_once_with_a_sentence(folder):
    (folder / "static").mkdir()
    (folder / "static").chmod(0o755)
    first, second = close_to_others(folder, folder / "plimsoll.sqlite3")
    assert f"{folder} was open to other users of this machine (mode 755)" in first
    assert all(name in second for name in OURS)
    assert mode(folder) == 0o700 and {mode(folder / name) for name in OURS} == {0o600}
    assert mode(folder / "static") == 0o755
    assert list(close_to_others(folder, folder / "plimsoll.sqlite3")) == [] and open_to_others(folder) == ""


def test_a_database_in_another_folder_is_closed_too(folder, tmp_path):
    database = tmp_path / "elsewhere.db"
    for name in ("elsewhere.db", "elsewhere.db-wal", "elsewhere.db2"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    assert len(list(close_to_others(folder, database))) == 2
    assert [mode(tmp_path / name) for name in ("elsewhere.db", "elsewhere.db-wal", "elsewhere.db2")] == [
        0o600,
        0o600,
        0o644,
    ]


def test_links_under_our_names_change_nothing_else(folder, tmp_path):
    other = tmp_path / "other"
    for name, link in (("valkey.rdb", os.symlink), ("secret_key", os.link)):
        other.touch()
        other.chmod(0o644)
        (folder / name).unlink()
        link(other, folder / name)
        list(close_to_others(folder, None))
        assert mode(other) == 0o644, name
        other.unlink()


def test_a_folder_with_other_things_in_it_is_left_open_and_that_is_said(folder):
    (folder / "public_html").mkdir()
    said = list(close_to_others(folder, None))
    assert mode(folder) == 0o755 and mode(folder / "secret_key") == 0o600 and len(said) == 1
    assert f"Other users of this machine may list what is in the data folder {folder}" in open_to_others(folder)
    folder.chmod(0o777)
    assert "may change" in open_to_others(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="gives files to another user")
def test_what_belongs_to_another_user_is_left_alone(folder):
    os.chown(folder / "field_key", 65534, -1)
    list(close_to_others(folder, None))
    assert mode(folder / "field_key") == 0o644 and mode(folder) == 0o755
    os.chown(folder, 65534, -1)
    assert "belongs to another user" in open_to_others(folder)


def start(data: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code with the product's settings and a umask that hides nothing."""
    environment = {**os.environ, "PLIMSOLL_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=ROOT, env=environment, umask=0, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_whatever_a_process_of_ours_writes_is_for_its_user_alone(tmp_path):
    data = tmp_path / "new" / "data"
    done = start(
        data,
        "from django.core.management import call_command\nfrom django.db import connection\n"
        "call_command('migrate', 'contenttypes', verbosity=0)\nconnection.cursor().execute('BEGIN')\n"
        "open(django.conf.settings.DATA / 'later', 'w').close()\n"
        "print({oct(path.stat().st_mode & 0o777) for path in django.conf.settings.DATA.iterdir()})",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{'0o600'}\n" and mode(data) == 0o700


def test_a_folder_behind_a_link_is_used_and_closed(folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(folder)
    for name in ("secret_key", "field_key"):
        (folder / name).unlink()
    done = start(link, "print('started')")
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr
    assert f"The data folder {folder} was open" in done.stderr and mode(folder) == 0o700


def test_a_circle_of_links_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    done = start(tmp_path / "circle", "")
    assert done.returncode == 2 and "give a folder that can be created" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.getuid() != 0 or sys.platform != "linux", reason="mounts a file system")
def test_a_folder_on_a_read_only_mount_is_refused_with_a_sentence(tmp_path):
    command = f"mount -t tmpfs -o ro none {tmp_path} && exec {sys.executable} -c 'import config.settings'"
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("no namespaces of mounts here")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", command],
        cwd=ROOT, env={**os.environ, "PLIMSOLL_DATA": str(tmp_path)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2 and "give a folder that this user may list and write to" in done.stderr
    assert "Traceback" not in done.stderr
