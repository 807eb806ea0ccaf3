"""Ollama: https://github.com/ollama/ollama/blob/main/docs/api.md

Every probe      GET /api/version   the server lives, and its version
                 GET /api/ps        the loaded models: memory, expiry, whether one is past it (busy)
Every 10 min     GET /api/tags      the offered models; at once when /api/ps shows one we do not know
Per new digest   POST /api/show     capabilities and trained context, which the list has only since 0.30;
                                    at most 8 a probe, last of all, and never a reason to fail

None of these touches a model: only a generation can show that one works. No API tells OLLAMA_NUM_PARALLEL
or the length of the queue. `expires_at` is written when a model falls idle, so one that is still listed
after it has been working without a break since.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from . import ollama_models
from .errors import BadAnswer, Cause, ProbeError, Rejected
from .learning import Learned
from .lenient import LIST_BYTES, MOST_MODELS, keep, mapping, mappings, text
from .reading import Facts, Identity, Load, Model
from .visit import Visit

NAME, LABEL, PORT = "ollama", "Ollama", 11434

TAGS_EVERY = 600.0
SHOWS_PER_PROBE = 8
UNLOADING = 2.0
"""Seconds that a model may stay listed after its expiry without being busy: unloading takes a moment."""

_SINCE = {"responses": (0, 13, 3), "messages": (0, 14, 0)}
_ALWAYS_SINCE = (0, 3, 0)


def identify(visit: Visit) -> Identity | None:
    """LocalAI and Open WebUI answer like Ollama in places: both are ruled out."""
    greeting = visit.get("/").text.strip() == "Ollama is running"
    answer = _json(visit, "/api/version")
    if set(answer) != {"version"} or text(answer["version"]) is None:
        return None
    if not greeting and not isinstance(_json(visit, "/api/ps").get("models"), list):
        return None
    if "version" in _json(visit, "/.well-known/localai.json"):
        return None
    first = 'GET / says "Ollama is running"' if greeting else "GET /api/ps lists loaded models"
    return Identity(NAME, f"{first}, and GET /api/version gives version {text(answer['version'])}.")


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises the ProbeErrors of the first three questions; /api/show never fails a probe."""
    learned = Learned(visit, NAME)
    version = text(visit.json("/api/version").get("version"))
    if version is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /api/version: expected a version.")
    if version != learned.version:
        learned.version, learned.api = version, surfaces(version)
        ollama_models.forget_failures(learned.memory)
    if learned.due("tags", TAGS_EVERY):
        _learn_tags(visit, learned)
    with visit.step("load"):
        running = list(mappings(visit.json("/api/ps").get("models")))[:MOST_MODELS]
    if not ollama_models.all_known(running, learned.models):
        _learn_tags(visit, learned)
    _learn_shows(visit, learned)
    learned.models = ollama_models.merge(learned.models, running, learned.memory)
    return learned.facts(), Load(busy=_is_busy(learned.models, _server_time(visit)))


def surfaces(version: str) -> dict[str, str]:
    """The API by version, since each route is there whatever the models can do; {} for a version not understood.

    /v1/responses takes a previous_response_id and ignores it: it keeps no state.
    """
    number = tuple(int(part) for part in version.split("-")[0].split(".") if part.isdecimal())
    if len(number) != 3 or number == (0, 0, 0):
        return {}
    api = dict.fromkeys(("completions", "chat", "embeddings"), "yes") if number >= _ALWAYS_SINCE else {}
    api["responses"] = "stateless" if number >= _SINCE["responses"] else "no"
    api["messages"] = "yes" if number >= _SINCE["messages"] else "no"
    return api


def _json(visit: Visit, path: str) -> dict[str, Any]:
    answer = visit.get(path)
    try:
        return mapping(answer.json()) if answer.status == 200 else {}
    except BadAnswer:
        return {}


def _learn_tags(visit: Visit, learned: Learned) -> None:
    with visit.step("models"):
        answer = visit.json("/api/tags", max_bytes=LIST_BYTES)
    if not isinstance(answer.get("models"), list | None):
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /api/tags: expected a list of models.")
    learned.models, warnings = keep(list(ollama_models.offered(answer, learned.memory)))
    learned.answered("tags", warnings)


def _learn_shows(visit: Visit, learned: Learned) -> None:
    """A model that cannot be shown is not asked for again until the server's version changes."""
    shown = learned.memory.setdefault("shown", {})
    for model in ollama_models.unshown(learned.models, shown)[:SHOWS_PER_PROBE]:
        shown[model.digest] = {}
        try:
            with visit.step("models"):
                answer = visit.post_json("/api/show", {"model": model.name})
        except (BadAnswer, Rejected):
            continue
        except ProbeError:  # the deadline or the connection: what we have is still a good reading
            return
        shown[model.digest] = ollama_models.show(answer)


def _server_time(visit: Visit) -> float:
    """The server's own clock, since `expires_at` is by that one; ours when it does not tell. Unix seconds."""
    try:
        return parsedate_to_datetime(visit.get("/api/ps").headers.get("Date", "")).timestamp()
    except ValueError:
        return visit.now


def _is_busy(models: tuple[Model, ...], now: float) -> bool:
    expiries = (_moment(model.expires_at) for model in models if model.loaded)
    return any(expiry is not None and expiry + UNLOADING < now for expiry in expiries)


def _moment(expires_at: str | None) -> float | None:
    """Unix seconds; None for no time, or one that stands for "never set" (the year 1)."""
    try:
        moment = datetime.fromisoformat(expires_at or "")
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.timestamp() if zoned.year >= 2000 else None
    except (ValueError, OverflowError):
        return None
