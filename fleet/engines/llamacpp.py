"""llama.cpp server: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

GET /health never wants the key; 503 "Loading model" while it loads. With --sleep-idle-seconds a server puts its model
to sleep: /health, /props and /models leave it asleep, while /slots counts as work (and so did /metrics in older
builds), so both are left out while it sleeps. /props shows `is_sleeping` on builds that can sleep; there /slots is
never asked, as it would keep the model in memory for ever (ggml-org/llama.cpp#18228, #20227, #27376). /slots and
/metrics may answer only after the batch in progress (#24866).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from . import counters
from .counters import Figures
from .errors import ProbeError
from .learning import Learned
from .lenient import LIST_BYTES, keep, mapping, mappings, text, texts, whole
from .openai_models import EVERY, REFUSED, ask
from .prometheus import METRICS_BYTES, Page
from .questions import Question
from .reading import Identity, Model
from .visit import Visit

NAME, LABEL, PORT = "llamacpp", "llama.cpp server", 8080

METRICS_FREE_SINCE = 10630
"""The build from which GET /metrics neither wakes a sleeping server nor counts as work: ggml-org/llama.cpp#27376."""

_WAKES = (
    "Its load is not asked for: on this build (before b10630) that would keep its model in memory, which "
    "--sleep-idle-seconds is to take out. Newer builds with --metrics show their load without that."
)
FIGURES = {
    "running": ("llamacpp:requests_processing",),
    "waiting": ("llamacpp:requests_deferred",),
    "prompt_tokens": ("llamacpp:prompt_tokens_total",),
    "generation_tokens": ("llamacpp:tokens_predicted_total",),
}

COUNTERS = Figures(counts={name: FIGURES[name] for name in ("prompt_tokens", "generation_tokens")})


def identify(visit: Visit) -> Identity | None:
    """It names itself in a header of every answer, also while it loads; behind a proxy its list of models does."""
    for path in ("/", "/v1/models"):
        try:
            answer = visit.get(path, max_bytes=LIST_BYTES)
        except ProbeError:  # a proxy may send / elsewhere, and the API not
            continue
        if answer.headers.get("Server", "") == "llama.cpp":
            return Identity(NAME, f"The header Server of GET {path} is llama.cpp.")
    owners = {card.get("owned_by") for card in mappings(visit.maybe("/v1/models", max_bytes=LIST_BYTES).get("data"))}
    if owners == {"llamacpp"} and "default_generation_settings" in visit.maybe("/props"):
        return Identity(NAME, "GET /v1/models lists a model owned_by llamacpp, and GET /props is as llama.cpp's.")
    return None


HEALTH = ("GET /health",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Raises NotReady while the model loads."""
    visit.health("/health")


def _learn_props(visit: Visit, learned: Learned) -> None:
    props = visit.json("/props")
    build = text(props.get("build_info"))
    learned.version = build if build and not build.startswith("b0-") else learned.version
    learned.memory["slots"] = whole(props.get("total_slots"))
    learned.memory["context"] = whole(mapping(props.get("default_generation_settings")).get("n_ctx"))
    learned.memory["able"] = list(_capabilities(props))
    learned.memory["metrics"] = props.get("endpoint_metrics") is not False
    learned.memory["can sleep"] = isinstance(props.get("is_sleeping"), bool)
    learned.load = replace(learned.load, sleep_state="asleep" if props.get("is_sleeping") is True else None)


def _can_sleep(learned: Learned) -> bool:
    return learned.memory.get("can sleep") is True


def _learn_models(visit: Visit, learned: Learned) -> None:
    """The properties are those of the one model; in router mode, where there are several, they are not."""
    cards = list(mappings(ask(visit).get("data")))
    running = whole(learned.memory.get("context")) if len(cards) == 1 else None
    able = texts(learned.memory.get("able")) if len(cards) == 1 else ()
    models = (_model(card, running, able) for card in cards)
    learned.models, warnings = keep([model for model in models if model.name])
    learned.memory["router"] = any("status" in card for card in cards)
    learned.warn("models", warnings)
    learned.api = dict.fromkeys(("completions", "chat"), "yes")


def _model(card: dict[str, Any], running: int | None, able: tuple[str, ...]) -> Model:
    """Only router mode has a status: "loaded", "unloaded", "loading", "sleeping" and more. A request would load or wake
    any that is not "loaded". Else there is one model, and it is loaded once /health is well."""
    meta = mapping(card.get("meta"))
    status = text(mapping(card.get("status")).get("value"))
    parameters = whole(meta.get("n_params"))
    return Model(
        name=text(card.get("id")) or "",
        size=whole(meta.get("size")),
        parameters=_parameters(parameters) if parameters else None,
        context_length=running or whole(meta.get("n_ctx_train")),
        capabilities=able,
        loaded=status == "loaded" if status else None if "status" in card else True,
    )


def _parameters(count: int) -> str:
    return f"{count / 1e9:.1f}B" if count >= 1e8 else f"{count / 1e6:.1f}M"


def _capabilities(props: dict[str, Any]) -> Iterator[str]:
    if mapping(props.get("modalities")).get("vision") is True:
        yield "vision"
    if mapping(props.get("modalities")).get("audio") is True:
        yield "audio"
    if mapping(props.get("chat_template_caps")).get("supports_tools") is True:
        yield "tools"


def _learn_load(visit: Visit, learned: Learned) -> None:
    """By /metrics, else by /slots. Neither is asked while it sleeps, nor where it would keep it from sleeping."""
    if learned.load.sleep_state:
        return
    build = re.match(r"b([1-9][0-9]*)", learned.version or "")
    wakes = _can_sleep(learned) and build is not None and int(build[1]) < METRICS_FREE_SINCE
    learned.warn("load", [_WAKES] if wakes and learned.memory.get("metrics") else [])
    page = None if wakes else learned.optional("/metrics", max_bytes=METRICS_BYTES)
    if page:
        learned.metrics = page.text
        figures = Page(learned.metrics, chain(*FIGURES.values()))
        learned.load = replace(learned.load, **figures.counts(FIGURES))
    elif not _can_sleep(learned) and (answer := learned.optional("/slots", max_bytes=METRICS_BYTES)):
        slots = [slot.get("is_processing") for slot in mappings(answer.json())]
        known = bool(slots) and all(isinstance(busy, bool) for busy in slots)
        learned.load = replace(learned.load, running=slots.count(True) if known else None)


def _moves_models(learned: Learned) -> bool:
    """A router loads and unloads models at any time; a model that was asleep, and so not loaded, may be awake now."""
    woke = learned.load.sleep_state is None and any(model.loaded is False for model in learned.models)
    return woke or learned.memory.get("router") is True


def _finish(visit: Visit, learned: Learned) -> None:
    learned.load = replace(learned.load, slots=whole(learned.memory.get("slots")))
    if learned.load.sleep_state:
        learned.models = tuple(replace(model, loaded=False) for model in learned.models)


QUESTIONS = (
    Question("properties", _learn_props, ("GET /props",), every=EVERY, sooner=_can_sleep),
    Question("models", _learn_models, ("GET /v1/models",), every=EVERY, decides=REFUSED, sooner=_moves_models),
    Question(
        "load",
        _learn_load,
        ("GET /metrics, or GET /slots where that is off",),
        step="load",
        cost="waits for the batch in progress; neither while it sleeps, and /slots never on a build that can sleep",
    ),
    counters.question(COUNTERS),
    Question("state of the models", _finish, ()),
)
