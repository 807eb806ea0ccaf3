"""A recommendation made ready for the result page: every line with its words, its source and its Change link."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from .. import guide, words
from ..catalogue.values import UNDATED, Catalogue, Fact, Item, Limit, Question
from ..guide.anchors import SectionLink
from ..next_steps import Plan, plans, review_on
from ..recommendation.answers import to_query
from ..recommendation.effects import applies
from ..recommendation.facts_used import relied_on
from ..recommendation.values import Answers, Change, ListItem, Recommendation, Verdict

TRUE, FALSE, UNKNOWN = "true", "not true", "not known"
APPLIES = "applies"


@dataclass(frozen=True, slots=True)
class Said:
    """A question with what was answered."""

    question: Question
    text: str  # "" means: don't know
    url: str  # opens the form at this question
    matters: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a list."""

    item: Item
    state: str  # TRUE, FALSE or UNKNOWN
    told: str  # the answers behind it, in few words
    sources: tuple[SectionLink, ...]
    url: str  # in the guide
    change_url: str

    @property
    def kind(self) -> str:
        """The state as a CSS class."""
        return {TRUE: "yes", FALSE: "no", UNKNOWN: "maybe"}[self.state]


@dataclass(frozen=True, slots=True)
class EngineList:
    """One of the two lists of five."""

    name: str
    lines: tuple[Line, ...]

    def count(self, state: str) -> int:
        return sum(line.state == state for line in self.lines)

    @property
    def true(self) -> int:
        return self.count(TRUE)

    @property
    def counts(self) -> str:
        return f"{self.true} true, {self.count(FALSE)} not true, {self.count(UNKNOWN)} not known"


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One hard limit."""

    limit: Limit
    state: str  # "applies", "does not apply", "not known"
    text: str
    facts: tuple[Fact, ...]
    sources: tuple[SectionLink, ...]
    url: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What would lead to another engine."""

    said: tuple[Said, ...]
    url: str
    verdict: Verdict
    headline: str
    hard: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """answer -> item or limit -> section"""

    id: str
    told: str  # the answers that make it hold, in few words
    text: str  # what they mean
    sources: tuple[SectionLink, ...]
    url: str


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Everything that the page says, in its order."""

    recommendation: Recommendation
    summary: words.Summary
    on: date
    article_date: date
    ollama: EngineList
    vllm: EngineList
    reasons: tuple[Reason, ...]
    limits: tuple[LimitLine, ...]
    changes: tuple[ChangeLine, ...]
    next: Said | None  # the open question that settles most
    unanswered: tuple[Said, ...]
    answers: tuple[Said, ...]
    triggers: tuple[str, ...]
    contradictions: tuple[str, ...]
    if_wrong: str
    ways_out: tuple[str, ...]
    plans: tuple[Plan, ...]
    review_on: date
    facts: tuple[Fact, ...]
    query: str

    @property
    def lists(self) -> tuple[EngineList, EngineList]:
        return self.ollama, self.vllm

    @property
    def limits_in_short(self) -> str:
        """Which limits apply and how many may still come, in a few words."""
        applying, unknown = (sum(line.state == state for line in self.limits) for state in (APPLIES, UNKNOWN))
        short = f"{applying or 'none'} {'apply' if applying > 1 else 'applies'}"
        return f"{short}, {unknown} not known" if unknown else short

    @property
    def other_side(self) -> tuple[Line, ...]:
        """In a conflict: the lines that hold and that the engine which is left does not suit."""
        removed = {line.limit.removes for line in self.limits if line.state == APPLIES}
        return tuple(line for line in self._wanted(removed) if line.state == TRUE) if len(removed) == 1 else ()

    def _wanted(self, removed: set[str]) -> tuple[Line, ...]:
        return self.vllm.lines if removed == {"vllm"} else self.ollama.lines


class Teller:
    """Makes the lines of one result. `form_url` is the form that a Change link opens."""

    def __init__(self, answers: Answers, advice: Recommendation, catalogue: Catalogue, form_url: str) -> None:
        self.answers, self.advice, self.catalogue, self.form_url = answers, advice, catalogue, form_url
        self.questions = {question.id: question for question in catalogue.questions}
        self.headings = {section.id: section.heading for section in catalogue.sections}
        self.facts = {fact.id: fact for fact in catalogue.facts}

    def page(self, on: date) -> ResultPage:
        """The whole page, as of a day."""
        advice = self.advice
        return ResultPage(
            recommendation=advice,
            summary=words.summary(advice),
            on=on,
            article_date=article_date(self.catalogue),
            ollama=self._list("Ollama", advice.ollama),
            vllm=self._list("vLLM", advice.vllm),
            reasons=tuple(self._reason(id) for id in advice.reasons),
            limits=tuple(self._limit(limit) for limit in self.catalogue.limits),
            changes=tuple(self._change(change) for change in advice.changes),
            next=self.said(advice.next_question) if advice.next_question else None,
            unanswered=tuple(self.said(id) for id in self._by_weight(advice.unanswered)),
            answers=tuple(self.said(question.id) for question in self.catalogue.questions if self._shown(question)),
            triggers=tuple(words.trigger(id) for id in advice.triggers),
            contradictions=tuple(words.contradiction(id) for id in advice.contradictions),
            if_wrong=words.if_wrong(advice),
            ways_out=tuple(words.way_out(id) for id in advice.ways_out),
            plans=plans(advice.outcome, self.answers),
            review_on=review_on(on),
            facts=relied_on(self.answers, advice, self.catalogue),
            query=to_query(self.answers),
        )

    def said(self, id: str, answers: Answers | None = None) -> Said:
        """What was answered to a question, or would be with other answers."""
        question = self.questions[id]
        text = answer_text(question, self.answers if answers is None else answers)
        return Said(question, text, self.link(self.answers, id), id in self.advice.matter)

    def link(self, answers: Answers, question: str = "") -> str:
        """Opens the form with these answers, at a question."""
        return f"{self.form_url}?{to_query(answers)}" + (f"#q-{question}" if question else "")

    def sources(self, ids: Sequence[str]) -> tuple[SectionLink, ...]:
        """The sections by these ids."""
        return tuple(SectionLink(id, self.headings[id], guide.anchor(id)) for id in ids)

    def _by_weight(self, ids: Sequence[str]) -> list[str]:
        return sorted(ids, key=lambda id: id not in self.advice.matter)

    def _shown(self, question: Question) -> bool:
        return question.id in self.advice.unanswered or applies(question.id, self.answers)

    def _list(self, name: str, items: Sequence[ListItem]) -> EngineList:
        return EngineList(name, tuple(self._line(each) for each in items))

    def _line(self, each: ListItem) -> Line:
        item = next(item for item in self.catalogue.items if item.id == each.id)
        state = {True: TRUE, False: FALSE, None: UNKNOWN}[each.holds]
        told = (
            words.given(item.questions, self.answers, self.catalogue, item.id if each.holds else "") or "not answered"
        )
        missing = next((id for id in item.questions if id not in self.answers), item.questions[0])
        return Line(item, state, told, self._place(item), guide.anchor(item.id), self.link(self.answers, missing))

    def _place(self, item: Item) -> tuple[SectionLink, ...]:
        """The article's list with the item's place in it."""
        return tuple(
            replace(each, heading=f"{each.heading}, {item.id[1:]}") for each in self.sources(item.sections[:1])
        )

    def _reason(self, id: str) -> Reason:
        told = words.because(id, self.answers, self.catalogue)
        item = next((item for item in self.catalogue.items if item.id == id), None)
        if item is not None:
            return Reason(id, told, item.when_true, self._place(item), guide.anchor(id))
        limit = next(limit for limit in self.catalogue.limits if limit.id == id)
        return Reason(id, told, limit.when_applies, self.sources(limit.sections[:1]), guide.anchor(id))

    def _limit(self, limit: Limit) -> LimitLine:
        state, text = words.limit_state(limit, self.advice)
        facts = tuple(self.facts[id] for id in limit.facts)
        return LimitLine(limit, state, text, facts, self.sources(limit.sections[:1]), guide.anchor(limit.id))

    def _change(self, change: Change) -> ChangeLine:
        changed = {**self.answers, **dict(change.answers)}
        said = tuple(self.said(id, changed) for id, _ in change.answers)
        url = self.link(changed, change.answers[0][0])
        return ChangeLine(said, url, change.verdict, words.engine(change.verdict.outcome), change.hard)


def article_date(catalogue: Catalogue) -> date:
    """The only date that the article gives."""
    return max(date.fromisoformat(fact.article_date) for fact in catalogue.facts if fact.article_date != UNDATED)


def answer_text(question: Question, answers: Answers) -> str:
    """The chosen options in words; empty for "don't know"."""
    chosen = answers.get(question.id, ())
    ids = (chosen,) if isinstance(chosen, str) else chosen
    return ", ".join(option.text for option in question.options if option.id in ids)
