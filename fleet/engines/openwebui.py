"""Open WebUI: https://docs.openwebui.com/reference/api-endpoints/

GET /api/config is public; GET /api/models needs an API key of Open WebUI. Its GET /api/version looks like Ollama's,
with one field more; unknown paths get its web page with HTTP 200.
"""

from typing import Any

from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import LIST_BYTES, text
from .openai_models import EVERY, learn_models
from .questions import Question
from .reading import Identity
from .refusal import proxy_of
from .visit import Visit

NAME, LABEL, PORT = "open_webui", "Open WebUI", 3000
GATEWAY = True

_NO_KEY = "Its models are shown only to an API key of Open WebUI; none that it accepts is stored here."


def identify(visit: Visit) -> Identity | None:
    config = _config(visit)
    return Identity(NAME, f"GET /api/config names {text(config['name'])} with its features.") if config else None


HEALTH = ("GET /health",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Its page is well when it says so."""
    if visit.health("/health").get("status") is not True:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /health: expected the status true.")


def _config(visit: Visit) -> dict[str, Any]:
    config = visit.maybe("/api/config")
    named = text(config.get("name")) and text(config.get("version"))
    return config if named and isinstance(config.get("features"), dict) else {}


def _learn_config(visit: Visit, learned: Learned) -> None:
    config = _config(visit)
    if not config:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /api/config is not as Open WebUI's.")
    learned.version = text(config["version"])
    learned.api = {"chat": "yes"}


def _learn_models(visit: Visit, learned: Learned) -> None:
    """A missing key is no trouble: whether the page answers is what people watch it for."""
    answer = visit.get("/api/models", max_bytes=LIST_BYTES)
    if answer.status in (401, 403) and not proxy_of(answer):
        learned.models = ()
        learned.warn("models", [_NO_KEY])
    else:
        learn_models(visit, learned, "/api/models")


QUESTIONS = (
    Question("configuration", _learn_config, ("GET /api/config",), every=EVERY),
    Question(
        "models",
        _learn_models,
        ("GET /api/models",),
        every=EVERY,
        cost="it asks each of its connections, and waits up to 10 s for one that is off",
    ),
)
