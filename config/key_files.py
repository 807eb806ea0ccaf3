"""The secrets that the program makes for itself and keeps as files in the data folder: `secret_key` and `field_key`."""

import os
import secrets
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.redaction import without

from . import environment, production
from .parsers import long_secret

FILES = {"secret_key": "SECRET_KEY", "field_key": "FIELD_KEYS"}
"""The key files, and the settings that are used in their place."""

LONGEST = 10_000
"""Bytes of a key file. A longer one is some other file under its name."""

IF_LOST = {
    "secret_key": "If it is lost, remove the file: a new one is made, and everybody signs in again.",
    "field_key": "If it is lost, so is what it encrypted: docs/operating.md says how to start without that.",
}


class Unusable(Exception):
    """A key can't be used, or must not be made. The text says why, and what to do."""


def load(values: Mapping[str, Any], data: Path, database: Mapping[str, Any]) -> tuple[str, list[str]]:
    """SECRET_KEY and FIELD_KEYS: those of the settings, or else of the files, which are made for a new database.

    `database` is Django's dictionary of it. Ends the process with code 2 when a key can't be used.
    """
    try:
        field_keys = values["FIELD_KEYS"] or [_kept(data / "field_key", database)]
        secret_key = values["SECRET_KEY"] or _kept(data / "secret_key", database)
        if production.is_production(values["SITE_URL"]) and production.guessable(secret_key):
            raise Unusable(_sentence(data / "secret_key", "is too short for a site with https"))
        return secret_key, field_keys
    except Unusable as error:
        environment.cannot_start([str(error)])


def checked(content: bytes) -> str:
    """The secret that a key file with this content holds. Raises ValueError with what is wrong, as "is empty"."""
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("is not text") from None
    if not text:
        raise ValueError("is empty")
    if len(content) > LONGEST or not text.isprintable():
        raise ValueError("is not one line of text")
    try:
        long_secret(text)
    except ValueError:
        raise ValueError(f"has {len(text)} characters, and 32 are the least") from None
    if production.from_example(text):
        raise ValueError("can be guessed")
    return text


def write(path: Path, content: bytes) -> None:
    """Writes a file that only this user may read: whole or not at all, and on the disk. Raises OSError."""
    draft = _draft(path.parent, content)
    try:
        draft.replace(path)
        _sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _kept(path: Path, database: Mapping[str, Any]) -> str:
    """The secret in this file, which is made when there is none. Safe when several processes start at once."""
    try:
        if not os.path.lexists(path):
            _make(path, database)
        if not path.is_file():  # a pipe would never end
            raise Unusable(_sentence(path, "is no file"))
        with path.open("rb") as file:
            return checked(file.read(LONGEST + 1))
    except OSError as error:
        raise Unusable(_sentence(path, f"can't be read or made ({error.strerror or error})")) from None
    except ValueError as error:
        raise Unusable(_sentence(path, str(error))) from None


def _make(path: Path, database: Mapping[str, Any]) -> None:
    try:
        used = _is_used(database)
    except Unusable:
        if path.name == "field_key":
            raise
        used = False  # a new secret_key does no harm that lasts
    if used and path.name == "field_key":
        raise Unusable(_sentence(path, "is missing, and the database has been used with it"))
    draft = _draft(path.parent, secrets.token_urlsafe(48).encode())
    try:
        os.link(draft, path)  # fails when another process was first: its secret counts
        _sync(path.parent)
        if used:
            environment.report(f"{path} was missing, so a new one was made: everybody signs in again.")
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _draft(folder: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=folder, prefix=".key-")  # mkstemp makes it readable for us alone
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        os.unlink(name)
        raise
    return Path(name)


def _sync(folder: Path) -> None:
    """The names in the folder are on the disk, too: a power loss takes away neither name nor content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_used(database: Mapping[str, Any]) -> bool:
    """Whether the database has accounts or teams. Raises Unusable when it can't be asked."""
    query = "SELECT EXISTS (SELECT 1 FROM auth_user) OR EXISTS (SELECT 1 FROM teams_team)"
    if database["ENGINE"].endswith("sqlite3"):
        return _ask_sqlite(Path(database["NAME"]), query)
    import psycopg  # costs each process memory, and is needed here on a first start only

    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    options = {ours: database[name] for name, ours in names.items() if database.get(name)}
    try:
        with psycopg.connect(**options, connect_timeout=10) as connection:
            return bool((connection.execute(query).fetchone() or [False])[0])
    except psycopg.errors.UndefinedTable:
        return False
    except psycopg.Error as error:
        raise Unusable(_unasked(without(str(error), [database.get("PASSWORD") or ""]))) from None


def _ask_sqlite(path: Path, query: str) -> bool:
    if not path.exists() or not path.stat().st_size:
        return False
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=20)
        try:
            return bool(connection.execute(query).fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return False
        raise Unusable(_unasked(str(error))) from None


def _unasked(error: str) -> str:
    why = " ".join(error.split()).rstrip(".")
    return (
        "There is no key file, and whether one was used before could not be found out, as the database does not "
        f"answer: {why}. Start again when it does, or put the key files back."
    )


def _sentence(path: Path, what: str) -> str:
    return (
        f"{path} {what}. Put it back from where you keep it, or set {FILES[path.name]} to what it had. "
        f"{IF_LOST[path.name]}"
    )
