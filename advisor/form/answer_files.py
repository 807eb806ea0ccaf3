"""Files of answers for the command line: one form as JSON, or many as JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advisor.catalogue import Catalogue
from advisor.recommendation import Answers
from advisor.recommendation.answers import clean


class FileMistakes(Exception):
    """A file can't be used; `mistakes` has a sentence for everything that is wrong."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def read(path: Path, catalogue: Catalogue) -> list[Answers]:
    """The forms in a file: one, or one a line if its name ends in .jsonl. Raises FileMistakes with all mistakes."""
    text = _text(path)
    mistakes: list[str] = []
    forms = []
    for where, part in _parts(path, text):
        form = _form(part, where, catalogue, mistakes)
        if form is not None:
            forms.append(form)
    if mistakes:
        raise FileMistakes(mistakes)
    return forms


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileMistakes([f"{path} can't be read: {error.strerror}."]) from None
    except UnicodeDecodeError:
        raise FileMistakes([f"{path} is no UTF-8 text. Save it as UTF-8."]) from None
    except ValueError:  # a name with a NUL character
        raise FileMistakes(["This is not the name of a file."]) from None


def _parts(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Each form's text, and how to name the place it is from. Empty lines of a .jsonl file are skipped."""
    if path.suffix != ".jsonl":
        yield str(path), text
        return
    for number, line in enumerate(text.split("\n"), start=1):  # JSON strings may hold what splitlines() splits at
        if line.strip():
            yield f"{path}, line {number}", line


def _form(text: str, where: str, catalogue: Catalogue, mistakes: list[str]) -> Answers | None:
    """The answers in a text. None when there are none to be had, which adds a mistake."""
    try:
        raw = json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        mistakes.append(f"{where}: this is nested too deeply to be a form.")
        return None
    except ValueError as error:
        mistakes.append(f"{where}: this is not JSON: {error}.")
        return None
    if not isinstance(raw, dict):
        mistakes.append(f'{where}: must be one object, like {{"goal": "runtime", "machines": ["mac"]}}.')
        return None
    answers, odd = clean(raw, catalogue)
    mistakes += [f"{where}: {sentence.replace(', so it was ignored', '')}" for sentence in odd]
    return answers


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once: of two answers to one question nobody could say which is meant."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is there twice")
    return made
