"""Figures are counted once, by reason, and are never a reason to fail."""

import gzip

import pytest

from .answers import LLAMACPP, PROMETHEUS, SGLANG, TGI, VLLM, VLLM_METRICS, Reply, Routes, gauges, metrics
from .case import Case, judge

RANKS = "sgl-project/sglang#31896, #38825, #7597"


def _vllm(*lines: str) -> Routes:
    return {**VLLM, "/metrics": metrics(*lines)}


def _sglang(*ranks: tuple[str, int, int]) -> Routes:
    """(labels, running, queued) of each rank."""
    lines = [
        line
        for labels, running, queued in ranks
        for line in (
            f"sglang:num_running_reqs{{{labels}}} {running}.0",
            f"sglang:num_queue_reqs{{{labels}}} {queued}.0",
        )
    ]
    return {**SGLANG, "/metrics": metrics(*lines)}


def _by_reason(capacity: int, deferred: int) -> list[str]:
    name = 'vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason='
    return [*gauges(3, capacity + deferred), f'{name}"capacity"}} {capacity}.0', f'{name}"deferred"}} {deferred}.0']


# 64 engines with the histograms that make the page long: about 3 MB.
_BUCKETS = [
    f'vllm:e2e_request_latency_seconds_bucket{{engine="{e}",le="{b}",model_name="m"}} 0.0'
    for e in range(64)
    for b in range(600)
]
LONG_PAGE = [*_BUCKETS, *(line for engine in range(64) for line in gauges(1, 0, str(engine)))]

CASES = (
    Case(
        "sglang_tensor_ranks",
        RANKS,
        _sglang(*((f'pp_rank="0",tp_rank="{t}"', 3, 0) for t in range(2))),
        load={"running": 3},
    ),
    Case(
        "sglang_pipeline_ranks",
        RANKS,
        _sglang(*((f'pp_rank="{p}",tp_rank="0"', 4, 0) for p in range(2))),
        load={"running": 4},
    ),
    Case(
        "sglang_data_ranks",
        RANKS,
        _sglang(*((f'dp_rank="{d}",pp_rank="0",tp_rank="0"', 2 + d, d) for d in range(2))),
        status="busy",
        load={"running": 5, "waiting": 1},
    ),
    Case(
        "sglang_data_and_tensor_ranks",
        RANKS,
        _sglang(
            *(
                (f'dp_rank="{d}",pp_rank="{p}",tp_rank="{t}"', 2 + d, 0)
                for d in range(2)
                for p in range(2)
                for t in range(2)
            )
        ),
        status="up",
        load={"running": 5},
    ),
    Case(
        "sglang_expert_ranks",
        "sgl-project/sglang srt/managers/scheduler_metrics_mixin.py (label moe_ep_rank)",
        _sglang(*((f'moe_ep_rank="{t}",pp_rank="0",tp_rank="{t}"', 3, 0) for t in range(4))),
        load={"running": 3},
    ),
    Case(
        "sglang_data_and_expert_ranks",
        "sgl-project/sglang srt/managers/scheduler_metrics_mixin.py (label moe_ep_rank)",
        _sglang(*((f'dp_rank="{d}",moe_ep_rank="{d}",pp_rank="0",tp_rank="{d}"', 2 + d, 0) for d in range(2))),
        load={"running": 5},
    ),
    Case(
        "sglang_total_beside_priorities",
        "sgl-project/sglang srt/metrics/collector.py (--enable-priority-scheduling)",
        _sglang(*((f'priority="{p}",tp_rank="0"', running, 0) for p, running in (("", 3), ("0", 2), ("1", 1)))),
        load={"running": 3},
    ),
    Case("sglang_ranks_that_differ", RANKS, _sglang(('tp_rank="0"', 3, 0), ('tp_rank="1"', 2, 0)), load={"running": 3}),
    Case(
        "sglang_without_ranks",
        RANKS,
        _sglang(('model_name="m"', 3, 1)),
        status="busy",
        load={"running": 3, "waiting": 1},
    ),
    Case(
        "sglang_two_models",
        RANKS,
        _sglang(('model_name="a",tp_rank="0"', 1, 0), ('model_name="b",tp_rank="0"', 2, 0)),
        load={"running": 3},
    ),
    Case(
        "vllm_data_parallel",
        "kubernetes-sigs/gateway-api-inference-extension#2950",
        _vllm(*gauges(1, 0, "0"), *gauges(2, 5, "1")),
        status="busy",
        load={"running": 3, "waiting": 5},
    ),
    Case("vllm_deferred_alone", "vllm-project/vllm#53130", _vllm(*_by_reason(0, 7)), status="up"),
    Case(
        "vllm_capacity_waits", "vllm-project/vllm#53130", _vllm(*_by_reason(2, 7)), status="busy", load={"waiting": 2}
    ),
    Case(
        "vllm_64_engines",
        "vllm-project/vllm (data parallel, 3 MB page)",
        _vllm(*LONG_PAGE),
        status="up",
        load={"running": 64},
    ),
    Case(
        "vllm_waiting_is_nan",
        "",
        _vllm(*gauges()[:1], 'vllm:num_requests_waiting{engine="0"} NaN'),
        status="up",
        load={"running": 2, "waiting": None},
    ),
    Case(
        "vllm_waiting_is_infinite",
        "",
        _vllm(*gauges()[:1], "vllm:num_requests_waiting +Inf"),
        status="up",
        load={"waiting": None},
    ),
    Case("vllm_running_is_negative", "", _vllm("vllm:num_requests_running -1.0"), status="up", load={"running": None}),
    Case(
        "vllm_with_timestamps",
        "",
        _vllm(*(f"{line} 1790000000000" for line in gauges(4))),
        status="up",
        load={"running": 4},
    ),
    Case(
        "vllm_gzip_that_nobody_asked_for",
        "",
        {
            **VLLM,
            "/metrics": Reply(
                200, gzip.compress(str(VLLM_METRICS.body).encode()), {**PROMETHEUS, "Content-Encoding": "gzip"}
            ),
        },
        status="up",
        load={"running": 2},
    ),
    Case(
        "vllm_stale_after_aborts",
        "vllm-project/vllm#22545, #29928, #31503",
        _vllm(*gauges(106, 15)),
        then=_vllm(*gauges(106, 15)),
        later=180,
        status=("busy", "up", "degraded"),
    ),
    Case(
        "llamacpp_deferred",
        "",
        {**LLAMACPP, "/metrics": metrics("llamacpp:requests_processing 4", "llamacpp:requests_deferred 3")},
        status="busy",
        load={"running": 4, "waiting": 3},
    ),
    Case(
        "tgi_queue",
        "",
        {**TGI, "/metrics": metrics("tgi_queue_size 3", "tgi_batch_current_size 8")},
        status="busy",
        load={"running": 8, "waiting": 3},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_figures_are_read_as_they_are_meant(case: Case) -> None:
    judge(case)
