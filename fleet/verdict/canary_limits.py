"""How often a canary may be asked, and where none is, as it would load a model again or keep one in memory. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from ..engines.ollama_memory import moment
from ..engines.reading import Model, Reading
from . import schedule
from .canary_memory import CanaryMemory

UNUSED = "not used since the last canary; another would keep it in memory"
ENDED = "canaries have ended here"

RARELY = 7200
"""Seconds between two canaries where idle models are unloaded and nothing shows their use: LM Studio does it after an
hour, unless it is set otherwise."""

YEAR = 365 * 86_400


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
    expires_at = moment(model.expires_at)
    if left is None or expires_at is None or (left and left != model.expires_at):
        return False
    loaded = [at for m in reading.facts.models if m.loaded and (at := moment(m.expires_at))]
    at_work = bool(reading.load.busy) and expires_at == min(loaded, default=0.0)
    return not at_work and expires_at - reading.at < YEAR


def has_ended(last: CanaryMemory, version: str | None, models: Sequence[str]) -> str:
    """The model that was loaded again for a canary, until the version or the canary models change; else ""."""
    return last.ended if last.ended_for == (version, *models) else ""


def learned(last: CanaryMemory, engine: str, reading: Reading, models: Sequence[str]) -> CanaryMemory:
    """`last` with the limits after one more reading; `models` are those that may be asked: without any, no limits.

    A canary that confirms a doubt does not end canaries: Ollama itself replaces a process that hangs.
    """
    if not models:
        return replace(last, ended="", ended_for=(), left={}, sleeps=False)
    if reading.failure:
        return last
    version, asked = reading.facts.version, reading.canary
    seen = {m.name: m.expires_at for m in reading.facts.models if m.loaded and m.expires_at}
    left = {name: at or seen[name] for name, at in last.left.items() if name in seen}
    if engine == "ollama" and asked and not asked.skipped:
        left[asked.model] = ""  # this reading saw the expiry of before
    ended, ended_for = has_ended(last, version, models), last.ended_for
    if asked and asked.loaded and not last.doubted:
        ended, ended_for = asked.model, (version, *models)
    sleeps = last.sleeps or (engine == "llamacpp" and reading.load.sleep_state == "asleep")
    return replace(last, ended=ended, ended_for=ended_for if ended else (), left=left, sleeps=sleeps)
