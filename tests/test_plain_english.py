"""Code, pages, mails and documents use the terms of docs/architecture.md ("Words"), which an engineer can grep for."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("advisor", "bench", "config", "core", "docs", "fleet", "ops", "static", "teams", "templates", "tests", ".ci")
KINDS = {".py", ".html", ".txt", ".css", ".js", ".md", ".yaml", ".svg"}
LEFT_OUT = {"migrations", "samples"}  # what was stored stays; what servers answered is quoted
FILES = {ROOT / "CHANGELOG.md": "what it said at the time", Path(__file__).resolve(): "it names the words"}

INSTEAD = {
    r"told|tells?|telling|teller": "alerted, notified, reported, shown, recorded",
    r"calm": "known trouble, muted",
    r"lookout|senses": "blind stretches, own network",
    r"anew": "again",
    r"nought": "zero",
    r"held to be": "is, counts as",
    r"looked at|look at it again": "probed, checked; review it",
    r"(first|last|next|confirming) looks?|looks? (now|a minute|on demand)": "probe, probes",
    r"(could not|can't|cannot) look(?! up)": "is blind",
    r"put down to": "caused by",
    r"mail address(es)?": "email address; the message is a mail",
    r"in vain|how-manieth|hindrance|standstill": "pointless, n-th, obstacle, stalled",
}
"""Words that are avoided, and what is written in their place. Parts of identifiers count: `told_at`, `_told`."""
WORDS = re.compile(rf"(?<![a-z])({'|'.join(INSTEAD)})(?![a-z])", re.IGNORECASE)

EXCEPTIONS = {
    "fleet/models/incident.py": {"told", "told_at"},  # columns
    "tests/e2e/conftest.py": {"told"},  # writes that column
    "tests/fleet/test_migrations.py": {"told"},  # reads it as it was
    "tests/upgrade/live_v0_1_0.py": {"calm"},  # runs with the code of that release
    "advisor/decisions/frozen_advice.py": {"told"},  # a key of stored advice
    "templates/advisor/decision_frozen.html": {"told"},  # reads that key
    "ops/backup/writing.py": {"tell"},  # of Python's files
}


def ours() -> Iterator[Path]:
    yield from (path for path in ROOT.glob("*.md") if path not in FILES)
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in KINDS and path not in FILES and not LEFT_OUT & set(path.relative_to(ROOT).parts):
                yield path


def found_in(path: Path) -> list[str]:
    allowed = EXCEPTIONS.get(str(path.relative_to(ROOT)), set())
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    words = ((number, match[0]) for number, line in lines for match in WORDS.finditer(line))
    return [
        f"{path.relative_to(ROOT)}:{number}: {word} (better: {instead(word)})"
        for number, word in words
        if word not in allowed
    ]


def instead(word: str) -> str:
    return next(better for bad, better in INSTEAD.items() if re.match(bad, word, re.IGNORECASE))


def test_avoided_words_are_not_used():
    assert [each for path in ours() for each in found_in(path)] == []


def test_every_exception_is_needed():
    unused = [name for name in EXCEPTIONS if not WORDS.search((ROOT / name).read_text("utf-8"))]
    assert unused == []


@pytest.mark.parametrize(
    "text",
    ["Nobody was told.", "told_at = 1", "def _tell(self)", "TOLD_EVERY", "row.calm", "Look now", "Its last look"],
)
def test_they_are_found_in_texts_and_in_identifiers(text):
    assert WORDS.search(text)


@pytest.mark.parametrize("text", ["untold", "a name that could not look up", "calmly", "anewly", "storyteller"])
def test_other_words_are_left_alone(text):
    assert not WORDS.search(text)
