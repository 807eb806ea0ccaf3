"""LiteLLM proxy: https://docs.litellm.ai/docs/proxy/health

Every probe    GET /health/readiness     is the gateway ready; calls no model, needs no key
Every 5 min    GET /v1/models            the names it passes on; needs the API key

GET /health is never asked: it calls every model behind the gateway, which costs money and work.
"""

from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import text
from .openai_models import learn_models
from .reading import Facts, Identity, Load
from .visit import Visit

NAME, LABEL, PORT = "litellm", "LiteLLM proxy", 4000

GATEWAY = "This is a gateway, not an engine: what it says holds for itself, not for the engines behind it."


def identify(visit: Visit) -> Identity | None:
    """The exact words of its own liveness check."""
    answer = visit.get("/health/liveliness")
    if answer.status == 200 and answer.text.strip().strip('"') == "I'm alive!":
        return Identity(NAME, 'GET /health/liveliness says "I\'m alive!".')
    return None


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises Rejected while it is not ready, or when the key is not accepted."""
    learned = Learned(visit, NAME)
    ready = visit.json("/health/readiness")
    if text(ready.get("status")) is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /health/readiness: expected a status.")
    learned.version = text(ready.get("litellm_version")) or learned.version
    learned.answered("readiness", [GATEWAY])
    learned.api = dict.fromkeys(("completions", "chat", "embeddings"), "yes")
    learn_models(visit, learned)
    return learned.facts(), Load()
