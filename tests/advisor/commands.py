"""Every command that the advisor can show, over all the answers that make a difference to them."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations, product

from advisor.next_steps import Command, plans
from advisor.recommendation.values import OUTCOMES, Answers

MACHINES = ("mac", "windows", "linux_pc", "linux_server")
ACCELERATORS = ("cpu", "apple", "one_gpu", "multi_gpu", "tpu")


def answer_sets() -> Iterator[Answers]:
    """All machines and accelerators one by one, together and unanswered, with all callers and ways to scale."""
    machines = [part for size in range(len(MACHINES) + 1) for part in combinations(MACHINES, size)]
    accelerators: list[tuple[str, ...] | str] = [(), *ACCELERATORS, ("apple", "one_gpu"), ACCELERATORS]
    scalings = [(), ("tensor_parallel",), ("data_parallel", "tensor_parallel"), ("multi_node",)]
    for callers, machine, accelerator, scaling in product(
        (None, "me", "small_local", "many", "both"), machines, accelerators, scalings
    ):
        given: Answers = {"machines": machine, "accelerator": accelerator, "scaling": scaling}
        yield given if callers is None else {**given, "callers": callers}


@cache
def every_command() -> dict[tuple[str, str], set[Command]]:
    """(plan, where it is for) -> the commands that are shown there."""
    found: dict[tuple[str, str], set[Command]] = {}
    for answers in answer_sets():
        for outcome in OUTCOMES:
            for plan in plans(outcome, answers):
                for step in plan.steps:
                    for command in step.commands:
                        where = re.sub(r", \d of them", "", command.where)
                        found.setdefault((plan.id, where), set()).add(command)
    return found
