"""Reading the file of `manage.py apply`: every mistake is a sentence with the line and the key.

The file is the whole truth about what it names: a key that is left out means its default. A team's lists and an
endpoint's `load` are the exception: without them they stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core import mail_addresses
from core.tags import read_tag

from ..endpoints import FIELDS
from ..engines.http.address import parse_base_url
from ..engines.http.api_key import clean_key, clean_username
from ..engines.timeout import default_timeout
from ..models import Endpoint
from ..models.endpoint import limits
from . import values
from .yaml_tree import Mistake, compose, text_of

MOST_MISTAKES = 50
"""Mistakes reported at once; whoever has more sees the next ones after mending these."""

_NULL = "tag:yaml.org,2002:null"
_NEVER_REPEATED = (".api_key", ".url", ".username")  # what is wrong with them may be a secret in the wrong place

_Read = Callable[[str], Any]
_ENDPOINT: dict[str, _Read] = {
    "name": values.name,
    "url": parse_base_url,
    "engine": values.engine,
    "interval": values.whole(*limits("interval"), " of seconds"),
    "timeout": values.seconds(*limits("timeout")),
    "fail_after": values.whole(*limits("fail_after")),
    "fail_of": values.whole(*limits("fail_of")),
    "fail_for": values.whole(*limits("fail_for"), " of seconds"),
    "recover_after": values.whole(*limits("recover_after")),
    "slow_after": values.whole(*limits("slow_after"), " of milliseconds"),
    "start_within": values.whole(*limits("start_within"), " of seconds"),
    "depends_on": values.name,
    "canary_every": values.whole(*limits("canary_every"), " of seconds"),
    "username": clean_username,
    "verify_tls": values.true_or_false,
}


_LOAD: dict[str, _Read] = {
    "slots": values.whole(1, 1000),
    "measure_waits": values.true_or_false,
    **dict.fromkeys(("first_token", "between_tokens", "whole"), values.seconds(0.001, 3600)),
    "share": values.whole(50, 100, " of per cent"),
}
_UNTOUCHED = Endpoint()  # has every default


class FileMistakes(Exception):
    """The file can't be taken; `sentences` say where and why. Nothing was changed.

    `teams` are names for the teams that could be started for it.
    """

    def __init__(self, sentences: list[str], teams: Sequence[str] = ()) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences
        self.teams = teams


@dataclass(frozen=True, slots=True)
class Entry:
    """One team or endpoint as the file has it, defaults filled in."""

    path: str  # "teams[0].endpoints[1]"
    line: int
    fields: dict[str, Any]
    lines: dict[str, int]  # of the keys that were given
    raw: dict[str, str] = field(default_factory=dict)  # "${NAME}" as written, of what the environment filled

    def shown(self, key: str) -> str:
        """The value as it may be printed."""
        return self.raw.get(key, str(self.fields[key]))

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


@dataclass(frozen=True, slots=True)
class TeamEntry(Entry):
    """A team and its endpoints. They, or the field `mail_to`, are None where the file has no list: they stay then."""

    endpoints: list[Entry] | None = None


def read(path: Path, environment: Mapping[str, str]) -> list[TeamEntry]:
    """The teams of a file; `environment` fills ${NAME}. Raises Unreadable and FileMistakes."""
    return read_text(text_of(path), path.name, environment)


def read_text(text: str, name: str, environment: Mapping[str, str] | None) -> list[TeamEntry]:
    """The teams of a text that is called `name`; without an `environment` it may not ask for anything of it.

    Raises FileMistakes.
    """
    reader = _Reader(name, environment)
    teams: list[TeamEntry] = []
    try:
        teams = reader.file(compose(text))
    except Mistake as mistake:
        reader.add(mistake.line, mistake.text)
    if reader.mistakes:
        raise FileMistakes(reader.sentences())
    return teams


class _Reader:
    """Walks the nodes, collects mistakes and goes on, so that one run reports them all."""

    def __init__(self, name: str, environment: Mapping[str, str] | None) -> None:
        self.name = name
        self.environment = environment
        self.mistakes: list[tuple[int, str]] = []
        self.raw: dict[str, str] = {}  # path -> text, of what the environment filled

    def add(self, line: int, text: str) -> None:
        where = f"{self.name} line {line}" if line else self.name
        self.mistakes.append((line, f"{where}: {text if text.endswith(('.', '?')) else f'{text}.'}"))

    def sentences(self) -> list[str]:
        sentences = [text for _, text in sorted(self.mistakes)]
        more = [f"… and {len(sentences) - MOST_MISTAKES} more."] if len(sentences) > MOST_MISTAKES else []
        return sentences[:MOST_MISTAKES] + more

    def file(self, node: Node | None) -> list[TeamEntry]:
        if node is None:
            raise Mistake(0, 'it is empty. Begin it with "teams:".')
        keys = self._mapping(node, "", ("teams",))
        if "teams" not in keys and not self.mistakes:
            raise Mistake(_line(node), 'there is no "teams:" in it.')
        teams = [self._team(item, path) for item, path in self._list(keys.get("teams"), "teams")]
        self._unique(teams, "slug")
        self._unique(teams, "name")
        return teams

    def _team(self, node: Node, path: str) -> TeamEntry:
        keys = self._mapping(node, path, ("slug", "name", "mail_to", "endpoints"))
        self._required(node, keys, path, ("slug",))
        slug = self._value(keys, "slug", path, values.slug)
        name = self._value(keys, "name", path, values.name) or slug
        # A list whose lines are all commented out is null. Only [] means that the team has none.
        lists = {key: keys[key] for key in ("mail_to", "endpoints") if key in keys and not _is_null(keys[key])}
        mail_to = self._mail_to(keys, path) if "mail_to" in lists else None
        endpoints = self._endpoints(lists["endpoints"], f"{path}.endpoints") if "endpoints" in lists else None
        fields = {"slug": slug, "name": name, "mail_to": mail_to}
        return TeamEntry(path, _line(node), fields, _lines(keys), self._raw(path), endpoints)

    def _mail_to(self, keys: dict[str, Node], path: str) -> list[str]:
        found = mail_addresses.distinct(self._values(keys, "mail_to", path, values.address))
        self._at_most("ADDRESSES_PER_TEAM", len(found), keys["mail_to"], f"{path}.mail_to", "use a mailing list")
        return found

    def _at_most(self, setting: str, number: int, node: Node, path: str, instead: str) -> None:
        most = getattr(settings, setting)
        if number > most:
            self.add(_line(node), f"{path} has {number}: give at most {most}, {instead}, or raise {setting}")

    def _endpoints(self, node: Node, path: str) -> list[Entry]:
        entries = [self._endpoint(item, item_path) for item, item_path in self._list(node, path)]
        self._at_most("ENDPOINTS_PER_TEAM", len(entries), node, path, "make a second team")
        self._unique(entries, "name")
        self._unique(entries, "url")
        return entries

    def _endpoint(self, node: Node, path: str) -> Entry:
        keys = self._mapping(node, path, (*FIELDS, "load"))
        self._required(node, keys, path, ("name", "url"))
        given = {key: self._value(keys, key, path, read) for key, read in _ENDPOINT.items()}
        key_of = partial(clean_key, username=given["username"] or "")
        given["api_key"] = self._value(keys, "api_key", path, key_of)
        fields = {key: getattr(_UNTOUCHED, key) if value is None else value for key, value in given.items()}
        for key, reader in (("expected_models", values.model), ("canary_models", values.model), ("tags", read_tag)):
            fields[key] = self._values(keys, key, path, reader)
        if "load" in keys and not _is_null(keys["load"]):
            load = self._mapping(keys["load"], f"{path}.load", tuple(_LOAD))
            fields["load"] = {key: self._value(load, key, f"{path}.load", read) for key, read in _LOAD.items()}
        if given["timeout"] is None:
            fields["timeout"] = default_timeout(fields["interval"])
        entry = Entry(path, _line(node), fields, _lines(keys), self._raw(path))
        readable = all(given[key] is not None for key in ("interval", "timeout") if key in keys)
        if readable and fields["timeout"] >= fields["interval"]:
            line = entry.lines.get("timeout", entry.line_of("interval"))
            self.add(line, f"{path}.timeout has to be shorter than the interval of {fields['interval']} s")
        return entry

    def _mapping(self, node: Node, path: str, known: tuple[str, ...]) -> dict[str, Node]:
        """The known keys of a mapping; reports unknown ones and those given twice."""
        if not isinstance(node, MappingNode):
            self.add(_line(node), f"{path or 'the file'} has to have keys, such as {known[0]}: …")
            return {}
        keys: dict[str, Node] = {}
        for key_node, value in node.value:
            key = key_node.value if isinstance(key_node, ScalarNode) else ""
            full = f"{path}.{_short(key)}" if path else _short(key)
            if key in keys:
                self.add(_line(key_node), f"{full} is given twice: take one out")
            elif key in known:
                keys[key] = value
            else:
                self.add(_line(key_node), f"{full} is not a key of this file: {values.nearest(key, known)}")
        return keys

    def _required(self, node: Node, keys: dict[str, Node], path: str, needed: tuple[str, ...]) -> None:
        for key in needed:
            if isinstance(node, MappingNode) and (key not in keys or _is_null(keys[key])):
                self.add(_line(keys.get(key, node)), f"{path}.{key} is missing: add it")

    def _list(self, node: Node | None, path: str) -> list[tuple[Node, str]]:
        if node is None or _is_null(node):
            return []
        if not isinstance(node, SequenceNode):
            self.add(_line(node), f'{path} has to be a list: one "- …" for each')
            return []
        return [(item, f"{path}[{n}]") for n, item in enumerate(node.value)]

    def _value(self, keys: dict[str, Node], key: str, path: str, read: _Read) -> Any:
        """The value of a key; None where it is left out, null or wrong."""
        return self._scalar(keys[key], f"{path}.{key}", read) if key in keys else None

    def _values(self, keys: dict[str, Node], key: str, path: str, read: _Read) -> list[Any]:
        """The list of a key without repetitions; reports what is empty or wrong, so no list is emptied by a slip."""
        items = self._list(keys.get(key), f"{path}.{key}")
        for item, item_path in items:
            if _is_null(item):
                self.add(_line(item), f"{item_path} is empty: fill it in, or take the line out")
        found = [self._scalar(item, item_path, read) for item, item_path in items]
        return list(dict.fromkeys(value for value in found if value is not None))

    def _scalar(self, node: Node, path: str, read: _Read) -> Any:
        if _is_null(node):
            return None
        if not isinstance(node, ScalarNode):
            self.add(_line(node), f"{path} has to be a single value")
            return None
        try:
            text = values.fill(node.value, self.environment)
        except ValueError as error:
            self.add(_line(node), f"{path}: {error}")
            return None
        if text != node.value:
            self.raw[path] = node.value
        # What `read` makes of the text; reports what is wrong, without the text where that may be a secret.
        try:
            if not text.isprintable() and not path.endswith(_NEVER_REPEATED):  # whose readers tidy them
                raise ValueError("take out line breaks and control characters")
            return read(text)
        except ValueError as error:
            shown = "" if path.endswith(_NEVER_REPEATED) else f" is '{_short(node.value)}'"
            filled = " once the variable is filled in" if path in self.raw else ""
            self.add(_line(node), f"{path}{shown}{filled}: {error}")
            return None

    def _raw(self, path: str) -> dict[str, str]:
        """What the environment filled of this entry's own keys, as written in the file; lists as a whole."""
        found: dict[str, list[str]] = {}
        for full in [full for full in self.raw if full.startswith(f"{path}.")]:
            key = full[len(path) + 1 :].partition("[")[0]
            found.setdefault(key, []).append(self.raw.pop(full))
        return {key: ", ".join(texts) for key, texts in found.items()}

    def _unique(self, entries: Iterable[Entry], key: str) -> None:
        first: dict[str, int] = {}
        for entry in entries:
            value = str(entry.fields[key] or "").lower()
            if value and value in first:
                mistake = f"is the same as in line {first[value]}: give each its own"
                self.add(entry.line_of(key), f"{entry.path}.{key} {mistake}")
            first.setdefault(value, entry.line_of(key))


def _line(node: Node) -> int:
    return node.start_mark.line + 1


def _lines(keys: dict[str, Node]) -> dict[str, int]:
    return {key: _line(node) for key, node in keys.items()}


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _NULL


def _short(text: str) -> str:
    printable = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return printable if len(printable) <= 60 else printable[:59] + "…"
