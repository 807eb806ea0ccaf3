"""vLLM router, a gateway: https://github.com/vllm-project/router

What it does not know, GET / and /metrics among it, it passes on to one of its workers, so these show a worker and are
not asked. GET /health answers 503 as soon as one worker is gone, although it goes on serving; GET /readiness only when
all are.
"""

import re

from .errors import Cause, NotReady
from .learning import Learned
from .lenient import mappings, text, whole
from .openai_models import EVERY, PATH, REFUSED, learn_models
from .questions import Question
from .reading import Backend, Identity, Load
from .visit import Visit

NAME, LABEL, PORT = "vllm_router", "vLLM router", 30000
GATEWAY = True

READINESS, WORKERS = "/readiness", "/workers"
_COUNTS = re.compile(rb"healthy[ _]workers")
"""In a number of healthy workers, and in the reason of a router that has none."""


def identify(visit: Visit) -> Identity | None:
    """SGLang's gateway has the same readiness, but no list of addresses alone."""
    if counts_workers(visit) and isinstance(visit.maybe("/list_workers").get("urls"), list):
        return Identity(NAME, f"GET {READINESS} counts workers, and GET /list_workers gives their addresses.")
    return None


def counts_workers(visit: Visit) -> bool:
    """Whether GET /readiness is that of a router: it counts its healthy workers, or has none left."""
    answer = visit.get(READINESS)
    return answer.status in (200, 503) and answer.body.startswith(b"{") and bool(_COUNTS.search(answer.body))


HEALTH = (f"GET {READINESS}",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Raises NotReady when none of its workers is healthy."""
    answer = visit.get(READINESS)
    if answer.status == 503 and _COUNTS.search(answer.body):
        raise NotReady(Cause.NOTHING_BEHIND, f'GET {READINESS} answered HTTP 503: "{answer.quote}"')
    visit.health(READINESS)


def _learn_workers(visit: Visit, learned: Learned) -> None:
    """A worker's `load` is the number of requests that the router has given it and that are not finished."""
    workers = [worker for worker in mappings(visit.json(WORKERS).get("workers")) if text(worker.get("url"))]
    learned.behind = tuple(
        Backend(
            str(text(worker["url"])),
            healthy=worker["is_healthy"] if isinstance(worker.get("is_healthy"), bool) else None,
            running=whole(worker.get("load")),
        )
        for worker in workers
    )
    loads = [backend.running for backend in learned.behind if backend.running is not None]
    learned.load = Load(running=sum(loads) if loads else None)


QUESTIONS = (
    Question(
        "models",
        learn_models,
        (f"GET {PATH}",),
        every=EVERY,
        cost="the router passes it on to one of its workers",
        decides=REFUSED,
    ),
    Question("workers", _learn_workers, (f"GET {WORKERS}",), step="load"),
)
