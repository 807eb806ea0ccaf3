"""A recommendation as Markdown: the result page's points in the same order, to keep or to read in a terminal."""

from collections.abc import Iterable
from datetime import date

from advisor import next_steps, words
from advisor.catalogue.values import UNDATED, Catalogue, Fact, Item, Limit
from advisor.recommendation import applies
from advisor.recommendation.facts_used import relied_on
from advisor.recommendation.values import Answers, ListItem, Recommendation


def render_markdown(recommendation: Recommendation, answers: Answers, catalogue: Catalogue, on: date) -> str:
    """The whole result as of a day. Ends with a line feed."""
    r, summary = recommendation, words.summary(recommendation)
    parts = [
        _head(r, summary, catalogue, on),
        _section("Please check", _bullets(words.contradiction(id) for id in r.contradictions)),
        _section("Because you said", _reasons(r, answers, catalogue) or summary.no_reasons),
        _section("Keep in mind", _bullets(summary.notes)),
        _section("If this is wrong", words.if_wrong(r)),
        _section("The list for Ollama", _list(r.ollama, answers, catalogue)),
        _section("The list for vLLM", _list(r.vllm, answers, catalogue)),
        _section("How far the weights could move", _bullets(r.weights)),
        _section("Limits", _bullets(_limit(limit, r) for limit in catalogue.limits)),
        _section("What would change this", _changes(r, catalogue) or summary.no_changes),
        _section("Not answered", "\n\n".join((summary.left, _missing(r, catalogue))).strip()),
        _section("Ways out", _bullets(words.way_out(id) for id in r.ways_out)),
        _section("Next steps", _plans(r, answers)),
        _section("Review it when", _triggers(r, on)),
        _section("What this does not consider", _bullets(f"{what}: {where}" for what, where in words.NOT_CONSIDERED)),
        _section("Facts used", _bullets(_fact(fact) for fact in relied_on(answers, r, catalogue))),
        _section("Your answers", _answers(answers, catalogue)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _head(r: Recommendation, summary: words.Summary, catalogue: Catalogue, on: date) -> str:
    dated = max(fact.article_date for fact in catalogue.facts if fact.article_date != UNDATED)
    return (
        f"# {summary.headline}\n\n{summary.meaning}\n\n**{summary.strength}**\n\n"
        f"{on.isoformat()}, catalogue {r.catalogue_version}, method {r.method}. The article dates three of its "
        f'passages, all {dated}; the rest of it is undated. "Most" of a list means at least 3 of 5: our reading.'
    )


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _reasons(r: Recommendation, answers: Answers, catalogue: Catalogue) -> str:
    return _bullets(_reason(id, answers, catalogue) for id in r.reasons)


def _reason(id: str, answers: Answers, catalogue: Catalogue) -> str:
    claims: list[Item | Limit] = [*catalogue.items, *catalogue.limits]
    claim = next(claim for claim in claims if claim.id == id)
    means = claim.when_true if isinstance(claim, Item) else claim.when_applies
    return f"**{words.because(id, answers, catalogue)}**: {means} ({id}, {claim.sections[0]})"


def _list(items: tuple[ListItem, ...], answers: Answers, catalogue: Catalogue) -> str:
    texts = {item.id: item for item in catalogue.items}
    rows = ["| Item | | Holds | Your answer | Section |", "|---|---|---|---|---|"]
    for each in items:
        item = texts[each.id]
        given = words.given(item.questions, answers, catalogue, item.id if each.holds else "") or "not answered"
        rows.append(f"| {item.id} | {item.text} | {words.holds(each.holds)} | {given} | {item.sections[0]} |")
    counts = [sum(each.holds is value for each in items) for value in (True, False, None)]
    return "\n".join(rows) + "\n\n{} true, {} not true, {} not known.".format(*counts)


def _limit(limit: Limit, r: Recommendation) -> str:
    state, means = words.limit_state(limit, r)
    return f"**{limit.id}** {limit.text}: {state}. {means} ({limit.sections[0]})"


def _changes(r: Recommendation, catalogue: Catalogue) -> str:
    texts = {question.id: question.text for question in catalogue.questions}
    lines = []
    for change in r.changes:
        other = " And: ".join(f"{texts[id]} **{words.answer(id, value, catalogue)}**" for id, value in change.answers)
        hard = " This is not easily changed." if change.hard else ""
        lines.append(f"{other} leads to {words.engine(change.verdict.outcome)}, {change.verdict.strength}.{hard}")
    return _bullets(lines)


def _missing(r: Recommendation, catalogue: Catalogue) -> str:
    texts = {question.id: question.text for question in catalogue.questions}
    return _bullets(
        f"{texts[id]} {'This could change the result.' if id in r.matter else 'This would not change it.'}"
        for id in r.unanswered
    )


def _plans(r: Recommendation, answers: Answers) -> str:
    parts = []
    for plan in next_steps.plans(r.outcome, answers):
        parts.append(f"### {plan.title}")
        for number, step in enumerate(plan.steps, start=1):
            parts.append(f"{number}. **{step.title}.** {step.text}".rstrip())
            parts += [f"{command.where}:\n\n```\n{command.text}\n```" for command in step.commands]
    return "\n\n".join(parts)


def _triggers(r: Recommendation, on: date) -> str:
    lines = [words.trigger(id) for id in r.triggers]
    return _bullets([*lines, f"In any case on {next_steps.review_on(on).isoformat()}."])


def _fact(fact: Fact) -> str:
    article = "undated in the article" if fact.article_date == UNDATED else f"article {fact.article_date}"
    checked = f"checked {fact.last_checked} in a copy of {fact.copy_date}, {fact.state}"
    now = f" {fact.now}" if fact.now else ""
    return f"{fact.text}{now} ({fact.section}, {article}; {checked})"


def _answers(answers: Answers, catalogue: Catalogue) -> str:
    asked = (question for question in catalogue.questions if applies(question.id, answers))
    lines = []
    for question in asked:
        given = answers.get(question.id)
        told = words.answer(question.id, given, catalogue) if given else "Don't know"
        lines.append(f"{question.text} **{told}**")
    return _bullets(lines)
