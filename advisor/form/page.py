"""The form, made ready: four groups of questions with their answers, sources and conditional questions."""

from dataclasses import dataclass

from .. import guide
from ..catalogue.values import Catalogue, Question
from ..guide.anchors import SectionLink
from ..recommendation.answers import to_query
from ..recommendation.effects import applies
from ..recommendation.values import Answers, chosen
from .profiles import PROFILES

GROUPS = (
    ("who", "Who and what"),
    ("machines", "Machines"),
    ("api", "The API"),
    ("load", "Load and setup"),
)
FOLLOWING = ("linux_route", "os_floor")
"""Questions that depend on the one before them, `machines`."""

LEADING = "machines"


@dataclass(frozen=True, slots=True)
class Feed:
    """An item or limit that a question counts in."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Field:
    """One question as the form shows it."""

    question: Question
    chosen: frozenset[str]
    sources: tuple[SectionLink, ...]
    feeds: tuple[Feed, ...]
    leads: bool = False  # others follow it where they apply
    follow: tuple["Field", ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A page's worth of questions that belong together."""

    id: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Starter:
    """A profile as a link."""

    title: str
    text: str
    url: str
    current: bool


def groups(answers: Answers, catalogue: Catalogue) -> tuple[Group, ...]:
    """The groups in order; a question that does not apply to these answers is left out."""
    return tuple(Group(id, title, _fields(id, answers, catalogue)) for id, title in GROUPS)


def following(answers: Answers, catalogue: Catalogue) -> tuple[Field, ...]:
    """The conditional questions that apply."""
    asked = [question for question in catalogue.questions if question.id in FOLLOWING]
    return tuple(_field(each, answers, catalogue) for each in asked if applies(each.id, answers))


def starters(answers: Answers, url: str) -> list[Starter]:
    """The profiles as links to the form."""
    starters = []
    for profile in PROFILES:
        current = all(answers.get(id) == value for id, value in profile.answers.items())
        starters.append(Starter(profile.title, profile.text, f"{url}?{to_query(profile.answers)}", current))
    return starters


def _fields(group: str, answers: Answers, catalogue: Catalogue) -> tuple[Field, ...]:
    asked = [each for each in catalogue.questions if each.group == group and each.id not in FOLLOWING]
    return tuple(_field(each, answers, catalogue) for each in asked)


def _field(question: Question, answers: Answers, catalogue: Catalogue) -> Field:
    headings = {section.id: section.heading for section in catalogue.sections}
    leads = question.id == LEADING
    return Field(
        question,
        chosen(answers, question.id),
        tuple(SectionLink(id, headings[id], guide.anchor(id)) for id in question.sections[:1]),
        tuple(Feed(id, guide.anchor(id)) for id in question.feeds if id[0] in "OVG"),  # rules have no line
        leads,
        following(answers, catalogue) if leads else (),
    )
