"""A decision as a Markdown file, laid out like MADR 4 (https://adr.github.io/madr/), with the advice as it was."""

import io
import json
import zipfile
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from django.utils.text import slugify

from core.dates import day

from ..evidence.values import State
from ..models import Decision
from .covered import engine_name
from .frozen_advice import method_of

LISTS = (("ollama", "Ollama"), ("vllm", "vLLM"))


def file_name(decision: Decision) -> str:
    """Like "0012-serve-our-models-with-vllm.md"."""
    return f"{decision.pk:04d}-{slugify(decision.title)[:60].strip('-') or 'decision'}.md"


def render(decision: Decision) -> str:
    """The whole file. Reads the names of the endpoints from the database."""
    parts = [
        _front_matter(decision),
        f"# {' '.join(decision.title.split())}",
        _section("Context and Problem Statement", decision.context),
        _section("Decision Drivers", _answers(decision.recommendation)),
        _section("Considered Options", "* Ollama\n* vLLM"),
        _section("Decision Outcome", _outcome(decision)),
        _section("Consequences", decision.consequences, level=3),
        _section("Confirmation", _confirmation(decision), level=3),
        _section("Evidence", _evidence(decision), level=3),
        _section("Pros and Cons of the Options", _lists(decision.recommendation)),
        _section("More Information", _more(decision)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def archive(decisions: Iterable[Decision]) -> bytes:
    """All of them in a zip file, one Markdown file each."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for decision in decisions:
            packed.writestr(f"{decision.team.slug}/{file_name(decision)}", render(decision))
    return stream.getvalue()


def _front_matter(decision: Decision) -> str:
    """YAML; JSON strings are YAML strings, so nothing in a name can break out of its line."""
    values = {
        "status": _status(decision),
        "date": decision.decided_on.isoformat(),
        "decision-makers": decision.deciders,
        "team": decision.team.name,
        "recorded": decision.recorded_at.date().isoformat(),
        "review-by": decision.due_on.isoformat() if decision.due_on else "",
        "catalogue-version": decision.catalogue_version,
        "method": method_of(decision.recommendation),
        "supersedes": file_name(decision.supersedes) if decision.supersedes else "",
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items() if value]
    return "\n".join(["---", *lines, "---"])


def _status(decision: Decision) -> str:
    later = decision.superseded_by
    return f"superseded by {file_name(later)}" if later else decision.status


def _section(title: str, text: str, level: int = 2) -> str:
    text = text.replace("\r\n", "\n").strip()
    return f"{'#' * level} {title}\n\n{text}" if text else ""


def _outcome(decision: Decision) -> str:
    frozen = decision.recommendation
    advice = f"The advice on that day: {frozen['headline']} ({frozen['strength']})"
    stand = "We follow it." if decision.follows_advice else f"We decide otherwise, because:\n\n{decision.why_not}"
    return "\n\n".join(
        filter(None, [f"Chosen option: “{decision.get_choice_display()}”.", f"{advice} {stand}", decision.rationale])
    )


def _confirmation(decision: Decision) -> str:
    covered = [f"* {endpoint.name} ({engine_name(endpoint)}, {endpoint.url})" for endpoint in decision.endpoints.all()]
    return "\n\n".join(filter(None, [decision.confirmation, "\n".join(covered)]))


def _evidence(decision: Decision) -> str:
    """What its endpoints showed at the last judgement, with the figures of their load verdicts."""
    last = decision.evidence.defer("snapshot", "recent").first()
    if last is None:
        return ""
    ended = f", until {day(last.until)}" if last.until else ""
    as_of = f"as of {last.judged_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, confidence {last.confidence}"
    head = f"{last.state} since {day(last.since)}{ended}; {as_of}."
    lines = []
    for found in last.findings:
        against = "Besides" if found["state"] == State.HOLDS else "Against it"
        sentences = [found["words"], *(f"Missing: {each}" for each in found["missing"])]
        sentences += [f"{against}: {each}" for each in found["against"]]
        sentences += [f"Next to try: {found['advice']}"] if found["advice"] else []
        lines.append(f"* {found['name']}, {found['state']}: {' '.join(sentences)}")
    return "\n\n".join(filter(None, [f"{head[0].upper()}{head[1:]}", *last.missing, "\n".join(lines)]))


def _answers(frozen: dict[str, Any]) -> str:
    return "\n".join(f"* {line['question']} {line['answer']}" for line in frozen["answers"])


def _lists(frozen: dict[str, Any]) -> str:
    blocks = [
        f"### {name}\n\n" + "\n".join(f"* {_mark(line)}" for line in frozen["lists"][engine]) for engine, name in LISTS
    ]
    limits = "\n".join(f"* {_mark(line)}" for line in frozen["limits"])
    return "\n\n".join([*blocks, f"### Hard limits\n\n{limits}"])


def _mark(line: dict[str, Any]) -> str:
    return f"{line['id']}, {line['state']}: {line['text']} ({', '.join(line['sections'])})"


def _more(decision: Decision) -> str:
    facts = [f"* {_fact(fact)}" for fact in decision.recommendation["facts"]]
    earlier = f"It supersedes {file_name(decision.supersedes)}." if decision.supersedes else ""
    revisit = f"Review earlier when:\n\n{decision.revisit_when}" if decision.revisit_when else ""
    relied = "Facts it relied on:\n\n" + "\n".join(facts) if facts else ""
    return "\n\n".join(filter(None, [earlier, revisit, relied]))


def _fact(fact: dict[str, Any]) -> str:
    checked = fact["last_checked"] or "never"
    if copied := fact.get("copy_date"):  # decisions on catalogue 1.0 have none
        checked += f" in a copy of {copied}"
    return f"{fact['text']} (article: {fact['article_date']}; last checked: {checked}; {fact['state']})"
