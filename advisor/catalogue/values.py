"""What the catalogue is made of. Frozen: a loaded catalogue never changes while the program runs."""

from dataclasses import dataclass
from datetime import date

UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the source article, by the anchor that claims name."""

    id: str  # "S06b"
    heading: str  # shortened, in our words


@dataclass(frozen=True, slots=True)
class Option:
    id: str
    text: str
    short: str  # as in "because you said: many callers, a product"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the form."""

    id: str
    group: str  # "who", "machines", "api", "load"
    text: str
    why: str  # what the answer is used for
    options: tuple[Option, ...]
    many: bool = False  # takes a list of options
    hard: bool = False  # people can't easily change what they answered
    help: str = ""  # explains the terms, one a line: "WSL: the Linux that ..."
    sections: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()  # ids of items, limits and rules it counts in

    @property
    def terms(self) -> list[tuple[str, str]]:
        """Each term with its explanation, in the order of the help."""
        pairs = (line.partition(": ") for line in self.help.splitlines())
        return [(term, explained) for term, _, explained in pairs]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a list: O1-O5 speak for Ollama, V1-V5 for vLLM."""

    id: str
    engine: str  # "ollama" or "vllm"
    text: str
    sections: tuple[str, ...]
    questions: tuple[str, ...]
    when_true: str  # its text when it holds
    when_false: str  # its text when it does not
    criteria: tuple[str, ...] = ()  # K ids that are evidence under it, never more votes


@dataclass(frozen=True, slots=True)
class Limit:
    """A hard limit: it removes an engine."""

    id: str  # "G1", "G2", "G3"
    removes: str  # engine
    text: str
    when_applies: str
    when_not: str
    sections: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A claim about an engine that can move, with the article's date and when it was last compared with a source."""

    id: str
    text: str
    article_date: str  # ISO date, or UNDATED: the article gives none
    last_checked: date  # when the source was last read
    copy_date: date  # the day that the copy which was read is from: what came later is not covered
    state: str  # "same" or "changed"
    section: str
    source: str  # what was read
    now: str = ""  # what is true today, where that differs or says more


@dataclass(frozen=True, slots=True)
class Outcome:
    id: str
    headline: str  # one sentence
    meaning: str
    sections: tuple[str, ...]
    ours: bool = False  # our inference, not the article's


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it. `version` moves with every change, and `changelog` says what changed."""

    version: str
    questions: tuple[Question, ...]
    items: tuple[Item, ...]
    limits: tuple[Limit, ...]
    facts: tuple[Fact, ...]
    outcomes: tuple[Outcome, ...]
    sections: tuple[Section, ...]
    changelog: tuple[tuple[str, date, str], ...]  # (version, date, what changed), newest first
