"""SGLang's model gateway (Shepherd, smg) and its router before that: https://github.com/smg-project/smg

It shares the routes of vLLM's router, which began as a copy of it, with two differences: it passes nothing on that it
does not know, and GET /health is OK also when all workers are gone.
"""

from . import vllm_router
from .reading import Identity
from .visit import Visit

NAME, LABEL, PORT = "smg", "SGLang model gateway (smg)", 30000
GATEWAY = True


def identify(visit: Visit) -> Identity | None:
    """vLLM's router has one route more."""
    if vllm_router.counts_workers(visit) and visit.get("/list_workers").status == 404:
        return Identity(NAME, f"GET {vllm_router.READINESS} counts workers; GET /list_workers is not there.")
    return None


HEALTH = vllm_router.HEALTH
check_health = vllm_router.check_health
QUESTIONS = vllm_router.QUESTIONS
