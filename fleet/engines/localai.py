"""LocalAI: https://localai.io/features/api-discovery/

GET /readyz answers 503 {"status":"starting"} until it is ready. Its discovery document is public.
It imitates Ollama (/api/tags, /api/ps, a constant /api/version), so none of that is asked. How hard it works cannot be
seen.
"""

from typing import Any

from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import mapping, text
from .openai_models import EVERY
from .questions import LIST_OF_MODELS, Question
from .reading import Identity
from .visit import Visit

NAME, LABEL, PORT = "localai", "LocalAI", 8080

DISCOVERY = "/.well-known/localai.json"
_ROUTES = {
    "completions": "/v1/completions",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
    "messages": "/v1/messages",
}


def identify(visit: Visit) -> Identity | None:
    found = _discovery(visit)
    return Identity(NAME, f"GET {DISCOVERY} gives version {text(found['version'])}.") if found else None


HEALTH = ("GET /readyz",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Raises NotReady until it is ready."""
    visit.health("/readyz")


def _discovery(visit: Visit) -> dict[str, Any]:
    found = visit.maybe(DISCOVERY)
    return found if text(found.get("version")) and isinstance(found.get("endpoints"), dict) else {}


def _learn_routes(visit: Visit, learned: Learned) -> None:
    found = _discovery(visit)
    if not found:
        raise BadAnswer(Cause.WRONG_SHAPE, f"GET {DISCOVERY} is not as LocalAI's.")
    learned.version = text(found["version"])
    paths = set(map(str, mapping(found["endpoints"]).values()))
    learned.api = {surface: "yes" for surface, path in _ROUTES.items() if path in paths}


QUESTIONS = (Question("version and routes", _learn_routes, (f"GET {DISCOVERY}",), every=EVERY), LIST_OF_MODELS)
