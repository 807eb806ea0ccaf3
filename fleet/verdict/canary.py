"""When an endpoint's canary is due and to which model it goes, what it means, and what is remembered of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..engines.canary_questions import suitable
from ..engines.errors import Cause
from ..engines.reading import Canary, Model, Reading
from . import canary_limits, stall
from .canary_memory import DAY, CanaryMemory
from .memory import Memory, Rules
from .status import TROUBLE, Finding, status_of

TRAFFIC = "real traffic had just succeeded"
NOTHING_LOADED = "none of its models is known to be in memory"
NOT_OFFERED = "none of its models is offered"


@dataclass(frozen=True, slots=True)
class Question:
    engine: str
    model: Model
    path: str  # the route that took the model's last one; "" before that
    confirms: (
        bool  # it repeats one that failed, where figures distinguish busy from wedged: it need not take the full time
    )


def next_canary(memory: Memory, rules: Rules, reading: Reading) -> Question | Canary | None:
    """The canary due after a reading: a question, or one that is skipped. None where none is due."""
    last, allowed = memory.canary, rules.canary_models
    if not allowed or reading.failure or reading.load.asleep:
        return None
    engine = reading.identity.engine if reading.identity else rules.engine
    stalled = stall.after(memory.stalled, memory.load, reading, engine)
    needed = stall.long_enough(stalled, reading.at) and last.done_at < stalled.since
    every = canary_limits.every(rules.canary_every, engine, last)
    if not (last.doubted or needed or canary_limits.due(last.done_at, every, rules.key, reading.at)):
        return None
    if not last.doubted and canary_limits.has_ended(last, reading.facts.version, allowed):
        return Canary(skipped=canary_limits.ENDED)
    models = suitable(engine, reading.facts.models, allowed, reading.facts.product)
    if not models:
        offered = suitable("", (replace(model, loaded=None) for model in reading.facts.models), allowed)
        return Canary(skipped=NOTHING_LOADED if offered else NOT_OFFERED)
    used = [model for model in models if last.doubted or not canary_limits.unused(model, reading, last)]
    if not used:
        return Canary(skipped=canary_limits.UNUSED)
    model = choose(used, last.model, last.doubted)
    if _works_anyway(memory, reading, model):
        return Canary(model.name, skipped=TRAFFIC)
    progress_shows = engine == "ollama" or reading.load.generation_tokens is not None
    return Question(engine, model, last.paths.get(model.name, ""), confirms=last.doubted and progress_shows)


def choose(models: Sequence[Model], last: str, again: bool) -> Model:
    """The model after the last one asked; the same one `again` to see whether it works by now."""
    names = [model.name for model in models]
    place = names.index(last) if last in names else -1
    return models[max(place, 0) if again else (place + 1) % len(models)]


def _works_anyway(memory: Memory, reading: Reading, model: Model) -> bool:
    """Whether requests succeeded since the probe before, so that a canary would show nothing new.

    Ollama moves `expires_at` for a request that was given up, too: there it spares only every other canary, and
    takes no doubt away.
    """
    last = memory.canary
    if reading.load.worked_since(memory.load):
        return True
    if last.doubted or (last.why == TRAFFIC and last.skipped_at > last.at):
        return False
    before = {m.name: m.expires_at for m in memory.facts.models}.get(model.name)
    return bool(before and model.expires_at and model.expires_at > before)


def failed(last: CanaryMemory, reading: Reading, rules: Rules) -> Finding | None:
    """What the canary of a good reading found; None where it found nothing wrong, or there was none."""
    asked = reading.canary
    if asked and asked.failure:
        return Finding(asked.failure.cause, asked.failure.step, asked.failure.detail)
    if asked is None and last.doubted and rules.canary_models:
        # It could not be repeated in this probe: without it the endpoint does not count as recovered.
        return Finding(Cause(last.cause), "canary", last.detail)
    return None


def remembered(last: CanaryMemory, reading: Reading, engine: str, allowed: Sequence[str]) -> CanaryMemory:
    """What to remember after one more reading. `allowed`: the models that the team lets be asked."""
    asked = reading.canary
    names = {name.lower().removesuffix(":latest") for name in allowed}
    paths = last.paths | ({asked.model: asked.path} if asked and asked.path else {})
    paths = {model: path for model, path in paths.items() if model.lower().removesuffix(":latest") in names}
    last = replace(canary_limits.learned(last, engine, reading, allowed), paths=paths)
    return noted(last, asked, reading.at) if asked else last


def noted(last: CanaryMemory, asked: Canary, at: float) -> CanaryMemory:
    """`last` after this canary at `at` (unix seconds)."""
    last = last.on(int(at // DAY))
    if asked.skipped:
        last = replace(last, skipped=last.skipped + 1, skipped_at=at, why=asked.skipped)
        # What is skipped as it works, or because the model is gone, takes a doubt away.
        return replace(last, ok=None, cause="", detail="") if last.doubted else last
    ok: bool | None = None if asked.note else True
    failure = asked.failure
    if failure:
        # Asked too often, it must not be asked again at once.
        trouble = status_of(failure.cause) in TROUBLE and failure.cause is not Cause.RATE_LIMITED
        ok = False if trouble else None
    return replace(
        last,
        at=at,
        model=asked.model,
        ms=asked.ms,
        note=asked.note,
        ok=ok,
        cause=failure.cause.value if failure else "",
        detail=failure.detail[:300] if failure else "",
        asked=last.asked + 1,
        tokens=last.tokens + asked.tokens,
        ms_total=round(last.ms_total + (asked.ms or 0), 1),
    )
