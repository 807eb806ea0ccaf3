"""What pages take from the catalogue: each function makes Markdown of one of its parts. Pure."""

from collections.abc import Callable
from datetime import date

from advisor import next_steps
from advisor.catalogue import Catalogue, Fact, Item, Question
from advisor.catalogue.values import UNDATED
from advisor.recommendation import recommend
from advisor.recommendation.answers import to_query
from core.dates import day
from fleet.evidence.thresholds import RULES
from fleet.evidence.thresholds import rule as threshold

from .asked import requests_by_engine
from .examples import EXAMPLES
from .path import outcome_name, steps
from .sources import Source, sources
from .watching import status_causes, statuses, watch_number

ENGINES = {"ollama": "Ollama", "vllm": "vLLM"}


def items(catalogue: Catalogue, engine: str) -> str:
    """Both or one engine's list, a heading for each item."""
    return "\n\n".join(_item(item, catalogue) for item in catalogue.items if item.engine == engine)


def _item(item: Item, catalogue: Catalogue) -> str:
    lines = [
        f"### {item.id} {item.text} {{#{item.id.lower()}}}",
        "",
        f"- Shown when it holds: {item.when_true}",
        f"- Shown when it does not: {item.when_false}",
        f"- Asked by {_questions(item.questions, catalogue)}",
    ]
    if item.criteria:
        lines.append(f"- Evidence: {_links(item.criteria)}. However many of them hold, the item counts once.")
    return "\n".join([*lines, f"- Section: {_cited(item.sections)}"])


def item_table(catalogue: Catalogue, _: str = "") -> str:
    """Both lists side by side."""
    lists = ([item for item in catalogue.items if item.engine == engine] for engine in ENGINES)
    rows = [f"| [[{o.id}]] {o.text} | [[{v.id}]] {v.text} |" for o, v in zip(*lists, strict=True)]
    return "\n".join(["| for Ollama | for vLLM |", "|---|---|", *rows])


def limits(catalogue: Catalogue, _: str = "") -> str:
    return "\n\n".join(
        f"### {limit.id} {limit.text} {{#{limit.id.lower()}}}\n\n"
        f"- Rules out: **{ENGINES[limit.removes]}**\n"
        f"- When it applies: {limit.when_applies}\n"
        f"- When it does not: {limit.when_not}\n"
        f"- Rests on: {_facts(limit.facts, catalogue)}\n"
        f"- Section: {_cited(limit.sections)}"
        for limit in catalogue.limits
    )


def outcomes(catalogue: Catalogue, _: str = "") -> str:
    """The closed set of results."""
    return "\n\n".join(
        f"### {outcome_name(outcome.id)} {{#{outcome.id}}}\n\n**{outcome.headline}**\n\n{outcome.meaning}\n\n"
        + ("Our inference: the article does not say this.\n\n" if outcome.ours else "")
        + (f"Section: {_cited(outcome.sections)}" if outcome.sections else "No section of the article.")
        for outcome in catalogue.outcomes
    )


def outcome_table(catalogue: Catalogue, _: str = "") -> str:
    rows = [f"| [{outcome_name(o.id)}](/guide/criteria/#{o.id}) | {o.headline} |" for o in catalogue.outcomes]
    return "\n".join(["| outcome | what it says |", "|---|---|", *rows])


def counts(catalogue: Catalogue, criterion: str) -> str:
    """Which item of the two lists a criterion is evidence for."""
    under = [item.id for item in catalogue.items if criterion in item.criteria]
    return f"Counts in {_links(under)}." if under else "Counts in no list item."


def section(catalogue: Catalogue, id: str) -> str:
    heading = next(known.heading for known in catalogue.sections if known.id == id)
    return f"## {id} {heading} {{#{id.lower()}}}"


def questions(catalogue: Catalogue, _: str = "") -> str:
    return "\n\n".join(_question(question) for question in catalogue.questions)


def _question(question: Question) -> str:
    many = "one or more of" if question.many else "one of"
    lines = [f"## {question.text} {{#{question.id}}}", "", question.why, ""]
    lines += [*(f"- **{term}**: {explained}" for term, explained in question.terms), ""]
    lines += [f"Its id is `{question.id}`; the answer is {many}:", ""]
    lines += [f"- `{option.id}`: {option.text}" for option in question.options]
    lines += ["", f"Counts in {_links(question.feeds) or 'no list'}. Sections: {_cited(question.sections)}"]
    return "\n".join(lines)


def facts(catalogue: Catalogue, _: str = "") -> str:
    """Every fact that can move, with its dates."""
    return "\n\n".join(_fact(fact) for fact in catalogue.facts)


def _fact(fact: Fact) -> str:
    about, *words = fact.id.split("-")
    name = f"{ENGINES.get(about, about)}: {' '.join(_SPELLED.get(word, word) for word in words)}"
    lines = [f"### {name} {{#{fact.id.lower()}}}", "", fact.text, ""]
    lines += [f"Today: {fact.now}", ""] if fact.now else []
    lines += [f"- In the article: {_dated(fact)}, [[{fact.section}]]"]
    lines += [f"- Last checked {_checked(fact)}: **{fact.state}**", f"- Read in: {fact.source}"]
    return "\n".join(lines)


_SPELLED = {
    "macos": "macOS",
    "windows": "Windows",
    "linux": "Linux",
    "docker": "Docker",
    "responses": "Responses",
    "openai": "OpenAI",
    "gpu": "GPU",
    "gpus": "GPUs",
    "api": "API",
    "apis": "APIs",
}


def fact_table(catalogue: Catalogue, _: str = "") -> str:
    rows = [
        f"| [{fact.text}](/guide/facts/#{fact.id.lower()}) | {_dated(fact)} | {day(fact.last_checked)} "
        f"| {day(fact.copy_date)} | {fact.state} |"
        for fact in catalogue.facts
    ]
    return "\n".join(["| fact | article | last checked | in a copy of | state |", "|---|---|---|---|---|", *rows])


def moved(catalogue: Catalogue, _: str = "") -> str:
    """The facts that are no longer as the article has them."""
    rows = [
        f"| [{fact.text}](/guide/facts/#{fact.id.lower()}) *Article: {_dated(fact)}* "
        f"| {fact.now} *Seen {_checked(fact)}* |"
        for fact in catalogue.facts
        if fact.state == "changed"
    ]
    return "\n".join(["| in the article | today |", "|---|---|", *rows])


def _dated(fact: Fact) -> str:
    return "undated" if fact.article_date == UNDATED else day(date.fromisoformat(fact.article_date))


def _checked(fact: Fact) -> str:
    return f"{day(fact.last_checked)}, in a copy of {day(fact.copy_date)}"


def path(catalogue: Catalogue, _: str = "") -> str:
    """The decision path in words."""
    lines = []
    for number, step in enumerate(steps(catalogue), 1):
        lines += [f"### Step {number}: {step.title}", "", *(f"[[{note[:2]}]]{note[2:]}\n" for note in step.notes)]
        lines += [f"- {b.when}: [{outcome_name(b.outcome)}](/guide/criteria/#{b.outcome})" for b in step.branches]
        lines.append("")
    return "\n".join(lines)


def changelog(catalogue: Catalogue, _: str = "") -> str:
    """What changed in the catalogue."""
    return "\n\n".join(f"## {version}, {day(on)}\n\n{text}" for version, on, text in catalogue.changelog)


def version(catalogue: Catalogue, _: str = "") -> str:
    return catalogue.version


def drawing(_: Catalogue, name: str = "") -> str:
    """The place of a drawing: an SVG is no Markdown, so the view puts it there."""
    return f"[drawing {name or 'path'}]"


def load_rules(_: Catalogue, __: str = "") -> str:
    """The thresholds of load verdicts with their defaults and what each rests on."""
    rows = [f"| {_default(name)} | {rule.words} | {rule.support} |" for name, rule in RULES.items()]
    return "\n".join(["| default | of | rests on |", "|---|---|---|", *rows])


def load_rule(_: Catalogue, name: str) -> str:
    """One threshold's default with its unit."""
    return _default(name)


def _default(name: str) -> str:
    rule, value = threshold(name)
    return f"{value:g} {rule.unit}".strip()


def example(catalogue: Catalogue, id: str) -> str:
    """What the advisor makes of an example, and links to its filled-in form and its result."""
    answers = EXAMPLES[id].answers(catalogue)
    advice = recommend(answers, catalogue, changes=False)
    query = to_query(answers)
    lists = [
        f"{ENGINES[engine]} {sum(item.holds is True for item in items)} of 5 "
        f"({_links([item.id for item in items if item.holds]) or 'none'})"
        for engine, items in (("ollama", advice.ollama), ("vllm", advice.vllm))
    ]
    return (
        f"**The advisor: [{outcome_name(advice.outcome)}](/guide/criteria/#{advice.outcome}), {advice.strength}.** "
        f"{'; '.join(lists)}. Limits: {_links(advice.limits) or 'none'}.\n\n"
        f"[Open the form with these answers](/advisor/?{query}) or [its result](/advisor/result/?{query})."
    )


def source_list(_: Catalogue, __: str = "") -> str:
    return "\n\n".join(_source(source) for source in sources().values())


def _source(source: Source) -> str:
    where = f"[{source.place}]({source.url})" if source.url else source.place
    return f"### {source.name} {{#{source.id}}}\n\n{day(source.date)}. {where}."


def requests(_: Catalogue, __: str = "") -> str:
    """Every request of a probe, by engine."""
    return requests_by_engine()


def command(_: Catalogue, name: str) -> str:
    """A command of the next steps as a block, so that guide and result show the same: `vllm Linux with nginx`."""
    plan, _space, where = name.partition(" ")
    return f"```bash\n{next_steps.command(plan, where).text}\n```"


def _links(ids: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"[[{id}]]" for id in ids)


def _facts(ids: tuple[str, ...], catalogue: Catalogue) -> str:
    return " ".join(f"[{fact.text}](/guide/facts/#{fact.id})" for fact in catalogue.facts if fact.id in ids)


def _questions(ids: tuple[str, ...], catalogue: Catalogue) -> str:
    texts = {question.id: question.text for question in catalogue.questions}
    return " and ".join(f"[{texts[id]}](/guide/questions/#{id})" for id in ids)


def _cited(sections: tuple[str, ...]) -> str:
    return ", ".join(f"[[{id}]]" for id in sections)


MARKS: dict[str, Callable[[Catalogue, str], str]] = {
    function.__name__: function
    for function in (
        *(changelog, command, counts, drawing, example, fact_table, facts, item_table, items, limits, moved),
        *(load_rule, load_rules, outcome_table, outcomes, path, questions, requests, section, source_list, version),
        *(status_causes, statuses, watch_number),
    )
}
