"""What a form's answers come to on one day: the value behind page, preview, Markdown, JSON and frozen advice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from .. import guide, next_steps, words
from ..catalogue.values import UNDATED, Catalogue, Fact, Item, Limit, Question
from ..guide.anchors import SectionLink
from ..recommendation.answers import to_query
from ..recommendation.effects import applies
from ..recommendation.facts_used import relied_on
from ..recommendation.values import Answers, Change, ListItem, Recommendation, Verdict


@dataclass(frozen=True, slots=True)
class Said:
    """A question with what was answered."""

    question: Question
    text: str  # "" means: don't know
    url: str  # opens the form at this question
    matters: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    item: Item
    state: str  # "true", "not true" or "not known"
    kind: str  # the same as a CSS class
    because: str  # the answers behind it, in few words
    sources: tuple[SectionLink, ...]
    url: str  # in the guide
    change_url: str


@dataclass(frozen=True, slots=True)
class EngineList:
    name: str
    lines: tuple[Line, ...]

    @property
    def true(self) -> int:
        return [line.state for line in self.lines].count("true")

    @property
    def counts(self) -> str:
        """Like "3 true, 1 not true, 1 not known"."""
        states = [line.state for line in self.lines]
        return ", ".join(f"{states.count(state)} {state}" for state in ("true", "not true", "not known"))


@dataclass(frozen=True, slots=True)
class LimitLine:
    limit: Limit
    state: str  # "applies", "does not apply", "not known"
    text: str
    facts: tuple[Fact, ...]
    sources: tuple[SectionLink, ...]
    url: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    said: tuple[Said, ...]
    url: str
    verdict: Verdict
    headline: str
    hard: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """answer -> item or limit -> section"""

    id: str
    because: str  # the answers that make it hold, in few words
    text: str  # what they mean
    sources: tuple[SectionLink, ...]
    url: str


@dataclass(frozen=True)
class Result:
    """A recommendation with its words, sources and links, each made when it is first asked for.

    Change links open the form at `form_url`.
    """

    answers: Answers
    recommendation: Recommendation
    catalogue: Catalogue
    on: date
    form_url: str = ""

    @cached_property
    def summary(self) -> words.Summary:
        return words.summary(self.recommendation)

    @property
    def article_date(self) -> date:
        """The only date that the article gives."""
        dates = (fact.article_date for fact in self.catalogue.facts if fact.article_date != UNDATED)
        return max(map(date.fromisoformat, dates))

    @cached_property
    def ollama(self) -> EngineList:
        return EngineList("Ollama", tuple(map(self._line, self.recommendation.ollama)))

    @cached_property
    def vllm(self) -> EngineList:
        return EngineList("vLLM", tuple(map(self._line, self.recommendation.vllm)))

    @property
    def lists(self) -> tuple[EngineList, EngineList]:
        return self.ollama, self.vllm

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """The answers that speak for it, the strongest first."""
        return tuple(map(self._reason, self.recommendation.reasons))

    @cached_property
    def limits(self) -> tuple[LimitLine, ...]:
        """All hard limits, also those that do not apply."""
        return tuple(map(self._limit, self.catalogue.limits))

    @property
    def limits_in_short(self) -> str:
        """Which limits apply and how many may still come, in a few words."""
        states = [line.state for line in self.limits]
        applying, unknown = states.count("applies"), states.count("not known")
        short = f"{applying or 'none'} {'apply' if applying > 1 else 'applies'}"
        return f"{short}, {unknown} not known" if unknown else short

    @property
    def other_side(self) -> tuple[Line, ...]:
        """In a conflict: the lines that hold and that the engine which is left does not suit."""
        removed = {line.limit.removes for line in self.limits if line.state == "applies"}
        wanted = self.vllm if removed == {"vllm"} else self.ollama
        return tuple(line for line in wanted.lines if line.state == "true") if len(removed) == 1 else ()

    @cached_property
    def changes(self) -> tuple[ChangeLine, ...]:
        """What would lead to another engine, nearest first."""
        return tuple(map(self._change, self.recommendation.changes))

    @property
    def next(self) -> Said | None:
        """The open question that settles most."""
        question = self.recommendation.next_question
        return self._said(question, self.answers) if question else None

    @cached_property
    def unanswered(self) -> tuple[Said, ...]:
        """The open questions, those that matter first."""
        open_ = [self._said(id, self.answers) for id in self.recommendation.unanswered]
        return tuple(sorted(open_, key=lambda said: not said.matters))

    @cached_property
    def all_answers(self) -> tuple[Said, ...]:
        """Every question that applies, in the order of the form."""
        asked = (question.id for question in self.catalogue.questions if applies(question.id, self.answers))
        return tuple(self._said(id, self.answers) for id in asked)

    @property
    def contradictions(self) -> tuple[str, ...]:
        """Answers that rarely go together."""
        return tuple(words.CONTRADICTIONS[id] for id in self.recommendation.contradictions)

    @property
    def if_wrong(self) -> str:
        """What it costs if it turns out wrong, and how one notices."""
        return words.if_wrong(self.recommendation)

    @property
    def ways_out(self) -> tuple[str, ...]:
        """What could be given up in a conflict."""
        return tuple(map(words.way_out, self.recommendation.ways_out))

    @cached_property
    def plans(self) -> tuple[next_steps.Plan, ...]:
        return next_steps.plans(self.recommendation.outcome, self.answers)

    @property
    def triggers(self) -> tuple[str, ...]:
        return tuple(words.TRIGGERS[id] for id in self.recommendation.triggers)

    @property
    def review_on(self) -> date:
        """The day of a review without any sign."""
        return next_steps.review_on(self.on)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        return relied_on(self.answers, self.recommendation, self.catalogue)

    @property
    def query(self) -> str:
        return to_query(self.answers)

    def _said(self, id: str, answers: Answers) -> Said:
        question = next(question for question in self.catalogue.questions if question.id == id)
        text = words.answer(question, answers)
        return Said(question, text, self._form(self.answers, id), id in self.recommendation.matter)

    def _form(self, answers: Answers, question: str) -> str:
        return f"{self.form_url}?{to_query(answers)}#q-{question}"

    def _sources(self, ids: Sequence[str]) -> tuple[SectionLink, ...]:
        headings = {section.id: section.heading for section in self.catalogue.sections}
        return tuple(SectionLink(id, headings[id], guide.anchor(id)) for id in ids)

    def _place(self, item: Item) -> tuple[SectionLink, ...]:
        """The article's list with the item's place in it."""
        lists = self._sources(item.sections[:1])
        return tuple(replace(each, heading=f"{each.heading}, {item.id[1:]}") for each in lists)

    def _line(self, each: ListItem) -> Line:
        item = next(item for item in self.catalogue.items if item.id == each.id)
        given = words.given(item.questions, self.answers, self.catalogue, item.id if each.holds else "")
        missing = next((id for id in item.questions if id not in self.answers), item.questions[0])
        return Line(
            item=item,
            state={True: "true", False: "not true", None: "not known"}[each.holds],
            kind={True: "yes", False: "no", None: "maybe"}[each.holds],
            because=given or "not answered",
            sources=self._place(item),
            url=guide.anchor(item.id),
            change_url=self._form(self.answers, missing),
        )

    def _reason(self, id: str) -> Reason:
        because, url = words.because(id, self.answers, self.catalogue), guide.anchor(id)
        for item in self.catalogue.items:
            if item.id == id:
                return Reason(id, because, item.when_true, self._place(item), url)
        limit = next(limit for limit in self.catalogue.limits if limit.id == id)
        return Reason(id, because, limit.when_applies, self._sources(limit.sections[:1]), url)

    def _limit(self, limit: Limit) -> LimitLine:
        state, text = words.limit_state(limit, self.recommendation)
        facts = tuple(fact for id in limit.facts for fact in self.catalogue.facts if fact.id == id)
        return LimitLine(limit, state, text, facts, self._sources(limit.sections[:1]), guide.anchor(limit.id))

    def _change(self, change: Change) -> ChangeLine:
        changed = {**self.answers, **dict(change.answers)}
        said = tuple(self._said(id, changed) for id, _ in change.answers)
        url = self._form(changed, change.answers[0][0])
        return ChangeLine(said, url, change.verdict, words.ENGINES[change.verdict.outcome], change.hard)
