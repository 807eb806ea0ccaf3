"""Key files: made once, private and on the disk; a bad or missing one stops the start with a sentence."""

import os
import secrets
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from config import key_files
from config.data_folder import ROOT
from tests.ops.backup_files import database_url, manage

GOOD = secrets.token_urlsafe(48)
ENTRANCES = [
    ["manage.py", "status"],
    ["-m", "celery", "-A", "config", "worker", "-P", "threads"],
    ["-m", "ops.worker", "general"],
    ["-m", "uvicorn", "config.asgi:application"],
]


@pytest.fixture
def sqlite(tmp_path) -> dict:
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "plimsoll.sqlite3"}


@pytest.fixture
def loaded(tmp_path, sqlite):
    """What `load` gives for the folder, with these settings."""

    def load(**settings: object) -> tuple[str, list[str]]:
        values = {"SECRET_KEY": None, "FIELD_KEYS": None, "SITE_URL": None} | settings
        return key_files.load(values, tmp_path, sqlite)

    return load


def use(folder: Path) -> None:
    """Makes the database in the folder a used one."""
    with sqlite3.connect(folder / "plimsoll.sqlite3") as connection:
        connection.executescript(
            "CREATE TABLE auth_user (id); CREATE TABLE teams_team (id); INSERT INTO teams_team VALUES (1);"
        )
    connection.close()


def test_keys_are_made_once_and_are_private(loaded, tmp_path):
    secret_key, (field_key,) = loaded()
    assert len(secret_key) >= 50 and len(field_key) >= 50 and secret_key != field_key
    assert loaded() == (secret_key, [field_key])
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "secret_key": 0o600,
        "field_key": 0o600,
    }


def test_a_new_key_is_on_the_disk_before_it_has_its_name(loaded, tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), sorted(p.name for p in tmp_path.glob("*_key"))))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    loaded(SECRET_KEY=GOOD)
    (draft, before), (folder, after) = synced
    assert Path(draft).parent == tmp_path and before == []
    assert (Path(folder), after) == (tmp_path, ["field_key"])


def test_settings_go_before_files(loaded, tmp_path):
    assert loaded(SECRET_KEY=GOOD, FIELD_KEYS=["a", "b"]) == (GOOD, ["a", "b"])
    assert not list(tmp_path.iterdir())


def spoil(path: Path, how: str) -> None:
    contents = {
        "empty": b"",
        "only white space": b" \n\t\n",
        "short": b"s3cret",
        "zeros after a power loss": b"\0" * 64,
        "binary": bytes(range(128, 192)),
        "the same letter": b"a" * 64,
        "from an example": b"change-me-0123456789-abcdefghijklm",
        "two lines": GOOD.encode() + b"\n" + GOOD.encode(),
        "another file": GOOD.encode() * 2000,
    }
    if how == "a folder":
        path.mkdir()
    elif how == "a pipe":
        os.mkfifo(path)
    elif how == "a link to nothing":
        path.symlink_to("nowhere")
    elif how == "a circle of links":
        path.symlink_to(path.name)
    else:
        path.write_bytes(contents[how])


BAD = ["empty", "only white space", "short", "zeros after a power loss", "binary", "the same letter", "from an example"]
BAD += ["two lines", "another file", "a folder", "a pipe", "a link to nothing", "a circle of links"]


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("name", ["secret_key", "field_key"])
def test_a_bad_key_file_is_refused_with_what_to_do(name, how, loaded, tmp_path, capsys):
    spoil(tmp_path / name, how)
    with pytest.raises(SystemExit) as ended:
        loaded()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"{tmp_path / name} " in said and "Put it back" in said and key_files.FILES[name] in said
    assert "s3cret" not in said


def test_a_key_file_may_be_a_link_to_a_mounted_secret_and_end_with_a_new_line(loaded, tmp_path):
    (tmp_path / "mounted").write_text(GOOD + "\n")
    (tmp_path / "field_key").symlink_to("mounted")
    assert loaded()[1] == [GOOD]


def test_a_short_secret_key_of_a_file_is_refused_in_production(loaded, tmp_path, capsys):
    (tmp_path / "secret_key").write_text(GOOD[:40])
    assert loaded()[0] == GOOD[:40]
    with pytest.raises(SystemExit):
        loaded(SITE_URL="https://plimsoll.example.org")
    assert "secret_key is too short for a site with https" in capsys.readouterr().err


@pytest.mark.parametrize("command", ENTRANCES)
def test_every_entrance_ends_with_code_2_and_without_a_traceback(command, tmp_path):
    (tmp_path / "field_key").write_text("\n")
    environment = {**os.environ, "PLIMSOLL_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    ended = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert f"{tmp_path / 'field_key'} is empty." in ended.stderr and "Traceback" not in ended.stderr


def test_a_missing_field_key_of_a_used_database_is_not_replaced(loaded, tmp_path, capsys):
    use(tmp_path)
    with pytest.raises(SystemExit):
        loaded(SECRET_KEY=GOOD)
    said = capsys.readouterr().err
    assert "field_key is missing, and the database has been used" in said and "FIELD_KEYS" in said
    assert not (tmp_path / "field_key").exists()


def test_a_missing_secret_key_of_a_used_database_is_made_and_said(loaded, tmp_path, capsys):
    use(tmp_path)
    loaded(FIELD_KEYS=[GOOD])
    assert "secret_key was missing, so a new one was made: everybody signs in again" in capsys.readouterr().err


def test_a_database_of_which_nothing_can_be_learned_makes_no_key(loaded, tmp_path, capsys):
    (tmp_path / "plimsoll.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(SystemExit):
        loaded()
    assert "the database does not answer: file is not a database" in capsys.readouterr().err
    assert not list(tmp_path.glob("*_key"))


def test_a_postgresql_that_does_not_answer_makes_no_key_and_its_password_is_not_shown(tmp_path):
    done = manage(tmp_path, "check", DATABASE_URL="postgres://me:sekrit@127.0.0.1:1/none")
    assert done.returncode == 2 and "Connection refused" in done.stderr and "sekrit" not in done.stderr
    assert not (tmp_path / "field_key").exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_second_machine_without_the_key_does_not_start_on_a_used_database(tmp_path):
    User.objects.create_user("alice")
    done = manage(tmp_path, "check", DATABASE_URL=database_url())
    assert done.returncode == 2
    assert "field_key is missing, and the database has been used" in done.stderr


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_new_database_gets_a_key(tmp_path):
    assert manage(tmp_path, "check", DATABASE_URL=database_url()).returncode == 0
    assert (tmp_path / "field_key").exists()
