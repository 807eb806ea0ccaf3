"""A backup that is damaged or hostile changes nothing at all: neither rows nor files of the data folder."""

import json
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from config import key_files
from fleet.models import Endpoint, Observation, Trace
from ops.backup import Refused, back_up, restore, restoring
from ops.backup.tables import kept
from teams.models import Team
from tests.ops.backup_files import changed, with_manifest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def file(team, alice, settings, tmp_path) -> Path:
    """A backup with keys of another installation, of a database that has changed since."""
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    for name in key_files.FILES:
        (settings.DATA / name).write_text(f"{name}-of-the-backup-0123456789-abcdefghijk")
    endpoint = Endpoint.objects.create(team=team, name="gpu-1", url="http://gpu-1:8000")
    Trace.objects.create(observation=Observation.objects.create(endpoint=endpoint, at=AT, status="up"), exchanges=[])
    back_up(tmp_path / "good.zip", keys=True)
    for name in key_files.FILES:
        (settings.DATA / name).write_text(f"{name}-of-now-0123456789-abcdefghijklmnopq")
    Team.objects.update(name="Renamed since")
    return tmp_path / "good.zip"


def everything(settings) -> dict[str, object]:
    """All rows of all tables, and all files of the data folder."""
    rows = {label: [json.dumps(row) for row in table.rows()] for label, table in kept().items()}
    return rows | {path.name: path.read_bytes() for path in settings.DATA.iterdir()}


def packed(path: Path, name: str, content: bytes, how: int = zipfile.ZIP_DEFLATED) -> Path:
    """A copy in which one member is another, packed in this way."""
    copy = path.with_name("packed.zip")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(copy, "w") as after:
        for each in before.namelist():
            after.writestr(each, content if each == name else before.read(each), how if each == name else None)
    return copy


def flipped(path: Path, name: str) -> Path:
    """A copy with a wrong byte in the content of a member."""
    copy = path.with_name("flipped.zip")
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo(name).header_offset + 30 + len(name) + 20
    content = path.read_bytes()
    copy.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
    return copy


def twice(path: Path, name: str) -> Path:
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    return path


def row(path: Path, label: str, column: str, value: str) -> Path:
    """A copy in which the first row of a table has this JSON in that column, with a checksum that fits."""
    member = f"rows/{label}.jsonl"
    with zipfile.ZipFile(path) as archive:
        first, *others = archive.read(member).splitlines()
    values = [json.dumps(each) for each in json.loads(first)]
    values[kept()[label].columns.index(column)] = value
    return changed(path, member, b"\n".join([f"[{','.join(values)}]".encode(), *others]) + b"\n")


TEAM, TRACE = "rows/teams.Team.jsonl", "rows/fleet.Trace.jsonl"
DAMAGE: dict[str, Callable[[Path], Path]] = {
    "no manifest": lambda path: changed(path, "manifest.json", b""),
    "a manifest that is a list": lambda path: changed(path, "manifest.json", b"[]"),
    "a manifest that is nested deep": lambda path: changed(path, "manifest.json", b"[" * 200_000),
    "a manifest of a megabyte of blanks": lambda path: packed(path, "manifest.json", b" " * (2 << 20)),
    "counts that are words": lambda path: with_manifest(path, rows=dict.fromkeys(kept(), "1")),
    "migrations that are lists of lists": lambda path: with_manifest(path, migrations={"fleet": [["x"]]}),
    "a time that is none": lambda path: with_manifest(path, made_at="yesterday"),
    "a history that is a word": lambda path: with_manifest(path, history="yes"),
    "another format": lambda path: with_manifest(path, format=[2] * 1000),
    "a table that is empty": lambda path: changed(path, TEAM, b""),
    "a row twice": lambda path: changed(path, TRACE, b"[1,[]]\n[1,[]]\n"),
    "a row that is too long": lambda path: changed(path, TRACE, b'[1,["' + b"x" * (5 << 20) + b'"]]\n'),
    "a row that is nested deep": lambda path: changed(path, TRACE, b"[1," + b"[" * 100_000 + b"\n"),
    "rows that are packed too well": lambda path: packed(path, TRACE, b"\0" * (40 << 20)),
    "rows that ask for memory to unpack": lambda path: packed(path, TRACE, b"[1,[]]\n", zipfile.ZIP_LZMA),
    "a byte of a table flipped": lambda path: flipped(path, TEAM),
    "a byte of a key flipped": lambda path: flipped(path, "keys/field_key"),
    "a key that is empty": lambda path: changed(path, "keys/field_key", b"\n"),
    "a key that is no text": lambda path: changed(path, "keys/secret_key", b"\xff" * 64),
    "a key that is too long": lambda path: changed(path, "keys/field_key", b"0123456789abcdef" * 1000),
    "a table twice": lambda path: twice(path, TEAM),
    "a key twice": lambda path: twice(path, "keys/field_key"),
    "no number": lambda path: row(path, "fleet.Observation", "latency_ms", "NaN"),
    "a number without end": lambda path: row(path, "fleet.Observation", "running", "9" * 400),
    "half a character": lambda path: row(path, "teams.Team", "name", '"\\ud800"'),
    "a word in place of a number": lambda path: row(path, "fleet.Endpoint", "interval", '"often"'),
    "nothing in place of a name": lambda path: row(path, "teams.Team", "name", "null"),
    "an endpoint of a team that is not there": lambda path: row(path, "fleet.Endpoint", "team_id", "4711"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_nothing_is_changed_by(kind, file, settings):
    bad, before = DAMAGE[kind](file), everything(settings)
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("restore", bad, "--replace")
    after = everything(settings)
    after.pop("up.lock", None)
    assert after == before


def test_half_of_a_backup_changes_nothing(file, settings):
    whole, before = file.read_bytes(), everything(settings)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Refused, match="its end is missing"):
        restore(file, replace=True)
    assert everything(settings) == before


def test_a_second_key_that_cannot_be_written_brings_the_first_one_back(file, settings, monkeypatch):
    before, write = everything(settings), key_files.write

    def full(path: Path, content: bytes) -> None:
        if path.name == "field_key":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(restoring, "write", full)
    with pytest.raises(Refused, match="field_key can't be written: No space left on device"):
        restore(file, replace=True)
    assert everything(settings) == before


def test_a_database_that_fails_at_the_very_end_brings_the_keys_back(file, settings, monkeypatch):
    before = everything(settings)
    (settings.DATA / "secret_key").unlink()

    def fail() -> None:
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "commit", fail)
        with pytest.raises(Refused, match="The database refused the backup: database or disk is full"):
            restore(file, replace=True)
    assert before.pop("secret_key") and everything(settings) == before


def test_an_undamaged_one_puts_rows_and_keys_in_place(file, settings):
    before = everything(settings)
    assert restore(file, replace=True).keys == ["secret_key", "field_key"]
    assert Team.objects.get().name == "Search"
    for name in key_files.FILES:
        assert (settings.DATA / name).read_text().startswith(f"{name}-of-the-backup")
        assert [path.read_bytes() for path in settings.DATA.glob(f"{name}.until-*")] == [before[name]]


@pytest.mark.parametrize("content", [b"[1," + b"[]," * ((4 << 20) // 3 - 10) + b"0]\n", b"[1,[]]\n" * 4_000_000])
def test_a_small_file_takes_neither_much_memory_nor_time(file, content):
    bad = packed(file, TRACE, content)
    assert bad.stat().st_size < 3 << 20
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(Refused):
        restore(bad, replace=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120 << 20 and time.process_time() - began < 60
