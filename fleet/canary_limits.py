"""What keeps canaries from changing anything: they neither load a model again nor keep one in memory. Pure.

Of EndpointState.canary these are kept here
    ended     the model that Ollama loaded again for a canary, and "for": the version and the canary models it was with
    left      by model, Ollama's expires_at as its last canary left it; "" until a probe has seen it
    sleeps    true once llama.cpp was seen asleep, as it unloads idle models then
"""

from collections.abc import Sequence
from typing import Any

from .engines.ollama_memory import moment
from .engines.reading import Model, Reading

UNUSED = "not used since the last canary; another would keep it in memory"
ENDED = "canaries have ended here"

RARELY = 7200
"""Seconds between two canaries where idle models are unloaded and nothing shows their use: LM Studio does it after an
hour, unless it is set otherwise."""

YEAR = 365 * 86_400


def every(seconds: int, engine: str, last: dict[str, Any]) -> int:
    """Seconds between two canaries, of which the team wants one every `seconds`."""
    unseen = engine == "lmstudio" or (engine == "llamacpp" and last.get("sleeps"))
    return max(seconds, RARELY) if unseen else seconds


def unused(model: Model, reading: Reading, last: dict[str, Any]) -> bool:
    """Whether nobody has used a model of Ollama since its last canary, so that another would keep it in memory.

    One that is never unloaded may be asked, and one that is at work: no expiry is due before the one that has passed.
    """
    left = last.get("left", {}).get(model.name)
    expires_at = moment(model.expires_at)
    if left is None or expires_at is None or (left and left != model.expires_at):
        return False
    loaded = [at for m in reading.facts.models if m.loaded and (at := moment(m.expires_at))]
    at_work = bool(reading.load.busy) and expires_at == min(loaded, default=0.0)
    return not at_work and expires_at - reading.at < YEAR


def has_ended(last: dict[str, Any], version: str | None, models: Sequence[str]) -> str:
    """The model that was loaded again for a canary, until the version or the canary models change; else ""."""
    ended = last.get("ended", {})
    return ended["model"] if ended and ended["for"] == [version, *models] else ""


def learned(last: dict[str, Any], engine: str, reading: Reading, models: Sequence[str]) -> dict[str, Any]:
    """What to keep for these limits after one more reading: the part of `last` that is described above.

    A canary that confirms a doubt does not end canaries: Ollama itself replaces a process that hangs.
    """
    if reading.failure:
        return {key: last[key] for key in ("ended", "left", "sleeps") if key in last}
    version, asked = reading.facts.version, reading.canary
    kept: dict[str, Any] = {}
    seen = {m.name: m.expires_at for m in reading.facts.models if m.loaded and m.expires_at}
    left = {name: at or seen[name] for name, at in last.get("left", {}).items() if name in seen}
    if engine == "ollama" and asked and not asked.skipped:
        left[asked.model] = ""  # this reading saw the expiry of before
    if left:
        kept["left"] = left
    if asked and asked.loaded and last.get("ok") is not False:
        kept["ended"] = {"model": asked.model, "for": [version, *models]}
    elif has_ended(last, version, models):
        kept["ended"] = last["ended"]
    if last.get("sleeps") or (engine == "llamacpp" and reading.load.sleep_state == "asleep"):
        kept["sleeps"] = True
    return kept
