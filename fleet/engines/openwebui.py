"""Open WebUI: https://docs.openwebui.com/reference/api-endpoints/

Every probe    GET /health        {"status": true}
Every 5 min    GET /api/config    version; public
               GET /api/models    the models it passes on; needs an API key of Open WebUI

Its GET /api/version looks like Ollama's, with one field more; unknown paths get its web page with HTTP 200.
"""

from typing import Any

from .errors import BadAnswer, Cause
from .learning import Learned
from .lenient import mapping, text
from .litellm import GATEWAY
from .openai_models import EVERY, learn_models
from .reading import Facts, Identity, Load
from .visit import Visit

NAME, LABEL, PORT = "open_webui", "Open WebUI", 3000

_NO_KEY = "Its models are shown only to an API key of Open WebUI; none that it accepts is stored here."


def identify(visit: Visit) -> Identity | None:
    """Its public configuration."""
    config = _config(visit)
    return Identity(NAME, f"GET /api/config names {text(config['name'])} with its features.") if config else None


def read(visit: Visit) -> tuple[Facts, Load]:
    """A missing key is no trouble: whether the page answers is what people watch it for."""
    learned = Learned(visit, NAME)
    if visit.json("/health").get("status") is not True:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /health: expected the status true.")
    if learned.due("config", EVERY):
        config = _config(visit)
        if not config:
            raise BadAnswer(Cause.WRONG_SHAPE, "GET /api/config is not as Open WebUI's.")
        learned.version = text(config["version"])
        learned.api = {"chat": "yes"}
        learned.answered("config", [GATEWAY])
    if learned.due("models", EVERY) and visit.get("/api/models").status in (401, 403):
        learned.models = ()
        learned.answered("models", [_NO_KEY])
    else:
        learn_models(visit, learned, "/api/models")
    return learned.facts(), Load()


def _config(visit: Visit) -> dict[str, Any]:
    answer = visit.get("/api/config")
    try:
        config = mapping(answer.json()) if answer.status == 200 else {}
    except BadAnswer:
        return {}
    named = text(config.get("name")) and text(config.get("version"))
    return config if named and isinstance(config.get("features"), dict) else {}
