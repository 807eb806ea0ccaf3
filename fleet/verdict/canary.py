"""What a canary that was asked means, and what is remembered of it. Pure. When one is due: canary_due."""

from collections.abc import Sequence
from dataclasses import replace

from ..engines.errors import Cause
from ..engines.reading import Canary, Reading
from .canary_memory import DAY, NOTHING, CanaryMemory
from .memory import Rules
from .status import TROUBLE, Finding, status_of


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
    if not allowed and not asked and last == NOTHING:
        return last
    names = {name.lower().removesuffix(":latest") for name in allowed}
    paths = last.paths | ({asked.model: asked.path} if asked and asked.path else {})
    paths = {model: path for model, path in paths.items() if model.lower().removesuffix(":latest") in names}
    last = replace(learned(last, engine, reading, allowed), paths=paths)
    return noted(last, asked, reading.at) if asked else last


def learned(last: CanaryMemory, engine: str, reading: Reading, models: Sequence[str]) -> CanaryMemory:
    """`last` with what limits the next ones. `models` are those that may be asked: without any, no limits.

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
        late = asked.failure is not None and asked.failure.cause is Cause.SATURATED
        if asked.measures and (asked.left_busy or late):
            del left[asked.model]  # who is at work without a break moves no expiry, and would look idle
    ended, ended_for = last.has_ended(version, models), last.ended_for
    if asked and asked.loaded and not last.doubted:
        ended, ended_for = asked.model, (version, *models)
    sleeps = last.sleeps or (engine == "llamacpp" and reading.load.sleep_state == "asleep")
    return replace(last, ended=ended, ended_for=ended_for if ended else (), left=left, sleeps=sleeps)


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
