"""vLLM's metrics as a Load. Names come and go over its releases, so each figure has a list of aliases.

https://docs.vllm.ai/en/latest/usage/metrics.html; a deprecated name is hidden a release later, then removed.
What is missing is unknown, never zero.
"""

from itertools import chain
from typing import Any

from .counters import Figures
from .prometheus import Page
from .reading import Load

PREFIX = "vllm:"

_COUNTS = {
    "running": ("vllm:num_requests_running",),
    "waiting": ("vllm:num_requests_waiting",),
    "preemptions": ("vllm:num_preemptions_total", "vllm:num_preemptions"),
    "prefix_cache_queries": (
        "vllm:prefix_cache_queries_total",
        "vllm:prefix_cache_queries",
        "vllm:gpu_prefix_cache_queries_total",
        "vllm:gpu_prefix_cache_queries",
    ),
    "prefix_cache_hits": (
        "vllm:prefix_cache_hits_total",
        "vllm:prefix_cache_hits",
        "vllm:gpu_prefix_cache_hits_total",
        "vllm:gpu_prefix_cache_hits",
    ),
    "prompt_tokens": ("vllm:prompt_tokens_total", "vllm:prompt_tokens"),
    "generation_tokens": ("vllm:generation_tokens_total", "vllm:generation_tokens"),
    "requests": ("vllm:request_success_total", "vllm:request_success"),
}
COUNTERS = Figures(
    counts={
        **{name: _COUNTS[name] for name in ("requests", "prompt_tokens", "generation_tokens")},
        "preempted": _COUNTS["preemptions"],
        "queried_tokens": _COUNTS["prefix_cache_queries"],
        "cached_tokens": _COUNTS["prefix_cache_hits"],
        "rejected": ("vllm:admission_rejections_total",),
    },
    parts={"aborted": (_COUNTS["requests"], "finished_reason", "abort")},
    histograms={
        "ttft": ("vllm:time_to_first_token_seconds",),
        "itl": ("vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"),
        "queue": ("vllm:request_queue_time_seconds",),
        "e2e": ("vllm:e2e_request_latency_seconds",),
    },
    processes=("engine",),
)
_USAGE = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
_BY_REASON = ("vllm:num_requests_waiting_by_reason",)
_SLEEP = ("vllm:engine_sleep_state",)
_CACHE = ("vllm:cache_config_info",)
_START = ("process_start_time_seconds",)
FIGURES = {**_COUNTS, "kv_cache_usage": _USAGE, "sleep_state": _SLEEP}


def read(text: str) -> tuple[Load, dict[str, Any]]:
    """The load, summed over engines (data-parallel ranks) and models, and the capacity for the memory.

    Requests that wait for the reason "deferred" (a transfer of KV cache, a grammar) do not show a lack of capacity, so
    they are not among those waiting. The fullest engine's KV cache counts, since preemption begins there.
    "kv_cache_max_concurrency" says how many requests of full length fit into the caches of all engines: a bound of
    memory, not the scheduler's.
    """
    page = Page(text, chain(*_COUNTS.values(), _USAGE, _BY_REASON, _SLEEP, _CACHE, _START))
    counts = page.counts(_COUNTS)
    reasons = page.counts_by("reason", _BY_REASON)
    deferred = reasons.get("deferred")
    if for_capacity := [requests for reason, requests in reasons.items() if reason != "deferred"]:
        counts["waiting"] = sum(for_capacity)
    elif deferred and counts["waiting"] is not None:
        counts["waiting"] = max(0, counts["waiting"] - deferred)
    load = Load(
        **counts,
        deferred=deferred,
        waiting_by_reason=reasons,
        kv_cache_usage=_share(page.highest(_USAGE)),
        sleep_state=_sleep_state(page),
        process_start=page.highest(_START),
    )
    return load, _capacity(page)


def _share(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= 1 else None


def _sleep_state(page: Page) -> str | None:
    """One gauge per state, 1 for the one that holds; asleep only when no engine is awake."""
    states = [sample.labels.get("sleep_state") for sample in page.samples(_SLEEP) if sample.value == 1]
    return "awake" if "awake" in states else next((state for state in states if state), None)


def _capacity(page: Page) -> dict[str, Any]:
    engines = {sample.labels.get("engine") for sample in page.samples(_COUNTS["running"])} - {None}
    fits = [_number(sample.labels.get("kv_cache_max_concurrency")) for sample in page.samples(_CACHE)]
    known = bool(fits) and None not in fits
    return {
        "data_parallel_engines": len(engines) or None,
        "kv_cache_max_concurrency": sum(fit or 0 for fit in fits) if known else None,
    }


def _number(label: str | None) -> float | None:
    try:
        value = float(label or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e12 else None
