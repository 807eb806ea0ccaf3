"""Busy is not down: health was answered, so a side question that hangs decides nothing."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.hostile_server import hang

from .answers import DAY, ENGINES, LITELLM, LLAMACPP, LMSTUDIO, MODELS, OLLAMA, OPEN_WEBUI, SIDE, VLLM, Routes
from .case import HANGS, Case, play, report

WORKS = ("up", "busy")
SLOTS_BLOCK = "ggml-org/llama.cpp#24866, ikawrakow/ik_llama.cpp#1210"
LIST_TIMEOUT = "open-webui/open-webui#8146, #12452, #15549, #11869 (AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST)"


def _hanging(routes: Routes, *paths: str) -> Routes:
    return {**routes, **{path: hang() for path in paths}}


CASES = (
    Case(
        "llamacpp_slots_block_while_watched",
        SLOTS_BLOCK,
        LLAMACPP,
        then=_hanging(LLAMACPP, "/slots", "/metrics"),
        timeout=HANGS,
        status=WORKS,
        models=["tiny.gguf"],
    ),
    Case(
        "llamacpp_metrics_block",
        SLOTS_BLOCK,
        _hanging(LLAMACPP, "/slots", "/metrics"),
        timeout=HANGS,
        status=WORKS,
        engine="llamacpp",
    ),
    Case(
        "ollama_ps_blocks_while_a_model_loads",
        "ollama/ollama v0.33.0-rc2 server/sched.go; docker/model-runner#760 for the same kind",
        OLLAMA,
        then={**OLLAMA, "/api/ps": hang()},
        timeout=HANGS,
        status=("up", "busy", "loading"),
        models=["qwen3:8b"],
    ),
    Case(
        "ollama_ps_blocks_at_first_probe",
        "ollama/ollama v0.33.0-rc2 server/sched.go",
        {**OLLAMA, "/api/ps": hang()},
        timeout=HANGS,
        status=("up", "busy", "loading"),
        engine="ollama",
    ),
    Case(
        "ollama_openai_list_blocks_at_first_probe",
        "the list by which imitators are known; a hanging one speaks against nobody",
        {**OLLAMA, "/v1/models": hang()},
        timeout=HANGS,
        status=WORKS,
        engine="ollama",
    ),
    Case(
        "open_webui_list_waits_for_a_backend",
        LIST_TIMEOUT,
        OPEN_WEBUI,
        then={**OPEN_WEBUI, "/api/models": hang()},
        later=400,
        timeout=HANGS,
        status="up",
        models=["llama3"],
    ),
    Case(
        "vllm_metrics_hang_at_first_probe",
        "vllm-project/vllm#49983 (kind)",
        {**VLLM, "/metrics": hang()},
        timeout=HANGS,
        status="up",
        engine=("vllm", "openai_compatible"),
        models=["m"],
    ),
    Case(
        "root_hangs",
        "open-webui/open-webui#9477 (page waits for a backend)",
        {**VLLM, "/": hang()},
        timeout=HANGS,
        status="up",
        engine="vllm",
    ),
    Case(
        "lmstudio_list_hangs",
        "lmstudio-ai/lmstudio-bug-tracker#692 (kind)",
        LMSTUDIO,
        then={**LMSTUDIO, "/api/v1/models": hang()},
        later=DAY,
        timeout=HANGS,
        status=("up", "degraded"),
        models=["qwen/qwen3-8b"],
    ),
    Case(
        "litellm_readiness_hangs_while_it_lives",
        "BerriAI/litellm#34934 (the database check waits)",
        LITELLM,
        then={**LITELLM, "/health/readiness": hang()},
        timeout=HANGS,
        status=("up", "degraded"),
    ),
    Case(
        "health_itself_hangs",
        "vllm-project/vllm#53130 (kind)",
        VLLM,
        then={**VLLM, "/health": hang()},
        timeout=HANGS,
        status="down",
        cause="timed_out",
    ),
    Case("everything_hangs", "", {"*": hang()}, timeout=HANGS, status="down", cause="timed_out", no_words="starting"),
    *(
        Case(
            f"{name}_side_questions_hang",
            f"{SLOTS_BLOCK}; {LIST_TIMEOUT}",
            routes,
            then=_hanging(routes, *paths),
            later=DAY,
            timeout=HANGS,
            status=("up", "busy", "loading"),
            models=MODELS[name],
            warns=".",
        )
        for name, (routes, paths) in SIDE.items()
    ),
)


@pytest.fixture(scope="module")
def verdicts() -> Mapping[str, list[str]]:
    """What is wrong about each case; they are played side by side, as each waits for its deadline."""
    with ThreadPoolExecutor(len(CASES)) as pool:
        return dict(zip(map(str, CASES), pool.map(play, CASES), strict=True))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_side_question_that_hangs_leaves_what_is_known(case: Case, verdicts: Mapping[str, list[str]]) -> None:
    report(case, verdicts[case.name])


def test_every_engine_is_among_the_cases() -> None:
    assert {*SIDE, "lmstudio"} == set(ENGINES)
