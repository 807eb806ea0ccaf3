"""Where the guide's statements beyond the article come from: each has a place and a date."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("sources.yaml")


@dataclass(frozen=True, slots=True)
class Source:
    """Something that was read for the guide and is not the article."""

    id: str
    name: str
    place: str
    date: date
    url: str = ""


@cache
def sources(path: Path = _FILE) -> dict[str, Source]:
    """All sources by id. Raises ValueError for one without name, place or date, and for an id that is there twice."""
    found: dict[str, Source] = {}
    for entry in yaml.safe_load(path.read_text("utf-8")):
        try:
            source = Source(**entry)
        except TypeError as error:
            raise ValueError(f"{path.name}, {entry.get('id', entry)}: {error}.") from error
        if not (source.name and source.place and isinstance(source.date, date)):
            raise ValueError(f"{path.name}, {source.id}: a source needs a name, a place and a date.")
        if source.id in found:
            raise ValueError(f"{path.name}, {source.id}: this id is there twice.")
        found[source.id] = source
    return found
