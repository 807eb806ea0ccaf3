"""Load verdicts on an engine that shows its queue: vLLM, and those that show the same figures (SGLang, llama.cpp, TGI).

Requests that wait for capacity say that it is saturated; which limit that is, the KV cache or the cap on sequences, is
shown by what the probes found meanwhile. https://docs.vllm.ai/en/latest/configuration/optimization.html
"""

from dataclasses import replace

from . import target as targets
from .counts import Counts
from .signals import NOT_KNOWN, in_time, of_gateway, seconds, signal
from .thresholds import Thresholds
from .verdict import Advice, Circumstances, Limit, Signal, State, Verdict
from .window import Stretch, bins, percentile


def judge(
    model: str, office: Stretch, whole: Stretch, gateway: Counts, limits: Thresholds, stated: Circumstances
) -> Verdict:
    """The verdict on one model, or on the whole server. Too much work is judged by the `office` hours, too little by
    the `whole` window."""
    total, looked = office.total, office.total.get("gauges", 0)
    quarters, queue = total.get("saturated", 0), percentile(office.histogram("queue"), 0.95)
    long = queue is None or float(queue[0]) >= limits.queue_long  # an engine without that histogram: by its queue alone
    saturated = quarters >= limits.saturated_quarters and long
    promised = [in_time(each, stated.target.share) for each in targets.met(office, stated.target, canaries=False)]
    signals = [
        signal("saturated_quarters", f"{quarters} of {total.get('quarters', 0)}", limits, looked,
               quarters >= limits.saturated_quarters),
        signal("queue_long", seconds(queue, 1), limits, total.get("requests", 0), queue is not None and long),
        *promised,
        *of_gateway(gateway),
    ]  # fmt: skip
    verdict = Verdict(State.FINE, model, signals=tuple(signals), against=_against(total))
    if saturated:
        limit, why = _limit(total, limits)
        return replace(verdict, state=State.SATURATED, limit=limit, signals=(*signals, *why), advice=_ADVICE[limit])
    if any(each.crossed for each in promised):
        return replace(verdict, state=State.TUNE_FIRST, advice=_TUNE)
    return _spare(verdict, whole, limits, stated)


def _limit(total: Counts, limits: Thresholds) -> tuple[Limit, list[Signal]]:
    """Which limit requests wait for. The KV cache first: where it is full, the number running stays level, too."""
    waiting, requests = total.get("waiting", 0), total.get("requests", 0)
    full = 100 * total.get("kv_full", 0) / max(waiting, 1)
    at_cap = 100 * total.get("at_max", 0) / max(waiting, 1)
    preempted = 1000 * total.get("preempted", 0) / max(requests, 1)
    by_kv = signal("kv_waiting", f"{full:.0f} %", limits, waiting, full >= limits.kv_waiting)
    by_preemption = signal("preempted", f"{preempted:.0f}", limits, requests, preempted >= limits.preempted)
    by_cap = signal("at_cap", f"{at_cap:.0f} %", limits, waiting, at_cap >= limits.at_cap)
    if by_kv.crossed or by_preemption.crossed:
        return Limit.KV_CACHE, [by_kv, by_preemption]
    return Limit.SEQUENCES if by_cap.crossed else Limit.UNKNOWN, [by_kv, by_preemption, by_cap]


def _spare(verdict: Verdict, whole: Stretch, limits: Thresholds, stated: Circumstances) -> Verdict:
    """Whether the engine is more than its callers need."""
    total, looked = whole.total, whole.total.get("gauges", 0)
    hours = [row.counts for row in whole.rows if row.counts.get("gauges")]
    busy = 100 * sum(bool(hour.get("at_work") or hour.get("requests")) for hour in hours) / max(len(hours), 1)
    running, kv = percentile(bins(total, "running"), 0.99), percentile(bins(total, "kv"), 0.95)
    flow = in_flight(whole)
    signals = [
        signal("idle_hours", f"{busy:.0f} %", limits, len(hours), busy < limits.idle_hours),
        signal("idle_running", running[1] if running else NOT_KNOWN, limits, looked,
               running is not None and float(running[1]) <= limits.idle_running),
        signal("idle_kv", f"up to {kv[1]} %" if kv else NOT_KNOWN, limits, looked,
               kv is not None and float(kv[1]) <= limits.idle_kv),
        signal("idle_flow", NOT_KNOWN if flow is None else f"{flow:.2f}", limits, total.get("requests", 0),
               flow is None or flow < limits.idle_flow),
    ]  # fmt: skip
    little = all(each.crossed for each in signals[1:] if each.value != NOT_KNOWN)
    if total.get("waiting") or not little or busy >= limits.spare_hours or not hours:
        return replace(verdict, signals=(*verdict.signals, signals[0]))
    verdict = replace(verdict, signals=tuple(signals))
    if busy >= limits.idle_hours:
        return replace(verdict, state=State.ROOM)
    if reasons := _reasons(total, limits, stated):
        return replace(verdict, state=State.JUSTIFIED, against=reasons)
    return replace(verdict, state=State.OVERKILL, against=(), advice=_LESS)


def in_flight(found: Stretch) -> float | None:
    """Requests in flight on average by Little's law: their rate times their mean time, from the engine's counters."""
    took, lower, number = 0.0, 0.0, 0
    for edge, count in found.histogram("e2e"):
        upper = float(edge)
        took += count * (lower if upper == float("inf") else (lower + upper) / 2)
        number, lower = number + count, upper
    seconds_counted = sum(row.counts.get("seconds", 0) for row in found.rows)
    return took / seconds_counted if number and seconds_counted else None


def _against(total: Counts) -> tuple[str, ...]:
    sentences = []
    if total.get("gauges") and not total.get("waiting"):
        sentences.append("No probe found a request waiting for capacity.")
    if total.get("requests") and not total.get("preempted"):
        sentences.append("No request was preempted.")
    return tuple(sentences)


def _reasons(total: Counts, limits: Thresholds, stated: Circumstances) -> tuple[str, ...]:
    """What justifies the engine though it is idle mostly."""
    reasons = [f"The team names {reason}." for reason in stated.reasons]
    if total.get("running_max", 0) > limits.burst:
        reasons.append(f"Up to {total['running_max']} requests came at once.")
    queried, cached = total.get("queried_tokens", 0), total.get("cached_tokens", 0)
    if queried and 100 * cached / queried >= limits.prefix_share:
        reasons.append(f"{100 * cached / queried:.0f} % of the prompts' tokens came from the prefix cache.")
    if stated.target.any:
        reasons.append("There is a service target for it.")
    return tuple(reasons)


_TUNE = (
    Advice(
        "It misses its target without a queue: let it compute prompts in smaller parts.",
        "--max-num-batched-tokens",
        "A lower value answers running requests sooner and new ones later.",
    ),
)
_LESS = (
    Advice(
        "For so little work Ollama on the same or a smaller machine would do. See what else speaks for vLLM first.",
        costs="Less throughput in bursts, no continuous batching.",
    ),
)
_ADVICE = {
    Limit.KV_CACHE: (
        Advice("Shorter contexts leave room for more requests.", "--max-model-len", "Longer prompts are refused."),
        Advice("Give the cache more of the GPU's memory.", "--gpu-memory-utilization", "Less is left for peaks."),
        Advice("Store the cache in eight bits.", "--kv-cache-dtype fp8", "A little quality; not on every GPU."),
        Advice("If these are used up: more GPU memory, or a second instance.", costs="Hardware."),
    ),
    Limit.SEQUENCES: (
        Advice(
            "The cap on requests at once is reached while the KV cache has room: raise it.",
            "--max-num-seqs",
            "Each request gets slower as more run at once.",
        ),
    ),
    Limit.DEFERRED: (),
    Limit.SLOTS: (),
    Limit.UNKNOWN: (
        Advice(
            "Neither the KV cache nor the cap on sequences explains the queue. Look at the tokens of a step.",
            "--max-num-batched-tokens",
            "A higher value lets prompts in sooner and slows running answers.",
        ),
    ),
}
