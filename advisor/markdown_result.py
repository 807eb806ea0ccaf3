"""A recommendation as Markdown: the result page's points in the same order, to keep or to read in a terminal."""

from collections.abc import Iterable
from datetime import date

from advisor import next_steps, words
from advisor.catalogue.values import UNDATED, Catalogue, Fact, Item, Limit
from advisor.frozen import relied_on
from advisor.recommendation import applies
from advisor.recommendation.values import Answers, Change, ListItem, Recommendation


def render_markdown(recommendation: Recommendation, answers: Answers, catalogue: Catalogue, on: date) -> str:
    """The whole result as of a day. Ends with a line feed."""
    r = recommendation
    parts = [
        _head(r, catalogue, on),
        _section("Please check", _bullets(words.contradiction(id) for id in r.contradictions)),
        _section("Strongest reasons", _bullets(_reason(id, answers, catalogue) for id in r.reasons)),
        _section("Keep in mind", _bullets(words.note(id) for id in r.notes)),
        _section("The list for Ollama", _list(r.ollama, answers, catalogue)),
        _section("The list for vLLM", _list(r.vllm, answers, catalogue)),
        _section("How far the weights could move", _bullets(r.weights)),
        _section("Limits", _bullets(_limit(limit, r) for limit in catalogue.limits)),
        _section("What would change this", _bullets(_change(change, catalogue) for change in r.changes)),
        _section("What you did not tell us", _bullets(_missing(id, r, catalogue) for id in r.unanswered)),
        _section("Ways out", _bullets(words.way_out(id) for id in r.ways_out)),
        _section("Next steps", _plans(r, answers)),
        _section("Look again when", _triggers(r, on)),
        _section("What this does not consider", _bullets(f"{what}: {look}" for what, look in words.NOT_CONSIDERED)),
        _section("Facts used", _bullets(_fact(fact) for fact in relied_on(r, catalogue))),
        _section("Your answers", _answers(answers, catalogue)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _head(r: Recommendation, catalogue: Catalogue, on: date) -> str:
    dated = max(fact.article_date for fact in catalogue.facts if fact.article_date != UNDATED)
    outcome = next(outcome for outcome in catalogue.outcomes if outcome.id == r.outcome)
    return (
        f"# {outcome.headline}\n\n{outcome.meaning}\n\n**{words.strength(r)}**\n\n"
        f"{on.isoformat()}, catalogue {r.catalogue_version}. The article dates three of its passages, all {dated}; "
        f'the rest of it is undated. "Most" of a list means at least 3 of 5, which is our reading.'
    )


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _reason(id: str, answers: Answers, catalogue: Catalogue) -> str:
    claims: list[Item | Limit] = [*catalogue.items, *catalogue.limits]
    claim = next(claim for claim in claims if claim.id == id)
    told = claim.when_true if isinstance(claim, Item) else claim.when_applies
    asked = [question.id for question in catalogue.questions if id in question.feeds]
    return f"{_told(asked, answers, catalogue)}: **{id}** {claim.text}. {told} ({claim.sections[0]})"


def _told(questions: Iterable[str], answers: Answers, catalogue: Catalogue) -> str:
    """What was answered to the questions behind a claim."""
    given = [words.answer(id, answers[id], catalogue) for id in questions if answers.get(id)]
    return "; ".join(given) or "you did not say"


def _list(items: tuple[ListItem, ...], answers: Answers, catalogue: Catalogue) -> str:
    texts = {item.id: item for item in catalogue.items}
    rows = ["| Item | | Holds | You said | Section |", "|---|---|---|---|---|"]
    for each in items:
        item = texts[each.id]
        told = _told(item.questions, answers, catalogue)
        rows.append(f"| {item.id} | {item.text} | {words.holds(each.holds)} | {told} | {item.sections[0]} |")
    counts = [sum(each.holds is value for each in items) for value in (True, False, None)]
    return "\n".join(rows) + "\n\n{} true, {} not true, {} not known.".format(*counts)


def _limit(limit: Limit, r: Recommendation) -> str:
    state, told = "does not apply", limit.when_not
    if limit.id in r.limits:
        state, told = "applies", limit.when_applies
    elif limit.id in r.unknown_limits:
        state, told = "not known", "Your answers do not tell yet."
    return f"**{limit.id}** {limit.text}: {state}. {told} ({limit.sections[0]})"


def _change(change: Change, catalogue: Catalogue) -> str:
    texts = {question.id: question.text for question in catalogue.questions}
    other = [f"{texts[id]} **{words.answer(id, value, catalogue)}**" for id, value in change.answers]
    hard = " This is not easily changed." if change.hard else ""
    return f"{' And: '.join(other)} leads to {words.engine(change.verdict.outcome)}.{hard}"


def _missing(id: str, r: Recommendation, catalogue: Catalogue) -> str:
    text = next(question.text for question in catalogue.questions if question.id == id)
    return f"{text} {'This can still move the result.' if id in r.matter else 'This no longer matters.'}"


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
    checked = f"checked {fact.last_checked.isoformat()}, {fact.state}" if fact.last_checked else fact.state
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
