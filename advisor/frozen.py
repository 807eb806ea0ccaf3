"""The advice as a decision keeps it: plain JSON with its words, so that it reads the same after the catalogue moved."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .catalogue.values import Catalogue, Fact, Item, Limit
from .recommendation.values import Answers, ListItem, Recommendation

ADVISED = {
    "open": ("ollama",),
    "start_with_ollama": ("ollama",),
    "ollama": ("ollama",),
    "vllm": ("vllm",),
    "split": ("both",),
    "lm_studio_first": ("lm_studio", "ollama"),
    "conflict": (),
}
"""Outcome -> the choices that follow it, the nearest first. A conflict has none: its ways out are the team's own."""

_STATE = {True: "true", False: "not true", None: "not known"}


def freeze(answers: Answers, recommendation: Recommendation, catalogue: Catalogue) -> dict[str, Any]:
    """The recommendation with everything that a reader needs to follow it years later."""
    return {
        "outcome": recommendation.outcome,
        "strength": recommendation.strength,
        "headline": _headline(recommendation.outcome, catalogue),
        "catalogue_version": recommendation.catalogue_version,
        "lists": {
            "ollama": [_line(line, catalogue.items) for line in recommendation.ollama],
            "vllm": [_line(line, catalogue.items) for line in recommendation.vllm],
        },
        "limits": [_limit(limit, recommendation) for limit in catalogue.limits],
        "notes": list(recommendation.notes),
        "answers": answers_in_words(answers, catalogue),
        "facts": [_fact(fact) for fact in relied_on(recommendation, catalogue)],
    }


def answers_as_json(answers: Answers) -> dict[str, Any]:
    """Answers as JSON keeps them: lists instead of tuples."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in answers.items()}


def answers_in_words(answers: Answers, catalogue: Catalogue) -> list[dict[str, str]]:
    """Each question that was answered, in the order of the form."""
    lines = []
    for question in catalogue.questions:
        chosen = answers.get(question.id, ())
        ids = (chosen,) if isinstance(chosen, str) else chosen
        told = ", ".join(option.text for option in question.options if option.id in ids)
        if told:
            lines.append({"id": question.id, "question": question.text, "answer": told})
    return lines


def relied_on(recommendation: Recommendation, catalogue: Catalogue) -> tuple[Fact, ...]:
    """The facts under the limits that apply or may, and in the sections of the list items that hold."""
    limits = [limit for limit in catalogue.limits if limit.id in recommendation.limits + recommendation.unknown_limits]
    held = {line.id for line in recommendation.ollama + recommendation.vllm if line.holds}
    named = {fact for limit in limits for fact in limit.facts}
    sections = {section for item in catalogue.items if item.id in held for section in item.sections}
    return tuple(fact for fact in catalogue.facts if fact.id in named or fact.section in sections)


def moved_facts(frozen: Mapping[str, Any], catalogue: Catalogue) -> list[dict[str, str]]:
    """The facts that the advice relied on and that read differently today: what was, and what is."""
    today = {fact.id: _fact(fact) for fact in catalogue.facts}
    moved = []
    for was in frozen.get("facts", ()):
        now = today.get(was["id"])
        if now is None:
            moved.append({"id": was["id"], "was": _told(was), "now": "The catalogue does not hold this fact any more."})
        elif (was["text"], was["state"], was["now"]) != (now["text"], now["state"], now["now"]):
            moved.append({"id": was["id"], "was": _told(was), "now": _told(now)})
    return moved


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, str]]:
    """Where two frozen recommendations differ, the outcome first."""
    rows = [_row("Outcome", was["headline"], now["headline"]), _row("Strength", was["strength"], now["strength"])]
    rows += _keyed(was["limits"], now["limits"], "state")
    for engine in ("ollama", "vllm"):
        rows += _keyed(was["lists"][engine], now["lists"][engine], "state")
    rows += _keyed(was["answers"], now["answers"], "answer")
    return [row for row in rows if row["was"] != row["now"]]


def _keyed(was: list[dict[str, str]], now: list[dict[str, str]], key: str) -> list[dict[str, str]]:
    before, after = ({line["id"]: line for line in lines} for lines in (was, now))
    return [
        _row(
            f"{id}: {(after.get(id) or before[id]).get('text') or (after.get(id) or before[id])['question']}",
            before[id][key] if id in before else "not there",
            after[id][key] if id in after else "not there",
        )
        for id in dict.fromkeys([*before, *after])
    ]


def _row(what: str, was: str, now: str) -> dict[str, str]:
    return {"what": what, "was": was, "now": now}


def _headline(outcome: str, catalogue: Catalogue) -> str:
    return next((found.headline for found in catalogue.outcomes if found.id == outcome), outcome)


def _line(line: ListItem, items: tuple[Item, ...]) -> dict[str, Any]:
    item = next(item for item in items if item.id == line.id)
    return {"id": item.id, "text": item.text, "state": _STATE[line.holds], "sections": list(item.sections)}


def _limit(limit: Limit, recommendation: Recommendation) -> dict[str, Any]:
    state, told = "does not apply", limit.when_not
    if limit.id in recommendation.limits:
        state, told = "applies", limit.when_applies
    elif limit.id in recommendation.unknown_limits:
        state, told = "not known", limit.text
    return {"id": limit.id, "text": limit.text, "state": state, "told": told, "sections": list(limit.sections)}


def _fact(fact: Fact) -> dict[str, Any]:
    return asdict(fact) | {"last_checked": fact.last_checked.isoformat() if fact.last_checked else ""}


def _told(fact: Mapping[str, str]) -> str:
    return " ".join(filter(None, (fact["text"], fact["now"] and f"Today: {fact['now']}", f"({fact['state']})")))
