"""LiteLLM proxy: https://docs.litellm.ai/docs/proxy/health

GET /health/readiness calls no model and needs no key. GET /health is never asked: it calls every model behind the
gateway, which costs money and work. So the health of what is behind it cannot be seen; its counters may be.
"""

from contextlib import suppress

from . import counters, litellm_metrics
from .errors import BadAnswer, Cause, NotReady, Rejected, TimedOut
from .http.answer import Answer
from .learning import Learned
from .lenient import LIST_BYTES, mapping, text
from .openai_models import EVERY, PATH, REFUSED, learn_models
from .prometheus import METRICS_BYTES
from .questions import Question
from .reading import Identity
from .refusal import proxy_of
from .visit import Visit

METRICS = "/metrics/"  # without the slash at the end it is a redirection
NAME, LABEL, PORT = "litellm", "LiteLLM proxy", 4000
GATEWAY = True


def identify(visit: Visit) -> Identity | None:
    """The exact words of its own liveness check."""
    answer = visit.get("/health/liveliness")
    if answer.status == 200 and answer.text.strip().strip('"') == "I'm alive!":
        return Identity(NAME, 'GET /health/liveliness says "I\'m alive!".')
    return None


HEALTH = ("GET /health/readiness",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Raises Rejected with BACKEND_GONE when only its database is away: it may go on serving without one."""
    try:
        with visit.aside():
            answer = visit.get("/health/readiness")
    except TimedOut:  # it asks the database; that it lives does not hang on that
        visit.health("/health/liveliness")
        detail = "GET /health/readiness, which asks its database, got no answer in time; it lives."
        raise Rejected(Cause.BACKEND_GONE, detail) from None
    if _lacks_database(answer):
        detail = f'GET /health/readiness answered HTTP {answer.status}: its database is away; "{answer.quote}"'
        raise Rejected(Cause.BACKEND_GONE, detail)
    ready = visit.health("/health/readiness")
    if text(ready.get("status")) is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /health/readiness: expected a status.")
    learned.version = text(ready.get("litellm_version")) or learned.version
    learned.api = dict.fromkeys(("completions", "chat", "embeddings"), "yes")


def _lacks_database(answer: Answer) -> bool:
    """ "Not connected" is how it names that it has none. Until 1.83 the status was 200, or 503 with "Service Unhealthy
    (All connection attempts failed)": BerriAI/litellm#26134, #27003."""
    database = ""
    with suppress(BadAnswer):
        database = (text(mapping(answer.json()).get("db")) or "").lower()
    if answer.status == 503 and not proxy_of(answer):
        return database not in ("", "connected", "not connected") or "Service Unhealthy (" in answer.text
    return answer.status == 200 and database == "disconnected"


def _learn_models(visit: Visit, learned: Learned) -> None:
    """Without its database it refuses a wrong key with HTTP 400: BerriAI/litellm#12273."""
    answer = visit.get(PATH, max_bytes=LIST_BYTES)
    if answer.status == 400 and b"no_db_connection" in answer.body:
        raise Rejected(Cause.AUTH_REJECTED, f'GET {PATH} answered HTTP 400, its way to refuse a key: "{answer.quote}"')
    learn_models(visit, learned)


def _learn_counters(visit: Visit, learned: Learned) -> None:
    """A page that is off, or that wants another key, leaves the servers behind uncounted and is no trouble."""
    with suppress(Rejected, NotReady):
        if answer := learned.optional(METRICS, max_bytes=METRICS_BYTES):
            learned.counted = litellm_metrics.read(answer.text, visit.client.base_url)


QUESTIONS = (
    Question("models", _learn_models, (f"GET {PATH}",), every=EVERY, decides=REFUSED),
    Question(
        "counters",
        _learn_counters,
        (f"GET {METRICS}",),
        step="load",
        every=counters.EVERY,
        cost="a page of text from its counters; once an hour where the callback prometheus is off",
    ),
)
