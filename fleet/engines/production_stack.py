"""The router of vLLM's production stack, a gateway: https://github.com/vllm-project/production-stack

Its version is the router's own; the list of models is put together from all engines, without asking them. Its metrics
bear vLLM's names, with the address of each engine as the label `server`.
"""

from .errors import Cause, NotReady
from .learning import Learned
from .lenient import text
from .openai_models import EVERY, PATH, REFUSED, learn_models, metrics_are_free
from .prometheus import METRICS_BYTES, metrics
from .questions import Question
from .reading import Backend, Identity, Load
from .visit import Visit

NAME, LABEL, PORT = "production_stack", "vLLM production stack", 8001
GATEWAY = True

_HEALTHY = ("vllm:healthy_pods_total",)
FIGURES = {"running": ("vllm:num_requests_running",), "waiting": ("vllm:num_requests_waiting",)}


def identify(visit: Visit) -> Identity | None:
    """vLLM has the same /version and metrics, but no pods. Where the metrics are shut, the list of engines shows it."""
    if set(visit.maybe("/version")) != {"version"} or not metrics_are_free(visit):
        return None
    page = visit.get("/metrics", max_bytes=METRICS_BYTES)
    if page.status == 200:
        found = _HEALTHY[0].encode() in page.body
        return Identity(NAME, f"GET /metrics has {_HEALTHY[0]}.") if found else None
    engines = visit.get("/engines")
    if engines.status == 200 and b'"serving_models"' in engines.body:
        return Identity(NAME, "GET /engines lists engines with their serving_models.")
    return None


HEALTH = ("GET /health",)


def check_health(visit: Visit, learned: Learned) -> None:
    """It answers 503 when a part of the router itself is down, whatever its engines do."""
    visit.health("/health")


def _learn_version(visit: Visit, learned: Learned) -> None:
    learned.version = text(visit.json("/version").get("version"))


def _learn_models(visit: Visit, learned: Learned) -> None:
    learn_models(visit, learned)
    if not learned.models:
        raise NotReady(Cause.NOTHING_BEHIND, f"GET {PATH} lists no model: no engine is behind the router.")


def _learn_load(visit: Visit, learned: Learned) -> None:
    page = metrics(visit, _HEALTHY, *FIGURES.values())
    running = {sample.labels.get("server"): sample.value for sample in page.samples(FIGURES["running"])}
    learned.behind = tuple(
        Backend(server, healthy=sample.value > 0, running=int(running.get(server) or 0))
        for sample in page.samples(_HEALTHY)
        if (server := text(sample.labels.get("server"))) and sample.value is not None
    )
    learned.load = Load(**page.counts(FIGURES))


QUESTIONS = (
    Question("version", _learn_version, ("GET /version",), every=EVERY),
    Question("models", _learn_models, (f"GET {PATH}",), every=EVERY, decides=REFUSED | {Cause.NOTHING_BEHIND}),
    Question(
        "load",
        _learn_load,
        ("GET /metrics",),
        step="load",
        cost="the router measures its own processor use for 0.1 s",
    ),
)
