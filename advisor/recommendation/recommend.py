"""The one function behind preview, page, Markdown, JSON and command line."""

from collections.abc import Mapping
from typing import Any

from advisor.catalogue.values import Catalogue

from . import judge, possible
from .changes import nearest
from .effects import BIT, DATED, LINUX, applies, effects, known, total
from .remarks import contradictions, notes, reasons, triggers, weights
from .values import Answers, ListItem, Recommendation, Verdict
from .ways_out import ways_out


def recommend(answers: Mapping[str, Any], catalogue: Catalogue, *, changes: bool = True) -> Recommendation:
    """What the answers come to. Without `changes`, the nearest changes and the ways out are left empty.

    Unknown ids have no effect; `advisor.recommendation.answers.clean` names them.
    """
    answers = known(answers)
    effect = total(effects(answers).values())
    s = judge.state(effect)
    unanswered = _unanswered(answers, catalogue)
    verdict = judged(answers, catalogue)
    items = [ListItem(item.id, _holds(item.id, item.questions, effect, answers)) for item in catalogue.items]
    moving = possible.matter(effect, unanswered, answers)
    return Recommendation(
        outcome=verdict.outcome,
        strength=verdict.strength,
        leads="ollama" if s.o > s.v else "vllm" if s.v > s.o else "",
        serving_hurts=s.serving_hurts,
        grows=s.growth,
        ollama=tuple(item for item in items if item.id[0] == "O"),
        vllm=tuple(item for item in items if item.id[0] == "V"),
        limits=tuple(limit.id for limit in catalogue.limits if effect & BIT[limit.id]),
        unknown_limits=tuple(limit.id for limit in catalogue.limits if _may_come(limit.id, answers)),
        notes=notes(verdict, answers, effect),
        reasons=reasons(verdict, effect),
        asked=_asked(answers, catalogue),
        unanswered=unanswered,
        matter=moving,
        decisive=possible.decisive(effect, unanswered, answers),
        next_question=possible.next_question(effect, unanswered, moving, answers),
        changes=nearest(answers, verdict, catalogue, judged) if changes else (),
        ways_out=ways_out(answers, verdict, catalogue, judged) if changes else (),
        weights=weights(effect),
        triggers=triggers(verdict, answers, effect),
        contradictions=contradictions(answers),
        action={"open": "answer", "conflict": "change"}.get(verdict.outcome, "record"),
        catalogue_version=catalogue.version,
    )


def judged(answers: Answers, catalogue: Catalogue) -> Verdict:
    """Outcome and strength alone."""
    answers = known(answers)
    unanswered = _unanswered(answers, catalogue)
    effect = total(effects(answers).values())
    state = judge.state(effect)
    if 2 * len(unanswered) > _asked(answers, catalogue) and judge.silent(state):
        return Verdict("open", "open")
    return Verdict(judge.outcome(state), possible.strength(effect, unanswered, answers))


def _asked(answers: Answers, catalogue: Catalogue) -> int:
    return sum(applies(question.id, answers) for question in catalogue.questions)


def _unanswered(answers: Answers, catalogue: Catalogue) -> tuple[str, ...]:
    ids = (question.id for question in catalogue.questions)
    return tuple(name for name in ids if name not in answers and applies(name, answers))


def _holds(item: str, questions: tuple[str, ...], effect: int, answers: Answers) -> bool | None:
    if effect & BIT[item]:
        return True
    return False if all(question in answers for question in questions) else None


def _may_come(limit: str, answers: Answers) -> bool:
    """Whether a missing answer can still bring a limit."""
    machines = set(answers.get("machines", ()))
    if limit == "G2":
        return "responses_state" not in answers
    if limit == "G1":
        return not machines or (machines == {"windows"} and "linux_route" not in answers)
    return not machines or (bool(machines & DATED) and not machines & LINUX and "os_floor" not in answers)
