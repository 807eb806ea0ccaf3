"""What to do after a result: commands for the engines, and when to check it again. Pure: no Django.

One module for each engine says in which copy of its documentation the commands were read. None of them makes a server
reachable for others without a key: engines stay on loopback, and a proxy asks for the key.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import date

from ..recommendation.values import Answers
from . import lm_studio, ollama, vllm
from .plan import Command, Plan, Step

__all__ = ["REVIEW_MONTHS", "Command", "Plan", "Step", "command", "plans", "review_on"]

REVIEW_MONTHS = 3


def plans(outcome: str, answers: Answers) -> tuple[Plan, ...]:
    """The workflows to follow for an outcome, in order."""
    return tuple(make(outcome, answers) for make in _PLANS[outcome])


def command(plan: str, where: str) -> Command:
    """The command of a plan ("vllm") for a place ("Linux with nginx"), for pages that show it without answers.

    Raises KeyError where there is none.
    """
    found = {"ollama": ollama.plan, "vllm": vllm.plan}[plan](plan, _EVERYTHING)
    return {each.where: each for step in found.steps for each in step.commands}[where]


def review_on(on: date) -> date:
    """The proposed date to check it again: three months later, or the last day of that month."""
    months = on.month - 1 + REVIEW_MONTHS
    year, month = on.year + months // 12, months % 12 + 1
    return date(year, month, min(on.day, monthrange(year, month)[1]))


def _find_out(_: str, __: Answers) -> Plan:
    return Plan(
        "find_out",
        "First, answer what would settle it",
        "",
        (Step("Begin with the question that can change most", "Nothing is to be installed or decided before."),),
    )


def _agree(_: str, __: Answers) -> Plan:
    return Plan(
        "agree",
        "First, change one requirement",
        "",
        (
            Step("Take the ways out to the people who can decide", "Nothing is worth installing before one is chosen."),
            Step("Come back with the changed answer", "This page is then computed again, with commands."),
        ),
    )


_EVERYTHING: Answers = {"callers": "many", "accelerator": ("apple", "cpu", "one_gpu", "tpu")}

_PLANS: dict[str, tuple[Callable[[str, Answers], Plan], ...]] = {
    "open": (_find_out,),
    "ollama": (ollama.plan,),
    "start_with_ollama": (ollama.plan,),
    "vllm": (vllm.plan,),
    "split": (ollama.plan, vllm.plan),
    "lm_studio_first": (lm_studio.plan, ollama.plan),
    "conflict": (_agree,),
}
