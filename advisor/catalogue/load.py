"""Reads the YAML files beside this one into a Catalogue, or says all that is wrong with them."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .consistency import inconsistencies
from .values import Catalogue, Fact, Item, Limit, Option, Outcome, Question, Section

HERE = Path(__file__).parent
_FILES: Mapping[str, type] = {
    "sections": Section,
    "questions": Question,
    "items": Item,
    "limits": Limit,
    "facts": Fact,
    "outcomes": Outcome,
}

T = TypeVar("T")


class CatalogueError(Exception):
    """The catalogue's files have mistakes; `mistakes` has a sentence for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@cache
def load(folder: Path = HERE) -> Catalogue:
    """The catalogue in a folder. Raises CatalogueError naming every mistake in its files."""
    mistakes: list[str] = []
    parts: dict[str, Any] = {name: tuple(_entries(folder, name, kind, mistakes)) for name, kind in _FILES.items()}
    changelog = []
    for number, entry in enumerate(_read(folder, "changelog", mistakes), start=1):
        match entry:
            case {"version": str(version), "date": date() as day, "what": str(what)} if type(day) is date:
                changelog.append((version, day, what))
            case _:
                mistakes.append(f"changelog.yaml, entry {number}: needs a version (a text), a date and what (a text).")
    if mistakes:
        raise CatalogueError(mistakes)
    catalogue = Catalogue(version=changelog[0][0], changelog=tuple(changelog), **parts)
    if found := inconsistencies(catalogue):
        raise CatalogueError(found)
    return catalogue


def _read(folder: Path, name: str, mistakes: list[str]) -> list[Any]:
    """The entries of one file; none when it can't be read, which adds a mistake."""
    path = folder / f"{name}.yaml"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        mistakes.append(f"{path.name} can't be read: {error.strerror}.")
        return []
    except (yaml.YAMLError, ValueError) as error:  # a date such as 31 February is a ValueError
        mistakes.append(f"{path.name} is not YAML: {' '.join(str(error).split())}.")
        return []
    if not isinstance(entries, list) or not entries:
        mistakes.append(f"{path.name} must be a list with at least one entry.")
        return []
    return entries


def _entries(folder: Path, name: str, kind: type[T], mistakes: list[str]) -> list[T]:
    made = []
    for number, entry in enumerate(_read(folder, name, mistakes), start=1):
        label = entry.get("id", f"entry {number}") if isinstance(entry, dict) else f"entry {number}"
        value = _make(kind, entry, f"{name}.yaml, {label}", mistakes)
        if value is not None:
            made.append(value)
    return made


def _make(kind: type[T], entry: object, where: str, mistakes: list[str]) -> T | None:
    """One dataclass of an entry. None when it does not fit, which adds mistakes."""
    if not isinstance(entry, dict):
        mistakes.append(f"{where}: must be keys and values.")
        return None
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    wrong = [f"{where}: unknown key {key!r}." for key in entry if key not in known]
    for name, field in known.items():
        if name in entry:
            wrong += _unfit(entry[name], str(field.type), f"{where}, {name}")
        elif field.default is MISSING:
            wrong.append(f"{where}: the key {name!r} is missing.")
    options = entry.get("options") if kind is Question and not wrong else None
    if options is not None:
        made = [_make(Option, option, f"{where}, option {n}", wrong) for n, option in enumerate(options, start=1)]
        entry = entry | {"options": made}
    mistakes += wrong
    return None if wrong else kind(**{key: _frozen(value) for key, value in entry.items()})


def _unfit(value: object, declared: str, where: str) -> list[str]:
    """What does not fit the declared type, as sentences. YAML turns an unquoted yes into true, so types slip easily."""
    if declared.startswith("tuple"):
        fits, wanted = isinstance(value, list), "a list"
        if fits and "Option" not in declared:
            fits, wanted = all(isinstance(part, str) for part in value), "a list of texts"  # type: ignore[attr-defined]
    elif "bool" in declared:
        fits, wanted = isinstance(value, bool), "true or false"
    elif "date" in declared:
        fits, wanted = type(value) is date, "a date"  # a datetime is a date too, and can't be compared with one
    else:
        fits, wanted = isinstance(value, str) and bool(value.strip()), "a text"
    return [] if fits else [f"{where}: must be {wanted}, not {value!r}."]


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return value.strip() if isinstance(value, str) else value
