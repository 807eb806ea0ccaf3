"""The advice as a decision keeps it: plain JSON with its words, so that it reads the same after the catalogue moved."""

from collections.abc import Mapping
from typing import Any

from .. import words
from ..catalogue.values import Catalogue
from ..recommendation.facts_used import concerns, fact_as_json, limits_of
from ..recommendation.values import Answers
from ..result.result import Result

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


def freeze(result: Result) -> dict[str, Any]:
    """The result with everything that a reader needs to follow it years later."""
    advice, summary = result.recommendation, result.summary
    return {
        "outcome": advice.outcome,
        "strength": advice.strength,
        "headline": summary.headline,
        "meaning": summary.meaning,
        "strength_meaning": summary.strength,
        "method": advice.method,
        "catalogue_version": advice.catalogue_version,
        "lists": {
            engine: [
                {
                    "id": item.id,
                    "text": item.text,
                    "state": line.state,
                    "why_not": item.when_false if line.state == "not true" else "",  # not in what was frozen earlier
                    "sections": list(item.sections),
                }
                for line in lines
                for item in (line.item,)
            ]
            for engine, lines in (("ollama", result.ollama.lines), ("vllm", result.vllm.lines))
        },
        "limits": [
            {
                "id": line.limit.id,
                "text": line.limit.text,
                "state": line.state,
                "told": line.text,
                "sections": list(line.limit.sections),
            }
            for line in result.limits
        ],
        "notes": list(advice.notes),
        "answers": [
            {"id": question.id, "question": question.text, "answer": text}
            for question in result.catalogue.questions
            if (text := words.answer(question, result.answers))
        ],
        "facts": [fact_as_json(fact) for fact in result.facts],
    }


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
            moved.append(
                {"id": was["id"], "was": _fact_text(was), "now": "The catalogue does not hold this fact any more."}
            )
        elif (was["text"], was["state"], was["now"]) != (now["text"], now["state"], now["now"]):
            moved.append({"id": was["id"], "was": _fact_text(was), "now": _fact_text(now)})
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


def _fact_text(fact: Mapping[str, str]) -> str:
    return " ".join(filter(None, (fact["text"], fact["now"] and f"Today: {fact['now']}", f"({fact['state']})")))
