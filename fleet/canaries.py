"""When an endpoint's canary is sent, what it is held to say, and what it costs.

`EndpointState.canary` holds
    at, model, ms, note     the last one asked: unix seconds, its model, how long it took, why it was refused
    ok, cause, detail       true, or false with what went wrong; null where it says nothing about the engine
    skipped_at, why         the last one not asked
    day, asked, skipped, tokens, ms_total    what they came to on that day (days since 1970, UTC)
    paths                   by model, the route that took the last one
    still_since, still_rises    of standstill.Still, whose probes are in EndpointState.still
    ended, left, sleeps     see canary_limits
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.database import give_back

from . import canary_limits, schedule, standstill
from .engines import canary
from .engines.canary import CANARY_DEADLINE, CONFIRM_DEADLINE, LONGEST
from .engines.errors import Cause
from .engines.reading import Canary, Load, Model, Reading, facts_from_json
from .models import Endpoint, EndpointState
from .standstill import Still
from .status import TROUBLE, Finding, status_of

TRAFFIC = "real traffic had just succeeded"
NOTHING_LOADED = "none of its models is known to be in memory"
NOT_OFFERED = "none of its models is offered"

DAY = 86_400


def ask(state: EndpointState, reading: Reading) -> Reading:
    """`reading` with the canary that is due, asked or skipped; takes up to engines.canary.LONGEST seconds."""
    endpoint, last = state.endpoint, state.canary
    doubted = last.get("ok") is False
    if not endpoint.canary_models or reading.failure or _asleep(reading):
        return reading
    engine = _engine(state, reading)
    every = canary_limits.every(endpoint.canary_every, engine, last)
    if not (doubted or due(last, every, str(endpoint.pk), reading.at) or _needed(state, reading)):
        return reading
    if not doubted and canary_limits.has_ended(last, reading.facts.version, endpoint.canary_models):
        return replace(reading, canary=Canary(skipped=canary_limits.ENDED))
    models = canary.suitable(engine, reading.facts.models, endpoint.canary_models, reading.facts.product)
    if not models:
        return replace(reading, canary=Canary(skipped=_why_none(reading, endpoint.canary_models)))
    used = [model for model in models if doubted or not canary_limits.unused(model, reading, last)]
    if not used:
        return replace(reading, canary=Canary(skipped=canary_limits.UNUSED))
    model = choose(used, last.get("model", ""), doubted)
    if _works_anyway(state, reading, model):
        return replace(reading, canary=Canary(model.name, skipped=TRAFFIC))
    if not _reserve(state):
        return reading
    timeout = CONFIRM_DEADLINE if doubted and _tells_progress(engine, reading) else CANARY_DEADLINE
    return canary.ask(
        endpoint.url,
        engine,
        model,
        reading,
        path=last.get("paths", {}).get(model.name, ""),
        api_key=endpoint.api_key or None,
        username=endpoint.username or None,
        timeout=timeout,
        verify=endpoint.verify_tls,
    )


def due(last: dict[str, Any], every: int, key: str, at: float) -> bool:
    """Whether a slot began since the last canary: every `every` seconds, from a second that `key` stably gives."""
    done = max(last.get("at") or 0, last.get("skipped_at") or 0)
    offset = schedule.phase(f"canary {key}", every)
    return (at - offset) // every > (done - offset) // every


def _needed(state: EndpointState, reading: Reading) -> bool:
    """Whether requests stand still and no canary has been due since they do."""
    still, last = _still(state, reading), state.canary
    done = max(last.get("at") or 0, last.get("skipped_at") or 0)
    return standstill.long_enough(still, reading.at) and done < still.since


def choose(models: Sequence[Model], last: str, again: bool) -> Model:
    """The model after the last one asked; the same one `again` to see whether it works by now."""
    names = [model.name for model in models]
    place = names.index(last) if last in names else -1
    return models[max(place, 0) if again else (place + 1) % len(models)]


def _works_anyway(state: EndpointState, reading: Reading, model: Model) -> bool:
    """Whether requests succeeded since the last look, so that a canary would say nothing new.

    Ollama moves `expires_at` for a request that was given up, too: there it spares only every other canary, and
    takes no doubt away.
    """
    if canary.moved(Load(**state.load), reading.load):
        return True
    if state.canary.get("ok") is False or _skipped_last(state.canary):
        return False
    before = {m.name: m.expires_at for m in facts_from_json(state.facts).models}.get(model.name)
    return bool(before and model.expires_at and model.expires_at > before)


def _skipped_last(last: dict[str, Any]) -> bool:
    return last.get("why") == TRAFFIC and (last.get("skipped_at") or 0) > (last.get("at") or 0)


def _why_none(reading: Reading, allowed: Sequence[str]) -> str:
    here = canary.suitable("", (replace(m, loaded=None) for m in reading.facts.models), allowed)
    return NOTHING_LOADED if here else NOT_OFFERED


def _tells_progress(engine: str, reading: Reading) -> bool:
    """Where nothing tells busy from wedged, a canary that confirms gets the full time."""
    return engine == "ollama" or reading.load.generation_tokens is not None


def _reserve(state: EndpointState) -> bool:
    """Moves the next look behind this canary, so that no other look overtakes it and has it dropped; `learn` takes it
    back. False when another look was sent off meanwhile."""
    if state.due_at is None:
        return False
    until = max(state.due_at, int(time.time() + LONGEST) + 1)
    rows = EndpointState.objects.filter(pk=state.pk, due_at=state.due_at)
    # What is due is that look: the one under way is not overdue for as long as its canary may take.
    if rows.update(due_at=until, waiting_since=None) != 1:
        return False
    state.due_at = until
    give_back()
    return True


def _engine(state: EndpointState, reading: Reading) -> str:
    return reading.identity.engine if reading.identity else state.endpoint.engine or state.engine


def _asleep(reading: Reading) -> bool:
    return reading.load.sleep_state not in (None, "awake")


def learn(state: EndpointState, reading: Reading, finding: Finding) -> Finding:
    """Takes the canary and the progress seen into `state`, which still has the load of the look before.

    Returns what they find, unless it is nothing or less urgent than `finding`, that of the rest of the reading.
    """
    still = Still() if _worked(reading) else _still(state, reading)
    found = None if reading.failure or _asleep(reading) else _found(state, reading, still)
    if found is None and finding.status not in TROUBLE:
        found = standstill.may_be_stuck(still, reading.load, reading.at)
    if state.due_at is not None and any(exchange.step == "canary" for exchange in reading.exchanges):
        every = state.endpoint.interval * state.stretch
        state.due_at = schedule.next_due(time.time(), every, str(state.pk))  # back to its grid
    state.canary = _after(state, reading, still)
    state.still = still.probes
    if found is None or (finding.status in TROUBLE and found.status not in TROUBLE):
        return finding
    return found


def _still(state: EndpointState, reading: Reading) -> Still:
    last = state.canary
    if reading.failure or _engine(state, reading) not in standstill.ENGINES:
        return Still()
    still = Still(state.still, last.get("still_since") or 0.0, last.get("still_rises") or 0)
    return standstill.count(still, Load(**state.load), reading.load, reading.at)


def _after(state: EndpointState, reading: Reading, still: Still) -> dict[str, Any]:
    """EndpointState.canary after this reading."""
    allowed, asked = state.endpoint.canary_models, reading.canary
    kept = noted(state.canary, asked, reading.at) if asked else state.canary
    moving = ("still_since", "still_rises", "paths", "ended", "left", "sleeps")
    kept = {key: value for key, value in kept.items() if key not in moving}
    if still.probes:
        kept |= {"still_since": still.since, "still_rises": still.rises}
    paths = state.canary.get("paths", {}) | ({asked.model: asked.path} if asked and asked.path else {})
    names = {name.lower().removesuffix(":latest") for name in allowed}
    if paths := {model: path for model, path in paths.items() if model.lower().removesuffix(":latest") in names}:
        kept["paths"] = paths
    if allowed:
        kept |= canary_limits.learned(state.canary, _engine(state, reading), reading, allowed)
    return kept


def _worked(reading: Reading) -> bool:
    return bool(reading.canary and reading.canary.tokens)


def _found(state: EndpointState, reading: Reading, still: Still) -> Finding | None:
    asked, last = reading.canary, state.canary
    if asked and asked.failure:
        return Finding(asked.failure.cause, asked.failure.step, asked.failure.detail)
    if asked is None and last.get("ok") is False and state.endpoint.canary_models:
        # Its canary could not be repeated in this look: without one it does not count as recovered.
        return Finding(Cause(last["cause"]), "canary", last.get("detail", ""))
    return standstill.find(still, reading.load, reading.at)


def noted(last: dict[str, Any], asked: Canary, at: float) -> dict[str, Any]:
    """`last` (as in EndpointState.canary) after this canary at `at` (unix seconds)."""
    day = int(at // DAY)
    sums = ("asked", "skipped", "tokens", "ms_total")
    today = {key: last.get(key, 0) if last.get("day") == day else 0 for key in sums}
    if asked.skipped:
        today["skipped"] += 1
        # What is skipped as it works, or because the model is gone, takes a doubt away.
        healed = {"ok": None, "cause": "", "detail": ""} if last.get("ok") is False else {}
        return {**last, **healed, **today, "day": day, "skipped_at": at, "why": asked.skipped}
    today["asked"] += 1
    today["tokens"] += asked.tokens
    today["ms_total"] = round(today["ms_total"] + (asked.ms or 0), 1)
    outcome = {"at": at, "model": asked.model, "ms": asked.ms, "note": asked.note, **_judged(asked)}
    return {**last, **outcome, **today, "day": day}


def _judged(asked: Canary) -> dict[str, Any]:
    if asked.failure is None:
        return {"ok": None if asked.note else True, "cause": "", "detail": ""}
    # Asked too often, it must not be asked again at once.
    trouble = status_of(asked.failure.cause) in TROUBLE and asked.failure.cause is not Cause.RATE_LIMITED
    return {"ok": False if trouble else None, "cause": asked.failure.cause.value, "detail": asked.failure.detail[:300]}


def today(endpoint: Endpoint, state: EndpointState, at: float) -> dict[str, int] | None:
    """What the canaries of the day of `at` (unix seconds) came to so far; None where the endpoint has none."""
    if not endpoint.canary_models:
        return None
    same = state.canary.get("day") == int(at // DAY)
    return {key: state.canary.get(key, 0) if same else 0 for key in ("asked", "skipped", "tokens", "ms_total")}
