"""A result as Markdown: the page's points in the same order, to keep or to read in a terminal."""

from collections.abc import Iterable

from .. import words
from ..catalogue.values import UNDATED, Fact
from .result import EngineList, Result


def as_markdown(result: Result) -> str:
    """The whole result. Ends with a line feed."""
    r, summary = result.recommendation, result.summary
    parts = [
        _head(result),
        _section("Please check", _bullets(result.contradictions)),
        _section("Because you said", _reasons(result) or summary.no_reasons),
        _section("Keep in mind", _bullets(summary.notes)),
        _section("If this is wrong", result.if_wrong),
        _section("The list for Ollama", _list(result.ollama)),
        _section("The list for vLLM", _list(result.vllm)),
        _section("How far the weights could move", _bullets(r.weights)),
        _section("Limits", _limits(result)),
        _section("What would change this", _changes(result) or summary.no_changes),
        _section("Not answered", "\n\n".join((summary.left, _missing(result))).strip()),
        _section("Ways out", _bullets(result.ways_out)),
        _section("Next steps", _plans(result)),
        _section("Review it when", _bullets([*result.triggers, f"In any case on {result.review_on.isoformat()}."])),
        _section("What this does not consider", _bullets(f"{what}: {where}" for what, where in words.NOT_CONSIDERED)),
        _section("Facts used", _bullets(map(_fact, result.facts))),
        _section("Your answers", _answers(result)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _head(result: Result) -> str:
    r, summary = result.recommendation, result.summary
    return (
        f"# {summary.headline}\n\n{summary.meaning}\n\n**{summary.strength}**\n\n"
        f"{result.on.isoformat()}, catalogue {r.catalogue_version}, method {r.method}. The article dates three of its "
        f'passages, all {result.article_date}; the rest of it is undated. "Most" of a list means at least 3 of 5: '
        "our reading."
    )


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _reasons(result: Result) -> str:
    return _bullets(f"**{each.because}**: {each.text} ({each.id}, {each.sources[0].id})" for each in result.reasons)


def _list(engine: EngineList) -> str:
    rows = ["| Item | | Holds | Your answer | Section |", "|---|---|---|---|---|"]
    for line in engine.lines:
        rows.append(f"| {line.item.id} | {line.item.text} | {line.state} | {line.because} | {line.sources[0].id} |")
    return "\n".join(rows) + f"\n\n{engine.counts}."


def _limits(result: Result) -> str:
    return _bullets(
        f"**{line.limit.id}** {line.limit.text}: {line.state}. {line.text} ({line.sources[0].id})"
        for line in result.limits
    )


def _changes(result: Result) -> str:
    lines = []
    for change in result.changes:
        other = " And: ".join(f"{said.question.text} **{said.text}**" for said in change.said)
        hard = " This is not easily changed." if change.hard else ""
        lines.append(f"{other} leads to {change.headline}, {change.verdict.strength}.{hard}")
    return _bullets(lines)


def _missing(result: Result) -> str:
    return _bullets(
        f"{said.question.text} {'This could change the result.' if said.matters else 'This would not change it.'}"
        for said in result.unanswered
    )


def _plans(result: Result) -> str:
    parts = []
    for plan in result.plans:
        parts.append(f"### {plan.title}")
        for number, step in enumerate(plan.steps, start=1):
            parts.append(f"{number}. **{step.title}.** {step.text}".rstrip())
            parts += [f"{command.where}:\n\n```\n{command.text}\n```" for command in step.commands]
    return "\n\n".join(parts)


def _fact(fact: Fact) -> str:
    article = "undated in the article" if fact.article_date == UNDATED else f"article {fact.article_date}"
    checked = f"checked {fact.last_checked} in a copy of {fact.copy_date}, {fact.state}"
    now = f" {fact.now}" if fact.now else ""
    return f"{fact.text}{now} ({fact.section}, {article}; {checked})"


def _answers(result: Result) -> str:
    asked = [(said.question.text, said.text or "Don't know") for said in result.all_answers]
    return _bullets(f"{question} **{answer}**" for question, answer in asked)
