"""How every engine is asked: its health decides, all else is a side question that never does.

A side question has half of the time that is left. Whatever goes wrong with it (too late, refused, lost, odd) leaves
what was known before, with a warning; then it is asked less often for a while, since a question that hangs costs the
server work, too. Only where it says why nobody can use the server (`decides`, such as a key that is refused) it is the
reading's failure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from . import openai_models
from .errors import BadAnswer, Cause, ProbeError, Rejected
from .learning import Learned
from .reading import Identity
from .visit import Visit

AGAIN = 60.0
"""Seconds until a side question is asked again that got no good answer."""

FREE = "free: answered from memory"
"""What most questions cost a server."""


def _always(learned: Learned) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a probe asks an engine besides its health."""

    name: str  # what it is about, for the warning and as the key in Facts.asked: "models"
    learn: Callable[[Visit, Learned], None]  # puts the answer into `learned`; raises ProbeErrors
    asks: tuple[str, ...]  # the requests as people write them: "GET /v1/models"
    step: str = "models"
    every: float = 0  # seconds from one answer to the next; 0: in every probe
    cost: str = FREE
    when: Callable[[Learned], bool] = _always  # False leaves it out of this probe, also when it is due
    sooner: Callable[[Learned], bool] | None = None  # True asks it before it is due
    decides: frozenset[Cause] = frozenset()


LIST_OF_MODELS = Question(
    "models",
    openai_models.learn_models,
    (f"GET {openai_models.PATH}",),
    every=openai_models.EVERY,
    decides=openai_models.REFUSED,
)
"""What most engines are asked for their models."""


class Engine(Protocol):
    """What a module of this package offers; a module is an Engine by having these names."""

    @property
    def NAME(self) -> str:
        """How it is stored and filtered by: "vllm"."""

    @property
    def LABEL(self) -> str:
        """How people write it: "vLLM"."""

    @property
    def PORT(self) -> int | None:
        """The port it listens on by default."""

    @property
    def HEALTH(self) -> tuple[str, ...]:
        """The requests of `check_health`, as people write them."""

    @property
    def QUESTIONS(self) -> tuple[Question, ...]:
        """What a probe asks besides, in this order."""

    def identify(self, visit: Visit) -> Identity | None:
        """Is it this engine? None when it is not; raises only what the transport raises."""

    def check_health(self, visit: Visit, learned: Learned) -> None:
        """Raises the ProbeError by which it is not up."""


_SHUT = (
    Cause.AUTH_REJECTED,
    Cause.BASIC_AUTH,
    Cause.HOST_REJECTED,  # which an empty 403 is taken for
    Cause.LOGIN_PAGE,
    Cause.PROXY_REFUSED,
    Cause.REDIRECTED,
    Cause.UNEXPECTED_STATUS,
)
"""By these a proxy keeps an engine's own routes from us; many pass on /v1 only, as vLLM's guide advises:
https://docs.vllm.ai/en/latest/usage/security/"""


def read(engine: Engine, visit: Visit) -> tuple[Learned, bool]:
    """What was learned, and whether an answer was so odd that another engine may have taken its place.

    Raises the ProbeErrors of `check_health`, and those that a question has under `decides`.
    """
    learned = Learned(visit, engine.NAME, [question.name for question in engine.QUESTIONS])
    odd = False
    with visit.step("health"):
        try:
            with visit.guarded(engine.NAME, engine.LABEL):
                engine.check_health(visit, learned)
            learned.answered("health")
        except (Rejected, BadAnswer) as error:
            # A page with status 200 in place of the health comes from something else than the engine.
            page = isinstance(error, BadAnswer) and error.cause is Cause.LOGIN_PAGE
            if page or error.cause not in _SHUT:
                raise
            # Where the way to the engine's own health is shut, its list of models answers for it.
            try:
                with visit.aside():
                    openai_models.ask(visit)
            except ProbeError as second:
                raise second if second.cause is Cause.AUTH_REJECTED else error from None
            odd = learned.unanswered("health", f"Its models are listed, so it counts as up. {error.detail}", "health")
    for question in engine.QUESTIONS:
        if not question.when(learned) or learned.waits(question.name, AGAIN):
            continue
        if not (learned.due(question.name, question.every) or (question.sooner and question.sooner(learned))):
            continue
        try:
            with visit.step(question.step), visit.aside(), visit.guarded(engine.NAME, engine.LABEL):
                question.learn(visit, learned)
        except ProbeError as error:
            if error.cause in question.decides:
                raise
            first = learned.unanswered(question.name, visit.client.scrub(error.detail), question.step)
            odd |= first and (isinstance(error, BadAnswer) or error.cause is Cause.UNEXPECTED_STATUS)
        else:
            learned.answered(question.name, question.every)
    return learned, odd
