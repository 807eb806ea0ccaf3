"""A probe changes nothing: what sleeps stays asleep, and no question costs a generation or drains a counter.

That nothing is posted but POST /api/show, which reads a card, is checked in every case of this folder.
"""

import pytest

from .answers import (
    DAY,
    LITELLM,
    LLAMACPP,
    LLAMACPP_PROPS,
    LMSTUDIO,
    OLLAMA,
    SGLANG,
    TGI,
    VLLM,
    Routes,
    cards,
    metrics,
    ok,
)
from .case import Case, judge

SLEEPS = "ggml-org/llama.cpp#18228, #20227, #27376"
ASLEEP: Routes = {**LLAMACPP, "/props": ok({**LLAMACPP_PROPS, "build_info": "b7600-abc", "is_sleeping": True})}
AWAKE: Routes = {**ASLEEP, "/props": ok({**LLAMACPP_PROPS, "build_info": "b7600-abc", "is_sleeping": False})}
METRICS = metrics("llamacpp:requests_processing 0", "llamacpp:requests_deferred 0")
SOON, LATER = 30, 400  # seconds after the first probe: /props known, and asked again
OLD_WAKES = ("GET /slots", "GET /metrics")


def _router(**models: str) -> Routes:
    """llama.cpp in router mode, with the status of each of its models."""
    listed = [{"id": name, "owned_by": "llamacpp", "status": {"value": status}} for name, status in models.items()]
    return {**LLAMACPP, "/v1/models": ok({"object": "list", "data": listed}), "/props": ok({"role": "router"})}


ASLEEP_CASES = (
    *(
        Case(
            f"llamacpp_asleep_{later:g}_seconds_later",
            SLEEPS,
            AWAKE,
            then=ASLEEP,
            later=later,
            status=("asleep", "up"),
            never_asked=("GET /slots",),
        )
        for later in (SOON, LATER, DAY)
    ),
    Case("llamacpp_asleep_at_first", SLEEPS, ASLEEP, status=("asleep", "up"), engine="llamacpp", never_asked=OLD_WAKES),
    Case("llamacpp_stays_asleep", SLEEPS, ASLEEP, then=ASLEEP, later=DAY, status="asleep", never_asked=OLD_WAKES),
    Case(
        "llamacpp_asleep_with_metrics",
        SLEEPS,
        {**ASLEEP, "/metrics": METRICS},
        status="asleep",
        never_asked=OLD_WAKES,
    ),
    Case("llamacpp_asleep_is_not_loaded", SLEEPS, ASLEEP, status="asleep", card={"tiny.gguf": {"loaded": False}}),
    Case(
        "llamacpp_awake_again",
        SLEEPS,
        ASLEEP,
        then=LLAMACPP,
        later=LATER,
        status="up",
        card={"tiny.gguf": {"loaded": True}},
    ),
    Case(
        "llamacpp_awake_by_its_properties",
        SLEEPS,
        AWAKE,
        status="up",
        load={"slots": 4},
    ),
    Case(
        "llamacpp_can_fall_asleep",
        f"{SLEEPS}: each GET /slots counts as work and keeps it awake",
        AWAKE,
        then=AWAKE,
        status="up",
        never_asked=("GET /slots",),
    ),
    Case(
        "llamacpp_can_fall_asleep_before_b10630",
        f"{SLEEPS}: GET /metrics counted as work until August 2026",
        {**AWAKE, "/metrics": METRICS},
        then={**AWAKE, "/metrics": METRICS},
        status="up",
        never_asked=OLD_WAKES,
    ),
    Case(
        "llamacpp_changes_to_a_build_that_sleeps",
        SLEEPS,
        LLAMACPP,
        then=ASLEEP,
        later=LATER,
        status=("asleep", "up"),
        never_asked=("GET /slots",),
    ),
    Case(
        "llamacpp_router_loads_nothing",
        "ggml-org/llama.cpp#23096 (?model= loads)",
        _router(a="sleeping"),
        status=("up", "asleep"),
        card={"a": {"loaded": False}},
        never_asked=("POST /models/load", "GET /models/load"),
    ),
    Case(
        "llamacpp_router_loads_and_unloads_between_two_probes",
        "ggml-org/llama.cpp tools/server/server-models.h (server_model_status)",
        _router(a="loaded", b="loading"),
        then=_router(a="sleeping", b="downloading", c="unloaded"),
        models=["a", "b", "c"],
        card={name: {"loaded": False} for name in "abc"},
    ),
    Case(
        "vllm_asleep",
        "docs.vllm.ai features/sleep_mode",
        VLLM,
        then={
            **VLLM,
            "/metrics": metrics(
                'vllm:num_requests_running{engine="0",model_name="m"} 0.0',
                'vllm:engine_sleep_state{engine="0",model_name="m",sleep_state="awake"} 0.0',
                'vllm:engine_sleep_state{engine="0",model_name="m",sleep_state="weights_offloaded"} 1.0',
            ),
        },
        status="asleep",
        never_asked=("POST /wake_up",),
    ),
)

COSTLY = (
    Case(
        "litellm",
        "docs.litellm.ai proxy/health",
        LITELLM,
        status="up",
        never_asked=("GET /health", "GET /health/services"),
    ),
    Case("sglang", "sglang docs", SGLANG, status="up", never_asked=("GET /health_generate", "GET /flush_cache")),
    Case("tgi", "tgi docs", TGI, status="up", never_asked=("POST /generate", "POST /")),
    Case(
        "ollama",
        "ollama docs",
        OLLAMA,
        status="up",
        never_asked=("POST /api/generate", "POST /api/chat", "POST /api/pull"),
    ),
    Case("lmstudio", "lmstudio docs (just-in-time loading)", LMSTUDIO, status="up"),
    Case(
        "trtllm_at_first",
        "NVIDIA/TensorRT-LLM serve/openai_server.py (GET /metrics drains its figures)",
        {
            "/v1/models": cards("m", owner="tensorrt_llm"),
            "/health": ok(),
            "/version": ok({"version": "1.2.0"}),
            "/metrics": ok([]),
        },
        status="up",
        never_asked=("GET /health_generate", "GET /metrics", "GET /perf_metrics", "GET /kv_cache_events"),
    ),
    Case(
        "trtllm",
        "NVIDIA/TensorRT-LLM serve/openai_server.py (GET /metrics drains its figures)",
        {
            "/v1/models": cards("m", owner="tensorrt_llm"),
            "/health": ok(),
            "/version": ok({"version": "1.2.0"}),
            "/metrics": ok([]),
        },
        then={
            "/v1/models": cards("m", owner="tensorrt_llm"),
            "/health": ok(),
            "/version": ok({"version": "1.2.0"}),
            "/metrics": ok([]),
        },
        later=DAY,
        status="up",
        never_asked=("GET /health_generate", "GET /metrics", "GET /perf_metrics", "GET /kv_cache_events"),
    ),
    Case(
        "lmdeploy",
        "InternLM/lmdeploy serve/openai (GET /terminate ends the server)",
        {"/v1/models": cards("m", owner="lmdeploy"), "/health": ok()},
        status="up",
        never_asked=("GET /terminate",),
    ),
)


@pytest.mark.parametrize("case", ASLEEP_CASES, ids=str)
def test_what_sleeps_stays_asleep(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", COSTLY, ids=str)
def test_no_question_costs_a_generation(case: Case) -> None:
    judge(case)
