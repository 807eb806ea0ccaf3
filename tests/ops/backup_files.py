"""Backups as tests look into them and change them, and a `manage.py` that makes them elsewhere."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from config.data_folder import ROOT


def content(path: Path) -> dict[str, object]:
    """Everything of a backup but the time, the keys and the audit trail, which a restore is written to.

    JSON objects compare without order.
    """
    with zipfile.ZipFile(path) as archive:
        rows = {name: archive.read(name).splitlines() for name in archive.namelist() if name.startswith("rows/")}
        found: dict = {name: [json.loads(line) for line in lines] for name, lines in rows.items()}
        found["manifest"] = {**json.loads(archive.read("manifest.json")), "made_at": ""}
    del found["rows/teams.AuditEntry.jsonl"], found["manifest"]["rows"]["teams.AuditEntry"]
    return found


def trail(path: Path) -> list[list]:
    """The audit trail of a backup."""
    with zipfile.ZipFile(path) as archive:
        return [json.loads(line) for line in archive.read("rows/teams.AuditEntry.jsonl").splitlines()]


def changed(path: Path, name: str, new: bytes) -> Path:
    """A copy of the backup in which one member is another, with a checksum that fits."""
    copy = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(copy, "w") as after:
        for each in before.namelist():
            after.writestr(each, new if each == name else before.read(each))
    return copy


def with_manifest(path: Path, **values: object) -> Path:
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    return changed(path, "manifest.json", json.dumps({**manifest, **values}).encode())


def manage(data: Path, *arguments: object, **env: str) -> subprocess.CompletedProcess:
    """A real `manage.py` on a data folder of its own."""
    settings = {"PLIMSOLL_DATA": str(data), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings", **env}
    command = [sys.executable, "manage.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=60)


def database_url() -> str:
    """The database of this test."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    user, password = (quote(values[name], safe="") for name in ("USER", "PASSWORD"))
    socket_folder = values["HOST"].startswith("/")
    host = f"/{values['HOST']}" if socket_folder else f"{values['HOST']}:{values['PORT'] or 5432}"
    return f"postgres://{user}:{password}@{host}/{values['NAME']}"
