"""YAML as a tree of nodes that know their lines. Plain data only, and nothing that grows when it is read."""

from pathlib import Path

import yaml
from yaml.nodes import Node

MOST_BYTES = 1024 * 1024
MOST_NODES = 100_000
DEEPEST = 20

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C: many times faster on large files


class Unreadable(Exception):
    """There is no text to be had from a file; says why in one sentence."""


class Mistake(Exception):
    """What is wrong with the text, and in which line (0: in the file as a whole)."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


def compose(text: str) -> Node | None:
    """The root node of the only document in a text; None when there is none. Raises Mistake."""
    try:
        _refuse_tricks(text)
        return yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Mistake(mark.line + 1 if mark else 0, f"this is not YAML: {error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise Mistake(0, f"this is not YAML: {' '.join(str(error).split())[:200]}.") from None


def text_of(path: Path) -> str:
    """What stands in a file. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror}.") from None
    except ValueError:  # a name with a NUL character
        raise Unreadable("This is not the name of a file.") from None
    if len(data) > MOST_BYTES:
        raise Unreadable(
            f"{path} is larger than 1 MiB, which no list of endpoints is. Check that it is the right file."
        )
    if b"\0" in data:
        raise Unreadable(f"{path} is no text: it holds NUL bytes. Check that it is the right file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{path} is no UTF-8 text (see line {line}). Save it as UTF-8.") from None


def _refuse_tricks(text: str) -> None:
    """Aliases can grow without bound, tags can mean anything, and depth costs stack: none is needed here."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.AliasEvent):
            raise Mistake(line, f"*{str(event.anchor)[:60]} repeats another part. Write that part out instead.")
        if tag := getattr(event, "tag", None):
            raise Mistake(line, f"the tag {str(tag)[:60]} is not taken. Leave it out.")
        if depth > DEEPEST:
            raise Mistake(line, f"it is nested more than {DEEPEST} deep.")
        if nodes > MOST_NODES:
            raise Mistake(line, f"there are more than {MOST_NODES} values in it. Split the file by teams.")
        if documents > 1:
            raise Mistake(line, 'a second document begins here ("---"). Put everything under one "teams:".')
