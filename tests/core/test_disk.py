"""A full disk and a damaged database are named, with what to do."""

import os
import secrets
import sqlite3
import subprocess
import sys

import pytest
from celery.signals import task_failure
from django.db import OperationalError
from django.urls import reverse

from config.data_folder import ROOT
from core import disk, health
from tests.core.test_health import OWN, show_life

pytestmark = pytest.mark.slow

KEYS = {"SECRET_KEY": secrets.token_urlsafe(48), "FIELD_KEYS": secrets.token_urlsafe(48)}


def full_database() -> OperationalError:
    """What Django says when SQLite has no room: raised from SQLite's own error."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA max_page_count=2")
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    connection.close()
    error = OperationalError("it could not be stored")
    error.__cause__ = caught.value
    return error


def test_it_is_known_by_what_sqlite_and_the_system_say():
    assert disk.is_about_full_disk(full_database()) and disk.is_about_full_disk(OSError(28, os.strerror(28)))
    assert disk.is_about_full_disk(OperationalError("could not extend file: No space left on device"))
    assert not disk.is_about_full_disk(OperationalError("database is locked")) and not disk.is_about_full_disk(None)


@pytest.mark.django_db
def test_a_task_that_could_store_nothing_is_named_by_health_and_banner_for_a_while(client, valkey, alice):
    show_life(valkey, tick=60)
    task_failure.send(sender=None, exception=OperationalError("database is locked"))
    assert client.get("/health/ready").json()["database"] == "ok"
    task_failure.send(sender=None, exception=full_database())
    assert client.get("/health/ready", headers=OWN).json()["database"].startswith("The disk is full")
    assert 0 < valkey.ttl(health.FULL_KEY) <= 30
    health.glance.forget()
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert "The disk is full" in page and "Free space on the disk" in page and "restart Plimsoll" not in page
    valkey.delete(health.FULL_KEY)
    health.glance.forget()
    assert "The disk is full" not in client.get("/").content.decode()


@pytest.mark.django_db
def test_a_disk_without_room_is_named_though_nothing_has_failed_yet(client, valkey, monkeypatch):
    show_life(valkey)
    monkeypatch.setattr(disk, "LEAST", 1 << 80)
    assert client.get("/health/ready", headers=OWN).json()["database"].startswith("The disk is full")
    assert [trouble.text for trouble in health._Glance().troubles()] == [disk.FULL]


@pytest.mark.django_db
@pytest.mark.parametrize("full", [True, False])
def test_the_page_for_what_broke_names_a_full_disk_and_promises_nothing(client, alice, monkeypatch, full):
    def fail(*args: object) -> None:
        raise full_database() if full else OperationalError("no such column")

    client.force_login(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("teams.views.teams.access.person", fail)
    answer = client.get(reverse("teams"))
    page = answer.content.decode()
    assert answer.status_code == 500 and "Watching goes on" not in page
    assert ("The disk is full" in page, "/health/ready" in page) == (full, not full)


def start(data, before: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PLIMSOLL_DATA": str(data),
        "PORT": "8794",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [sys.executable, "manage.py", "up"]
    if before:
        command = ["unshare", "--mount", "sh", "-c", f"{before} && exec {' '.join(command)}"]
    return subprocess.run(command, cwd=ROOT, env=environment | KEYS | more, capture_output=True, text=True, timeout=60)


@pytest.mark.product
@pytest.mark.parametrize("damage", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_stops_the_start_with_what_to_do(tmp_path, damage):
    (tmp_path / "plimsoll.sqlite3").write_bytes(damage)
    done = start(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{tmp_path}/plimsoll.sqlite3 is damaged" in done.stderr and "manage.py restore" in done.stderr


@pytest.mark.product
@pytest.mark.skipif(os.getuid() != 0 or sys.platform != "linux", reason="mounts a file system")
@pytest.mark.parametrize("size", ["64k", "400k"])
def test_a_start_on_a_full_disk_says_so(tmp_path, size):
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("no namespaces of mounts here")
    done = start(tmp_path, f"mount -t tmpfs -o size={size} none {tmp_path}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "The disk is full" in done.stderr and "Free space" in done.stderr
