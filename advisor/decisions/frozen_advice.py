"""The advice as a decision keeps it: plain JSON with its words, so that it reads the same after the catalogue moved."""

from collections.abc import Mapping
from typing import Any

from .. import words
from ..catalogue.values import Catalogue, Item, Limit
from ..recommendation.facts_used import concerns, fact_as_json, limits_of, relied_on
from ..recommendation.values import Answers, ListItem, Recommendation

ADVISED = {
    "open": (),
    "start_with_ollama": ("ollama",),
    "ollama": ("ollama",),
    "vllm": ("vllm",),
    "split": ("both",),
    "lm_studio_first": ("lm_studio", "ollama"),
    "conflict": (),
}
"""Outcome -> the choices that follow it, the nearest first. An open result names none, and a conflict has ways out."""

FIRST_METHOD = "1.0"
"""The method of advice that was frozen before the method had a version."""


def freeze(answers: Answers, recommendation: Recommendation, catalogue: Catalogue) -> dict[str, Any]:
    """The recommendation with everything that a reader needs to follow it years later."""
    return {
        "outcome": recommendation.outcome,
        "strength": recommendation.strength,
        "headline": words.headline(recommendation),
        "meaning": words.meaning(recommendation),
        "strength_meaning": words.strength(recommendation),
        "method": recommendation.method,
        "catalogue_version": recommendation.catalogue_version,
        "lists": {
            "ollama": [_line(line, catalogue.items) for line in recommendation.ollama],
            "vllm": [_line(line, catalogue.items) for line in recommendation.vllm],
        },
        "limits": [_limit(limit, recommendation) for limit in catalogue.limits],
        "notes": list(recommendation.notes),
        "answers": answers_in_words(answers, catalogue),
        "facts": [fact_as_json(fact) for fact in relied_on(answers, recommendation, catalogue)],
    }


def answers_as_json(answers: Answers) -> dict[str, Any]:
    """Answers as JSON keeps them: lists instead of tuples."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in answers.items()}


def answers_in_words(answers: Answers, catalogue: Catalogue) -> list[dict[str, str]]:
    """Each question that was answered, in the order of the form."""
    lines = []
    for question in catalogue.questions:
        text = words.answer(question.id, answers.get(question.id, ()), catalogue)
        if text:
            lines.append({"id": question.id, "question": question.text, "answer": text})
    return lines


def method_of(frozen: Mapping[str, Any]) -> str:
    """The version of the rules by which frozen advice was computed."""
    return str(frozen.get("method", FIRST_METHOD))


def moved_facts(answers: Answers, frozen: Mapping[str, Any], catalogue: Catalogue) -> list[dict[str, str]]:
    """The facts that the advice relied on and that read differently today: what was, and what is.

    Advice of method 1.0 keeps facts about systems that the team does not have; those are left out.
    """
    of_limits = limits_of(frozen.get("limits", ()), catalogue)
    today = {fact.id: fact_as_json(fact) for fact in catalogue.facts}
    moved = []
    for was in frozen.get("facts", ()):
        if not concerns(was["id"], frozen["outcome"], of_limits, answers):
            continue
        now = today.get(was["id"])
        if now is None:
            moved.append({"id": was["id"], "was": _told(was), "now": "The catalogue does not hold this fact any more."})
        elif (was["text"], was["state"], was["now"]) != (now["text"], now["state"], now["now"]):
            moved.append({"id": was["id"], "was": _told(was), "now": _told(now)})
    return moved


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, str]]:
    """Where two frozen recommendations differ, the outcome first."""
    rows = [_row("Outcome", was["headline"], now["headline"]), _row("Strength", was["strength"], now["strength"])]
    rows.append(_row("Method", method_of(was), method_of(now)))
    rows += _keyed(was["limits"], now["limits"], "state")
    for engine in ("ollama", "vllm"):
        rows += _keyed(was["lists"][engine], now["lists"][engine], "state")
    answers = _keyed(was["answers"], now["answers"], "answer")
    rows += [
        row for row in answers if "not there" in row.values()
    ]  # the answers are the same, their wording may not be
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


def _line(line: ListItem, items: tuple[Item, ...]) -> dict[str, Any]:
    item = next(item for item in items if item.id == line.id)
    return {"id": item.id, "text": item.text, "state": words.holds(line.holds), "sections": list(item.sections)}


def _limit(limit: Limit, recommendation: Recommendation) -> dict[str, Any]:
    state, told = words.limit_state(limit, recommendation)
    return {"id": limit.id, "text": limit.text, "state": state, "told": told, "sections": list(limit.sections)}


def _told(fact: Mapping[str, str]) -> str:
    return " ".join(filter(None, (fact["text"], fact["now"] and f"Today: {fact['now']}", f"({fact['state']})")))
