"""Ollama: https://github.com/ollama/ollama/blob/main/docs/api.md

None of what is asked touches a model: only a generation can show that one works. No API shows OLLAMA_NUM_PARALLEL
or the length of the queue. `expires_at` is written when a model falls idle, so one that is still listed
after it has been working without a break since. GET /api/ps may wait while a model loads (server/sched.go takes the
same lock), GET /api/version does not. The list has a model's capabilities and trained context only since 0.30; older
ones are asked for with POST /api/show.
"""

from contextlib import suppress
from email.utils import parsedate_to_datetime

from . import ollama_models, products
from .errors import BadAnswer, Cause, ProbeError, Rejected
from .learning import Learned
from .lenient import LIST_BYTES, MOST_MODELS, keep, mappings, text
from .questions import Question
from .reading import Identity, Load, moment
from .visit import Visit

NAME, LABEL, PORT = "ollama", "Ollama", 11434

TAGS_EVERY = 600.0
SHOWS_PER_PROBE = 8
UNLOADING = 2.0
"""Seconds that a model may stay listed after its expiry without being busy: unloading takes a moment."""

GREETING = "Ollama is running"
_SINCE = {"responses": (0, 13, 3), "messages": (0, 14, 0)}
_ALWAYS_SINCE = (0, 3, 0)
_SHUT = (401, 403, 404, 405)


def identify(visit: Visit) -> Identity | None:
    """Many servers imitate its API. What says "Ollama is running" at / is one, unless it is LocalAI; anything else
    has to list the same models by /v1/models as by /api/tags, which no imitator seen so far does."""
    greeting = _greets(visit)
    if _names_another(visit):
        return None
    version, blocked = visit.maybe("/api/version"), visit.get("/api/version").status in _SHUT
    if greeting and blocked and isinstance(visit.maybe("/api/tags", max_bytes=LIST_BYTES).get("models"), list | None):
        return Identity(NAME, f'GET / says "{GREETING}"; GET /api/version is refused.', strong=False)
    if text(version.get("version")) is None:
        return None
    if not greeting and not (set(version) == {"version"} and _lists_the_same(visit)):
        return None
    if "version" in visit.maybe("/.well-known/localai.json"):
        return None
    first = f'GET / says "{GREETING}"' if greeting else "GET /api/tags and /v1/models list the same models"
    return Identity(NAME, f"{first}, and GET /api/version gives version {text(version['version'])}.")


def _names_another(visit: Visit) -> bool:
    """Whether all its models belong to a server which only speaks Ollama's API, greeting and all.

    A single one may be of a namespace that is called so; a list that hangs or is lost speaks against nobody.
    """
    try:
        headers = visit.get("/v1/models", max_bytes=LIST_BYTES).headers
        cards = list(mappings(visit.maybe("/v1/models", max_bytes=LIST_BYTES).get("data")))
    except ProbeError:
        return False
    names = {products.product(text(card.get("owned_by")) or "", headers, {}) for card in cards}
    return bool(names) and names.isdisjoint((None, LABEL))


def _greets(visit: Visit) -> bool:
    try:
        answer = visit.get("/")
    except ProbeError:  # a proxy may send / elsewhere, and the API not
        return False
    return answer.status == 200 and answer.text.strip() == GREETING


def _lists_the_same(visit: Visit) -> bool:
    """Ollama's own list is by full name ("qwen3:8b"), each owned by its namespace or by "library"."""
    if not isinstance(visit.maybe("/api/ps").get("models", ()), list | None):
        return False
    tags = visit.maybe("/api/tags", max_bytes=LIST_BYTES)
    listed = visit.maybe("/v1/models", max_bytes=LIST_BYTES)
    if "models" not in tags or listed.get("object") != "list":
        return False
    cards = {text(card.get("id")): text(card.get("owned_by")) for card in mappings(listed.get("data"))}
    names = {text(entry.get("name")) for entry in mappings(tags["models"]) if not entry.get("remote_host")}
    owners = all(owner in ("library", (name or "").split("/")[0]) for name, owner in cards.items())
    return names <= set(cards) and owners


HEALTH = ("GET /api/version",)


def check_health(visit: Visit, learned: Learned) -> None:
    """The version is its own answer; where a proxy refuses that one, the greeting at / will do, but for a proxy that
    leaves / open and refuses the list of models as well: nobody can use the API then."""
    answer = visit.get("/api/version")
    if answer.status in _SHUT and _greets(visit):
        try:
            with visit.aside():
                if visit.get("/api/tags", max_bytes=LIST_BYTES).status not in _SHUT:
                    return
        except ProbeError:  # it was not refused
            return
    version = text(visit.json("/api/version").get("version"))
    if version is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /api/version: expected a version.")
    if version != learned.version:
        learned.version, learned.api = version, surfaces(version)
        ollama_models.forget_failures(learned.memory)


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


def _learn_load(visit: Visit, learned: Learned) -> None:
    running = list(mappings(visit.json("/api/ps").get("models")))[:MOST_MODELS]
    learned.running = running
    expiries = [expiry for entry in running if (expiry := moment(text(entry.get("expires_at")))) is not None]
    learned.load = Load(busy=bool(expiries) and min(expiries) + UNLOADING < _server_time(visit))


def _runs_unknown(learned: Learned) -> bool:
    return not ollama_models.all_known(learned.running or [], learned.models)


def _learn_models(visit: Visit, learned: Learned) -> None:
    answer = visit.json("/api/tags", max_bytes=LIST_BYTES)
    if not isinstance(answer.get("models"), list | None):
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /api/tags: expected a list of models.")
    learned.models, warnings = keep(list(ollama_models.offered(answer, learned.memory)))
    learned.warn("models", warnings)


def _has_unshown(learned: Learned) -> bool:
    return bool(ollama_models.unshown(learned.models, learned.memory.setdefault("shown", {})))


def _learn_details(visit: Visit, learned: Learned) -> None:
    """A model that cannot be shown is not asked for again until the server's version changes."""
    shown = learned.memory.setdefault("shown", {})
    for model in ollama_models.unshown(learned.models, shown)[:SHOWS_PER_PROBE]:
        shown[model.digest] = {}
        with suppress(BadAnswer, Rejected):
            shown[model.digest] = ollama_models.show(visit.post_json("/api/show", {"model": model.name}))


def _merge(visit: Visit, learned: Learned) -> None:
    learned.models = ollama_models.merge(learned.models, learned.running, learned.memory)


QUESTIONS = (
    Question("load", _learn_load, ("GET /api/ps",), step="load"),
    Question(
        "models",
        _learn_models,
        ("GET /api/tags",),
        every=TAGS_EVERY,
        sooner=_runs_unknown,
        cost="reads the manifests of all models; at once when a model runs that is not known",
    ),
    Question(
        "details",
        _learn_details,
        ("POST /api/show",),
        when=_has_unshown,
        cost=f"reads the head of a model file; once per new model, at most {SHOWS_PER_PROBE} a probe; loads nothing",
    ),
    Question("state of the models", _merge, ()),
)


def _server_time(visit: Visit) -> float:
    """The server's own clock, since `expires_at` is by that one; ours when it does not send one. Unix seconds."""
    try:
        return parsedate_to_datetime(visit.get("/api/ps").headers.get("Date", "")).timestamp()
    except ValueError:
        return visit.now
