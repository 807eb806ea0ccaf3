"""A result as every place shows it: all sentences made from one recommendation, so that they agree. Pure."""

from dataclasses import dataclass

from advisor.recommendation.values import Recommendation

from .headlines import headline, meaning
from .sentences import NOTES, strength


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands at the top of a result, in the "so far" panel, and wherever something is missing."""

    headline: str
    meaning: str
    strength: str  # what its word means, as one sentence that begins with the word
    notes: tuple[str, ...]
    left: str  # how many open answers could still change the result
    no_reasons: str  # stands in for the reasons where there are none
    no_changes: str  # stands in for "what would change this" where no small set of answers would
    other_side: str  # in a conflict: the title over what is wrong with the engine that no limit rules out
    action: str  # the primary button: "answer" the next question, "record" a decision, "change" a requirement


def summary(r: Recommendation) -> Summary:
    """The sentences of a recommendation."""
    return Summary(
        headline=headline(r),
        meaning=meaning(r),
        strength=strength(r),
        notes=tuple(NOTES[id] for id in r.notes),
        left=_left(r),
        no_reasons="No line of its list holds." if r.outcome != "open" else "No line of either list is known to hold.",
        no_changes=_no_changes(r),
        other_side=_other_side(r),
        action=r.action,
    )


def _left(r: Recommendation) -> str:
    if not r.unanswered:
        return "Every question that applies is answered."
    if not r.matter:
        return "No open answer can change this any more."
    return f"{len(r.matter)} answers left that matter." if len(r.matter) > 1 else "1 answer left that matters."


def _no_changes(r: Recommendation) -> str:
    if r.outcome == "open":
        return f"It is still open: {len(r.decisive)} of the questions without an answer can decide it."
    if r.decisive:
        return "Another engine is reached only by open answers, or by more than three other answers at once."
    return "No set of up to three other answers leads to another engine."


def _other_side(r: Recommendation) -> str:
    if r.outcome != "conflict" or ("G1" in r.limits and len(r.limits) > 1):
        return "What rules the other out"
    return "What the other is too small for" if "G1" in r.limits else "Why the other is more than you need"
