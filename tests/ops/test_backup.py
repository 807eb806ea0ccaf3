"""`manage.py backup` and `restore`: what goes in comes out, on each database, or nothing is changed."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from advisor.models import Decision
from config.data_folder import ROOT
from fleet.models import AlertPolicy, Change, Endpoint, MaintenanceWindow, Observation, Trace
from ops.backup import Refused, back_up, restore
from ops.backup.tables import LEFT_OUT, kept
from ops.up import only_one
from teams.models import Membership, Team
from tests.ops.backup_files import changed, content, database_url, manage, trail, with_manifest
from tests.template import copy_migrated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

AT = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)
PLANTED = "sk-planted-secret"


@pytest.fixture
def endpoint(alice, team) -> Endpoint:
    """An endpoint with a key, two readings, a trace and a decision; alice is signed in."""
    made = Endpoint.objects.create(team=team, name="gpu-1 “ä”\n", url="http://gpu-1:8000", api_key=PLANTED)
    Endpoint.objects.create(team=team, name="a", url="http://a:8000", depends_on=made)
    AlertPolicy.objects.create(team=team, webhook_url=f"https://hooks.example.org/{PLANTED}", quiet_from="22:30")
    first = Observation.objects.create(endpoint=made, at=AT, status="up", latency_ms=0.1, generation_tokens=2**40)
    Observation.objects.create(endpoint=made, at=AT, status="down", busy=False)
    Trace.objects.create(observation=first, exchanges=[{"path": "/health", "ms": 1.5}])
    old = Decision.objects.create(team=team, title="Old", decided_on=AT.date(), created_by=alice)
    new = Decision.objects.create(team=team, title="New", decided_on=AT.date(), supersedes=old)
    Decision.objects.filter(pk=old.pk).update(superseded_by=new)
    new.endpoints.add(made)
    Client().force_login(alice)
    return made


@pytest.fixture
def file(endpoint, tmp_path) -> Path:
    """A backup with the keys."""
    back_up(tmp_path / "all.zip", keys=True)
    return tmp_path / "all.zip"


def test_a_round_trip_through_another_database_loses_nothing(file, endpoint, tmp_path, settings):
    other = tmp_path / "other"  # a new SQLite installation: on PostgreSQL this goes there and back
    other.mkdir()
    copy_migrated(other)
    there = manage(other, "restore", file)
    assert there.returncode == 0, there.stderr
    assert (other / "field_key").read_text() == (settings.DATA / "field_key").read_text()
    back = manage(other, "backup", tmp_path / "back.zip", "--with-keys")
    assert back.returncode == 0, back.stderr
    assert content(tmp_path / "back.zip") == content(file)

    call_command("restore", tmp_path / "back.zip", "--replace")
    back_up(tmp_path / "again.zip")
    assert content(tmp_path / "again.zip") == content(file)
    before, after = trail(file), trail(tmp_path / "again.zip")
    assert before and after[: len(before)] == before
    assert [row[7] for row in after[len(before) :]] == ["backup.restored", "backup.restored"]
    again = Endpoint.objects.get(pk=endpoint.pk)
    assert (again.api_key, again.created_at) == (PLANTED, endpoint.created_at)


def test_after_a_restore_people_sign_in_again_and_new_rows_get_new_numbers(file, alice, team):
    browser = Client()
    browser.force_login(alice)
    call_command("flush", interactive=False)  # which starts all numbers at 1 again, as in a new database
    call_command("restore", file)
    assert browser.get(reverse("board")).status_code == 302
    assert Client().login(username="alice", password="a long password")
    before = set(Endpoint.objects.values_list("pk", flat=True))
    assert Endpoint.objects.create(team=team, name="later", url="http://later").pk not in before
    Membership.objects.create(user=User.objects.create_user("dora"), team=team, role="viewer")


def test_what_is_not_the_backup_s_is_gone_after_a_replace(file, team, endpoint):
    Endpoint.objects.create(team=team, name="later", url="http://later")
    endpoint.delete()
    assert restore(file, replace=True).rows["fleet.Endpoint"] == 2
    assert not Endpoint.objects.filter(name="later").exists()
    assert Observation.objects.count() == 2


def test_secrets_stay_encrypted_and_the_keys_stay_out_unless_asked_for(file, endpoint, tmp_path):
    back_up(tmp_path / "plain.zip")
    for path in (file, tmp_path / "plain.zip"):
        with zipfile.ZipFile(path) as archive:
            assert not any(PLANTED.encode() in archive.read(name) for name in archive.namelist())
            keys = {name for name in archive.namelist() if name.startswith("keys/")}
            assert keys == ({"keys/secret_key", "keys/field_key"} if path == file else set())
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["API key", "second factor"])
def test_without_the_keys_a_restore_says_that_secrets_cannot_be_read(endpoint, alice, tmp_path, kind):
    if kind == "second factor":
        Endpoint.objects.update(api_key="")
        TOTP.activate(alice, "JBSWY3DPEHPK3PXP")
    back_up(tmp_path / "plain.zip")
    copy_migrated(tmp_path)
    done = manage(tmp_path, "restore", tmp_path / "plain.zip")
    assert done.returncode == 0
    assert "A stored secret can't be read: FIELD_KEYS has no key that fits it. Put the field_key" in done.stderr


def test_a_key_that_is_replaced_is_kept_beside(file, tmp_path):
    copy_migrated(tmp_path)
    first = "the key of an installation before"
    (tmp_path / "field_key").write_text(first)
    assert manage(tmp_path, "restore", file).returncode == 0
    (before,) = tmp_path.glob("field_key.until-*")
    assert before.read_text() == first and before.stat().st_mode & 0o777 == 0o600


def test_keys_of_the_environment_are_neither_written_nor_overwritten(file, endpoint, settings, tmp_path):
    settings.ENVIRONMENT = {**settings.ENVIRONMENT, "FIELD_KEYS": settings.FIELD_KEYS}
    assert back_up(tmp_path / "env.zip", keys=True).keys == ["secret_key"]
    assert restore(file, replace=True).unused_keys == ["field_key"]


@pytest.mark.parametrize("year", [1, 9999])
def test_dates_that_no_form_takes_are_restored_as_the_nearest_that_work(alice, team, tmp_path, settings, caplog, year):
    moment = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) if year > 1 else datetime(1, 1, 1, tzinfo=UTC)
    times = {"starts_at": moment, "last_day": moment.date(), "minutes": 30}
    MaintenanceWindow.objects.create(team=team, name="Updates", **times)
    call_command("backup", str(tmp_path / "b.zip"))
    call_command("restore", str(tmp_path / "b.zip"), replace=True)
    nearest = datetime(1970 if year == 1 else 2200, 1, 1, tzinfo=UTC)
    window = MaintenanceWindow.objects.get()
    assert (window.starts_at, window.last_day) == (nearest, nearest.date())
    assert f"The starts_at of a maintenance window is of the year {year}" in caplog.text


def test_without_history_the_readings_are_left_out(endpoint, tmp_path):
    back_up(tmp_path / "short.zip", history=False)
    restored = restore(tmp_path / "short.zip", replace=True)
    assert "fleet.Observation" not in restored.rows and restored.rows["fleet.Endpoint"] == 2
    assert not Observation.objects.exists() and not Trace.objects.exists()


def test_a_used_database_is_left_alone_without_replace(file):
    with pytest.raises(CommandError, match=r"not empty: it has rows in .* --replace .* Nothing was changed"):
        call_command("restore", file)


def test_an_existing_file_is_kept_unless_forced(team, tmp_path):
    path = tmp_path / "old.zip"
    path.write_text("old")
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", path)
    assert path.read_text() == "old"
    call_command("backup", path, "--force")
    assert zipfile.is_zipfile(path) and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["", "missing/backup.zip"])
def test_a_place_that_cannot_be_written_is_named(db, tmp_path, name):
    with pytest.raises(CommandError, match=r"is a folder|No such file or directory"):
        call_command("backup", tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_restore_is_refused_while_plimsoll_runs_on_the_folder(file, settings):
    lock = only_one(settings.DATA)
    try:
        with pytest.raises(CommandError, match=r"Plimsoll already runs on the data folder .* Nothing was changed"):
            call_command("restore", file, "--replace")
    finally:
        os.close(lock)


def test_damaged_files_change_nothing(file, endpoint, tmp_path):
    """Cut anywhere, or with a byte flipped anywhere: refused, or harmless to what is read."""
    good, expected = file.read_bytes(), content(file)
    Team.objects.update(name="Renamed since")
    bad = tmp_path / "bad.zip"
    refused = 0
    for place in range(7, len(good), len(good) // 40):
        flipped = good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :]
        for damaged in (good[:place], flipped):
            bad.write_bytes(damaged)
            try:
                restore(bad, replace=True)
            except Refused:
                refused += 1
                assert Team.objects.get().name == "Renamed since"
            else:
                back_up(tmp_path / "after.zip", force=True)
                assert content(tmp_path / "after.zip") == expected
                Team.objects.update(name="Renamed since")
    assert refused > 60


@pytest.mark.parametrize(
    ("member", "new", "sentence"),
    [
        ("manifest.json", b"{}", "no backup of Plimsoll"),
        ("manifest.json", b"\xff", "no backup of Plimsoll"),
        ("rows/teams.Team.jsonl", b"", "has 0 rows where the manifest says 1"),
        ("rows/teams.Team.jsonl", b"[1]\n", "a row that does not fit"),
        ("rows/teams.Team.jsonl", b"{}\n", "can't be read after row 0"),
        ("rows/teams.Team.jsonl", b'["x", "x", "x", [], "2026-11-01"]\n', "a row that does not fit"),
        ("rows/fleet.Trace.jsonl", b"[99999, []]\n", "The database refused"),
    ],
)
def test_a_wrong_content_is_refused_in_words(file, member, new, sentence):
    with pytest.raises(CommandError, match=f"{sentence}.*Nothing was changed"):
        call_command("restore", changed(file, member, new), "--replace")
    assert Trace.objects.get().exchanges == [{"path": "/health", "ms": 1.5}]


def test_a_table_or_column_that_is_not_ours_is_refused(file):
    columns = {label: table.columns for label, table in kept().items()}
    for wrong in ({**columns, "auth.User": ["id; DROP TABLE auth_user"]}, {**columns, "fleet.Other": ["id"]}):
        with pytest.raises(Refused, match="tables are not those of this Plimsoll"):
            restore(with_manifest(file, columns=wrong), replace=True)


def test_backups_of_other_versions_are_refused_with_what_to_do(file):
    with zipfile.ZipFile(file) as archive:
        ours = json.loads(archive.read("manifest.json"))["migrations"]
    newer = {**ours, "fleet": [*ours["fleet"], "9999_later"]}
    with pytest.raises(Refused, match="A newer Plimsoll made this backup: fleet 9999_later is not known here"):
        restore(with_manifest(file, migrations=newer), replace=True)
    older = {**ours, "advisor": []}
    with pytest.raises(Refused, match=r"An older Plimsoll .* no advisor 0001_requirement .* Restore it with that"):
        restore(with_manifest(file, migrations=older), replace=True)
    with pytest.raises(Refused, match=r"format 2, and this Plimsoll reads format 1"):
        restore(with_manifest(file, format=2), replace=True)
    assert Endpoint.objects.count() == 2


def test_a_database_that_was_never_migrated_is_refused_with_the_reason(file, tmp_path):
    assert "Run manage.py migrate" in manage(tmp_path, "restore", file).stderr
    assert "Run manage.py migrate" in manage(tmp_path, "backup", tmp_path / "new.zip").stderr
    assert not (tmp_path / "new.zip").exists()


@pytest.mark.product
def test_a_backup_taken_while_others_write_is_of_one_moment(endpoint, tmp_path):
    """Each write adds a reading and a change together; a backup never has one without the other."""
    Observation.objects.bulk_create(Observation(endpoint=endpoint, at=AT, status="up") for _ in range(20_000))
    Change.objects.bulk_create(Change(endpoint=endpoint, at=AT, kind="x") for _ in range(20_002))
    settings = {"PLIMSOLL_DATA": str(tmp_path), "DATABASE_URL": database_url(), "FIELD_KEYS": "k" * 40}
    command = [sys.executable, "manage.py", "backup", str(tmp_path / "live.zip")]
    env = {**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "config.settings"}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    written = 0
    while process.poll() is None:
        with transaction.atomic():
            Change.objects.create(endpoint=endpoint, at=AT, kind="x")
            Observation.objects.create(endpoint=endpoint, at=AT, status="up")
        written += 1
    assert process.returncode == 0, process.communicate()[1]
    process.communicate()
    rows = content(tmp_path / "live.zip")["manifest"]["rows"]
    assert rows["fleet.Observation"] == rows["fleet.Change"] < Change.objects.count() <= 20_002 + written


def test_every_table_is_in_a_backup_or_named_as_left_out():
    """And nothing that is in it points to what is left out, which would be lost or point elsewhere."""
    for table in kept().values():
        for field in table.fields:
            target = field.related_model
            assert target is None or target._meta.label in kept(), f"{table.label}.{field.name}"
    for model in apps.get_models(include_auto_created=True):
        assert (model._meta.label in kept()) != (model._meta.label in LEFT_OUT)
