"""Load verdicts on a model that Ollama serves: by how often, and how long, canaries waited for a slot.

Ollama shows no queue. A canary's wait is its total time without loading and computing, exact to 3 ms; the share of
canaries that waited is how often all slots are taken. https://github.com/ollama/ollama/blob/main/docs/faq.md
"""

import re
from dataclasses import replace

from . import target as targets
from .counts import Counts
from .signals import in_time, most_in_an_hour, of_gateway, seconds, signal
from .thresholds import Support, Thresholds
from .verdict import Advice, Circumstances, Limit, Signal, State, Verdict
from .window import Stretch, bins, percentile

_ONE_SLOT = ("llama32vision", "mllama", "qwen3vl", "qwen35", "qwen3next", "lfm2", "nemotronh")
"""Families of which Ollama runs one request at a time whatever is set."""


def judge(model: str, found: Stretch, gateway: Counts, limits: Thresholds, stated: Circumstances) -> Verdict:
    """The verdict on one model. `gateway` has what gateways counted for this server; empty where none does."""
    total, sent = found.total, samples(found.total)
    waited, wait = _waited(total), _wait(total)
    bad_days = [day for day in found.days.values() if _bad(day, limits)]
    promised = [in_time(each, stated.target.share) for each in targets.met(found, stated.target, canaries=True)]
    clients = most_in_an_hour(found, "reloads")
    others = _second_signals(found, gateway, limits)
    signals = [
        signal("waited_much", f"{waited:.0f} %", limits, sent, waited >= limits.waited_much),
        signal(
            "wait_long", seconds(wait), limits, sent, wait is not None and float(wait[0]) >= 1000 * limits.wait_long
        ),
        signal("days_of_waiting", str(len(bad_days)), limits, sent, len(bad_days) >= limits.days_of_waiting),
        *promised,
        *others,
    ]
    if stated.slots:
        words = f"{stated.slots}, as stated by the team"
        signals.append(Signal("", "Slots (OLLAMA_NUM_PARALLEL)", words, "", 0, Support.OURS, False))
    verdict = Verdict(State.FINE, model, signals=tuple(signals), against=_against(total, found, gateway, limits))
    if clients >= limits.reloads:
        flips = signal("reloads", f"{clients} in one hour", limits, total.get("probes", 0), True)
        return replace(verdict, state=State.DISAGREE, signals=(flips, *signals), advice=_ALIKE)
    waits = len(bad_days) >= limits.days_of_waiting and sent >= limits.least_samples
    if not (waits or any(each.crossed for each in promised)):
        short = wait is not None and float(wait[1]) <= 1000 * limits.wait_fine
        easy = (
            signal("waited_fine", f"{waited:.0f} %", limits, sent, waited <= limits.waited_fine),
            signal("wait_fine", seconds(wait), limits, sent, short),
        )
        heavy = (replace(each, crossed=False) for each in signals[:3])  # one of them alone speaks for nothing
        return replace(verdict, signals=(*easy, *heavy, *signals[3:]), advice=_remarks(found, limits))
    one_slot = not can_have_slots(model)
    if waits and any(each.crossed for each in others) and ((stated.slots or 1) >= 2 or one_slot):
        state = State.CANNOT_MOVE if stated.can_move is False else State.OUTGROWN
        return replace(
            verdict, state=state, limit=Limit.SLOTS, advice=_MORE_HOSTS if state is State.CANNOT_MOVE else _MOVE
        )
    advice = (*_remarks(found, limits), *(() if one_slot or (stated.slots or 1) >= 2 else _SLOTS))
    return replace(verdict, state=State.TUNE_FIRST, limit=Limit.SLOTS, advice=advice or _MORE_SIGNALS)


def samples(total: Counts) -> int:
    """Moments of which it is known whether all slots were taken: canaries, and those not sent to an idle model."""
    return total.get("canaries", 0) + total.get("unused", 0) - total.get("caused_load", 0)


def can_have_slots(model: str) -> bool:
    """Whether OLLAMA_NUM_PARALLEL means anything for a model, by its name."""
    plain = re.sub(r"[^a-z0-9]", "", model.rpartition("/")[2].lower())
    return not plain.startswith(_ONE_SLOT) and "embed" not in plain


def _waited(total: Counts) -> float:
    """Per cent of the samples in which all slots were taken."""
    return 100 * (total.get("waited", 0) + total.get("refused", 0)) / max(samples(total), 1)


def _wait(total: Counts) -> tuple[str, str] | None:
    buckets = bins(total, "wait")
    buckets[0] = (buckets[0][0], buckets[0][1] + total.get("unused", 0))
    buckets[-1] = (buckets[-1][0], buckets[-1][1] + total.get("refused", 0))
    return percentile(buckets, 0.95)


def _bad(day: Counts, limits: Thresholds) -> bool:
    wait = _wait(day)
    long = wait is not None and float(wait[0]) >= 1000 * limits.wait_long
    return long and _waited(day) >= limits.waited_much


def _second_signals(found: Stretch, gateway: Counts, limits: Thresholds) -> list[Signal]:
    """What shows too much work by other means than waits."""
    total, sent = found.total, samples(found.total)
    slowed = 100 * total.get("slowed", 0) / max(total.get("canaries", 0), 1)
    refused = max(most_in_an_hour(found, "refused"), gateway.get("refused", 0))
    asked = max(sent, gateway.get("requests", 0), refused)
    return [
        signal("slowed", f"{slowed:.0f} %", limits, total.get("canaries", 0), slowed >= limits.slowed),
        signal("refused", str(refused), limits, asked, refused >= limits.refused),
        *of_gateway(gateway),
    ]


def _against(total: Counts, found: Stretch, gateway: Counts, limits: Thresholds) -> tuple[str, ...]:
    """What speaks against too much work."""
    sentences, number, sent = [], total.get("waited", 0) + total.get("refused", 0), samples(total)
    if number and _waited(total) < limits.waited_much:
        sentences.append(
            f"{number} of {sent} samples waited for a slot, under the {limits.waited_much:g} % that count."
        )
    asked = sent or gateway.get("requests")
    if asked and not total.get("refused") and not gateway.get("refused"):
        sentences.append("No request was refused (HTTP 503).")
    if total.get("probes") and not total.get("reloads"):
        sentences.append("No client was seen to disagree about the context.")
    probed = [row for row in found.rows if row.counts.get("probes")]
    idle = sum(not row.counts.get("used") for row in probed)
    if idle:
        sentences.append(f"Nobody used the model in {100 * idle / len(probed):.0f} % of the hours.")
    if total.get("caused_load"):
        number = total["caused_load"]
        sentences.append(f"{number} of our own canaries made Ollama load the model and are left out.")
    return tuple(sentences)


def _remarks(found: Stretch, limits: Thresholds) -> tuple[Advice, ...]:
    """What would help whatever the verdict is."""
    total, advice = found.total, []
    if most_in_an_hour(found, "swaps") >= limits.swaps:
        words = "Let the models that are used side by side stay in memory."
        advice.append(Advice(words, "OLLAMA_MAX_LOADED_MODELS", "Memory for each of them at the same time."))
    if total.get("cold_loads"):
        words = "Let the model stay in memory longer: callers waited for its load."
        advice.append(Advice(words, "OLLAMA_KEEP_ALIVE=1h", "Its memory stays taken while nobody asks."))
    if total.get("spilled"):
        words = "A part of the model is outside the GPU's memory: a smaller context or quantisation makes it fit."
        advice.append(Advice(words, "num_ctx", "Shorter conversations, or a little quality."))
    return tuple(advice)


_ALIKE = (
    Advice(
        "Have all clients send the same options, above all num_ctx: each change loads the model again, and all wait.",
        "OLLAMA_CONTEXT_LENGTH",
        "Nothing, once it is large enough for all of them. It is no reason for vLLM.",
    ),
)
_SLOTS = (
    Advice(
        "Give it a second slot, then compare the same figures over as many days.",
        "OLLAMA_NUM_PARALLEL=2",
        "Memory for one more context. On CPUs two slots were slower than one: compare before you go on.",
    ),
)
_MOVE = (
    Advice(
        "More slots did not help, so this load asks for an engine that computes requests in batches: vLLM.",
        costs="Another server to run; until then, a second host behind a balancer halves the load.",
    ),
)
_MORE_HOSTS = (
    Advice(
        "There is no machine for vLLM, so share the load: a second host behind a balancer.",
        costs="One more machine, and each keeps its own copy of the model.",
    ),
)
_MORE_SIGNALS = (
    Advice(
        "It waits at two slots, but nothing else shows too much work. Watch it by a gateway (LiteLLM, Olla), which "
        "counts its requests and callers.",
        costs="Nothing, if there is one already.",
    ),
)
