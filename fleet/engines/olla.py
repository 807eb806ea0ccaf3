"""Olla, a gateway in front of engines of several kinds: https://thushan.github.io/olla/

GET /internal/health is well whatever its endpoints do. Its API is under prefixes, by kind of engine (/olla/openai). An
address with such a prefix passes on what it is asked to one of the endpoints, and bears the header X-Olla-Endpoint:
there the list of models is all that Olla answers itself.
"""

from collections import defaultdict
from typing import Any

from . import openai_models
from .counters import EVERY
from .errors import Cause, NotReady
from .http.address import host_and_port
from .http.answer import Answer
from .learning import Learned
from .lenient import mappings, text, whole
from .questions import Question
from .reading import BEHIND, Backend, Counted, Identity, Load
from .visit import Visit

NAME, LABEL, PORT = "olla", "Olla", 40114
GATEWAY = True

HEALTH_PATH, ENDPOINTS = "/internal/health", "/internal/status/endpoints"
MODELS = "/olla/openai/v1/models"
_GONE = ("offline", "unhealthy", "config_error")


def identify(visit: Visit) -> Identity | None:
    """Its version page names it; under a prefix its header does. Without a prefix it has nothing at /."""
    front = visit.get("/")
    if _passed_on(front):
        return Identity(NAME, "GET / has the header X-Olla-Endpoint.")
    if front.status == 404 and visit.maybe("/version").get("name") == "Olla":
        return Identity(NAME, "GET /version names Olla.")
    return None


def _passed_on(answer: Answer) -> bool:
    return "X-Olla-Endpoint" in answer.headers


HEALTH = (f"GET {HEALTH_PATH} (under a prefix: GET {openai_models.PATH})",)


def check_health(visit: Visit, learned: Learned) -> None:
    """That Olla itself runs."""
    learned.memory["prefix"] = _passed_on(visit.get(HEALTH_PATH))
    if learned.memory["prefix"]:
        openai_models.ask(visit)
    else:
        visit.health(HEALTH_PATH)


def _at_root(learned: Learned) -> bool:
    return not learned.memory.get("prefix")


def _learn_version(visit: Visit, learned: Learned) -> None:
    learned.version = text(visit.json("/version").get("version"))


def _learn_models(visit: Visit, learned: Learned) -> None:
    openai_models.learn_models(visit, learned, MODELS if _at_root(learned) else openai_models.PATH)


def _learn_endpoints(visit: Visit, learned: Learned) -> None:
    found = visit.json(ENDPOINTS)
    if whole(found.get("total_count")) == 0:
        raise NotReady(Cause.NOTHING_BEHIND, f"GET {ENDPOINTS}: it has no endpoints.")
    learned.behind = tuple(
        Backend(name, healthy=_healthy(endpoint), running=whole(endpoint.get("active_connections")))
        for endpoint in mappings(found.get("endpoints"))
        if (name := text(endpoint.get("name")) or text(endpoint.get("url")))
    )
    if learned.due("counters", EVERY):
        learned.counted = _counted(found, visit.client.base_url)
        learned.answered("counters", EVERY)
    running = [backend.running for backend in learned.behind if backend.running is not None]
    learned.load = Load(running=sum(running) if running else None)


def _counted(found: dict[str, Any], gateway: str) -> tuple[Counted, ...]:
    """Its page of metrics has these requests too, but by the names of endpoints, without their addresses."""
    requests: dict[str, int] = defaultdict(int)
    for endpoint in mappings(found.get("endpoints")):
        server, number = host_and_port(text(endpoint.get("url")) or "", gateway), whole(endpoint.get("request_count"))
        if server and number is not None:
            requests[server] += number
    return tuple(Counted(f"{BEHIND}{server}", "", {"requests": number}) for server, number in requests.items())


def _healthy(endpoint: dict[str, Any]) -> bool | None:
    """An endpoint that is "busy" or "warming" works; an "unknown" one was not checked yet."""
    status = text(endpoint.get("status"))
    return None if status in (None, "unknown") else status not in _GONE


QUESTIONS = (
    Question("version", _learn_version, ("GET /version",), every=openai_models.EVERY, when=_at_root),
    Question("models", _learn_models, (f"GET {MODELS}",), every=openai_models.EVERY, decides=openai_models.REFUSED),
    Question(
        "endpoints",
        _learn_endpoints,
        (f"GET {ENDPOINTS}",),
        step="load",
        when=_at_root,
        decides=frozenset({Cause.NOTHING_BEHIND}),
    ),
)
