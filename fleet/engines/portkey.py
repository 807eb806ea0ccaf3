"""Portkey's AI gateway: https://github.com/Portkey-AI/gateway

It chooses what is behind it for each request, by that request's headers (x-portkey-provider, x-portkey-config), so
it lists no models and shows nothing behind it. All it can be asked is whether it runs.
"""

from .errors import BadAnswer, Cause
from .learning import Learned
from .questions import Question
from .reading import Identity
from .visit import Visit, check

NAME, LABEL, PORT = "portkey", "Portkey AI gateway", 8787
GATEWAY = True

GREETING = "AI Gateway says hey!"
_SHOWS_NOTHING = (
    "This gateway shows neither models nor what is behind it: each request's own headers choose that. "
    "Watch the servers behind it by their own addresses."
)


def identify(visit: Visit) -> Identity | None:
    return Identity(NAME, f'GET / says "{GREETING}".') if _greets(visit) else None


def _greets(visit: Visit) -> bool:
    answer = visit.get("/")
    return answer.status == 200 and answer.text.strip() == GREETING


HEALTH = ("GET /",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Raises BadAnswer when something else answers in its place."""
    check(visit.get("/"), "GET /")
    if not _greets(visit):
        raise BadAnswer(Cause.WRONG_SHAPE, f'GET /: expected "{GREETING}".')
    learned.warn("models", [_SHOWS_NOTHING])


QUESTIONS: tuple[Question, ...] = ()
