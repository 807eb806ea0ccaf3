"""When an endpoint's canary is due and to which model it goes. Pure.

None is asked where it would load a model again, or keep one in memory that nobody uses. Nor under real traffic, except
where canaries measure Ollama's waits: a sample of busy moments is what those are for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..engines.canary_questions import routes, suitable
from ..engines.reading import Canary, Model, Reading
from . import schedule, stall
from .canary_memory import CanaryMemory
from .memory import Memory, Rules

TRAFFIC = "real traffic had just succeeded"
NOTHING_LOADED = "none of its models is known to be in memory"
NOT_OFFERED = "none of its models is offered"
UNUSED = "not used since the last canary; another would keep it in memory"
ENDED = "canaries have ended here"

MEASURED_EVERY = 300
"""Seconds at least between two canaries that measure waits: 12 an hour, 540 in a week's office hours."""

MEASURING_COSTS = (
    "Ollama shows no queue, so canaries measure it: one token from a model in memory, at most 12 times an hour, also "
    "while it is at work. Each throws away the cached prefix of whoever used that slot, so their next answer begins "
    "later (1,500 tokens took 20 s on a CPU). They stop by themselves where one made Ollama load a model. The models "
    "are those under “Canary models” of the endpoint."
)
"""What is shown beside the switch."""

RARELY = 7200
"""Seconds between two canaries where idle models are unloaded and nothing shows their use: LM Studio does it after an
hour, unless it is set otherwise."""

YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Question:
    """A canary to ask."""

    engine: str
    model: Model
    paths: tuple[str, ...]  # to ask until the server has one; the route that took the model's last one first
    confirms: bool  # it repeats one that failed, where figures distinguish busy from wedged: it may take less time
    measures: bool = False  # it is a sample of waits


def next_canary(memory: Memory, rules: Rules, reading: Reading) -> Question | Canary | None:
    """The canary due after a reading: a question, or one that is skipped. None where none is due."""
    last, allowed = memory.canary, rules.canary_models
    if not allowed or reading.failure or reading.load.asleep:
        return None
    engine = reading.identity.engine if reading.identity else rules.engine
    measures = rules.measures_waits and engine == "ollama"
    seconds = max(rules.canary_every, MEASURED_EVERY) if measures else rules.canary_every
    regular = due(last.done_at, every(seconds, engine, last), rules.key, reading.at)
    if measures and reading.at - last.at < MEASURED_EVERY:
        regular = False
    stalled = stall.after(memory.stalled, memory.load, reading, engine)
    worked = reading.load.worked_since(memory.load)
    needed = stall.long_enough(stalled, reading.at) and last.done_at < stalled.since
    if not (last.doubted or regular or needed):
        return None
    if not last.doubted and last.has_ended(reading.facts.version, allowed):
        return Canary(skipped=ENDED)
    models = suitable(engine, reading.facts.models, allowed, reading.facts.product)
    if not models:
        offered = suitable("", (replace(model, loaded=None) for model in reading.facts.models), allowed)
        return Canary(skipped=NOTHING_LOADED if offered else NOT_OFFERED)
    used = [model for model in models if last.doubted or not unused(model, reading, last)]
    if not used:
        return Canary(choose(models, last.model, again=False).name, skipped=UNUSED, unused=measures)
    model = choose(used, last.model, last.doubted)
    if not measures and (worked or _used(memory, model)):
        return Canary(model.name, skipped=TRAFFIC)
    progress_shows = engine == "ollama" or reading.load.generation_tokens is not None
    paths = routes(engine, model, reading.facts.api, last.paths.get(model.name, ""))
    return Question(engine, model, tuple(paths), last.doubted and progress_shows, measures)


def every(seconds: int, engine: str, last: CanaryMemory) -> int:
    """Seconds between two canaries, of which the team wants one every `seconds`."""
    unseen = engine == "lmstudio" or (engine == "llamacpp" and last.sleeps)
    return max(seconds, RARELY) if unseen else seconds


def due(done_at: float, every: int, key: str, at: float) -> bool:
    """Whether a slot began since the last canary: every `every` seconds, from a second that `key` stably gives."""
    offset = schedule.phase(f"canary {key}", every)
    return (at - offset) // every > (done_at - offset) // every


def unused(model: Model, reading: Reading, last: CanaryMemory) -> bool:
    """Whether nobody has used a model of Ollama since its last canary, so that another would keep it in memory.

    One that is never unloaded may be asked, and one that is at work: no expiry is due before the one that has passed.
    """
    left = last.left.get(model.name)
    if left is None or model.expiry is None or (left and left != model.expires_at):
        return False
    loaded = [m.expiry for m in reading.facts.models if m.loaded and m.expiry]
    at_work = bool(reading.load.busy) and model.expiry == min(loaded, default=0.0)
    return not at_work and model.expiry - reading.at < YEAR


def choose(models: Sequence[Model], last: str, again: bool) -> Model:
    """The model after the last one asked; the same one `again` to see whether it works by now."""
    names = [model.name for model in models]
    place = names.index(last) if last in names else -1
    return models[max(place, 0) if again else (place + 1) % len(models)]


def _used(memory: Memory, model: Model) -> bool:
    """Whether Ollama shows a request to the model since the probe before, so that a canary would show nothing new.

    It moves `expires_at` for a request that was given up, too: this spares only every other canary, and takes no doubt
    away.
    """
    last = memory.canary
    if last.doubted or (last.why == TRAFFIC and last.skipped_at > last.at):
        return False
    before = {m.name: m.expires_at for m in memory.facts.models}.get(model.name)
    return bool(before and model.expires_at and model.expires_at > before)
