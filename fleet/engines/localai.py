"""LocalAI: https://localai.io/features/api-discovery/

Every probe    GET /readyz                       503 {"status":"starting"} until it is ready
Every 5 min    GET /v1/models                    the models; needs the API key
               GET /.well-known/localai.json     version and routes; public

It imitates Ollama (/api/tags, /api/ps, a constant /api/version), so none of that is asked.
"""

from typing import Any

from .errors import BadAnswer, Cause, NotReady
from .learning import Learned
from .lenient import mapping, text
from .openai_models import EVERY, learn_models
from .reading import Facts, Identity, Load
from .visit import Visit, check

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
    """Its own discovery document."""
    found = _discovery(visit)
    return Identity(NAME, f"GET {DISCOVERY} gives version {text(found['version'])}.") if found else None


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises NotReady until it is ready. How hard it works cannot be seen."""
    learned = Learned(visit, NAME)
    answer = visit.get("/readyz")
    if answer.status == 503:
        raise NotReady(Cause.LOADING, f'GET /readyz answered HTTP 503. It said: "{answer.quote}"')
    check(answer, "GET /readyz")
    if learned.due("discovery", EVERY):
        found = _discovery(visit)
        if not found:
            raise BadAnswer(Cause.WRONG_SHAPE, f"GET {DISCOVERY} is not as LocalAI's.")
        learned.version = text(found["version"])
        paths = set(map(str, mapping(found["endpoints"]).values()))
        learned.api = {surface: "yes" for surface, path in _ROUTES.items() if path in paths}
        learned.answered("discovery")
    learn_models(visit, learned)
    return learned.facts(), Load()


def _discovery(visit: Visit) -> dict[str, Any]:
    answer = visit.get(DISCOVERY)
    try:
        found = mapping(answer.json()) if answer.status == 200 else {}
    except BadAnswer:
        return {}
    return found if text(found.get("version")) and isinstance(found.get("endpoints"), dict) else {}
