"""Busy is not down: health was answered, so a side question that hangs, is refused or odd decides nothing."""

import pytest

from tests.hostile_server import hang

from .answers import (
    DAY,
    ENGINES,
    LITELLM,
    LLAMACPP,
    LMSTUDIO,
    LOCALAI,
    MODELS,
    OLLAMA,
    OPEN_WEBUI,
    SGLANG,
    TGI,
    VLLM,
    Reply,
    Routes,
    ok,
    page,
)
from .case import HANGS, Case, judge

WORKS = ("up", "busy")
SLOTS_BLOCK = "ggml-org/llama.cpp#24866, ikawrakow/ik_llama.cpp#1210"
LIST_TIMEOUT = "open-webui/open-webui#8146, #12452, #15549, #11869 (AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST)"
FORBIDDEN = page("403 Forbidden", 403, Server="nginx")

SIDE: dict[str, tuple[Routes, tuple[str, ...]]] = {
    "vllm": (VLLM, ("/metrics", "/v1/models", "/version", "/openapi.json")),
    "ollama": (OLLAMA, ("/", "/api/tags", "/api/ps")),
    "llamacpp": (LLAMACPP, ("/", "/v1/models", "/props", "/slots", "/metrics")),
    "sglang": (SGLANG, ("/metrics", "/v1/models", "/server_info", "/get_server_info")),
    "tgi": (TGI, ("/metrics", "/info")),
    "localai": (LOCALAI, ("/v1/models", "/.well-known/localai.json")),
    "litellm": (LITELLM, ("/v1/models",)),
    "open_webui": (OPEN_WEBUI, ("/api/models", "/api/config")),
}
"""What is asked beside the question whether the engine lives. LM Studio has its list of models for that."""

TROUBLES = {
    "forbidden_by_proxy": FORBIDDEN,
    "not_found": Reply(404, {"detail": "Not Found"}),
    "method_not_allowed": Reply(405, {"detail": "Method Not Allowed"}),
    "server_error": Reply(500, "Internal Server Error"),
    "bad_gateway": page("502 Bad Gateway", 502, Server="nginx"),
    "web_page": page("Sign in"),
    "empty": ok(),
    "null": ok("null"),
    "half_json": ok('{"models": [{"name'),
    "redirected_to_login": Reply(302, b"", {"Location": "https://login.example.org/start"}),
}


def _instead(routes: Routes, paths: tuple[str, ...], reply: object) -> Routes:
    return {**routes, **dict.fromkeys(paths, reply)}  # type: ignore[dict-item]


REPORTED = (
    Case(
        "llamacpp_slots_block_while_watched",
        SLOTS_BLOCK,
        LLAMACPP,
        then=_instead(LLAMACPP, ("/slots", "/metrics"), hang()),
        timeout=HANGS,
        status=WORKS,
        models=["tiny.gguf"],
    ),
    Case(
        "llamacpp_metrics_block",
        SLOTS_BLOCK,
        _instead(LLAMACPP, ("/slots", "/metrics"), hang()),
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
        "vllm_metrics_500",
        "vllm-project/vllm#49983",
        {**VLLM, "/metrics": Reply(500, "Internal Server Error")},
        status="up",
        engine="vllm",
        models=["m"],
    ),
    Case(
        "ollama_list_cache_unavailable",
        "ollama/ollama server/routes.go (model list cache)",
        {**OLLAMA, "/api/tags": Reply(500, {"error": "model list cache unavailable"})},
        status="up",
        engine="ollama",
    ),
    Case(
        "ollama_list_cache_unavailable_while_watched",
        "ollama/ollama server/routes.go (model list cache)",
        OLLAMA,
        then={**OLLAMA, "/api/tags": Reply(500, {"error": "model list cache unavailable"})},
        later=DAY,
        status="up",
        models=["qwen3:8b"],
        warns=".",
    ),
    Case(
        "vllm_metrics_hang_at_first_probe",
        "vllm-project/vllm#49983 (kind)",
        {**VLLM, "/metrics": hang()},
        timeout=HANGS,
        status="up",
        engine="vllm",
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
        "root_redirects_to_login_elsewhere",
        "stack-cli/stack-cli#10, oauth2-proxy/oauth2-proxy#1423 (skip_auth_routes ^/v1)",
        {**VLLM, "/": Reply(302, b"", {"Location": "https://login.example.org/oauth2/start?rd=%2F"})},
        server="nginx",
        status="up",
        engine="vllm",
    ),
    *(
        Case(f"root_{name}", "oauth2-proxy/oauth2-proxy#1423 (kind)", {**VLLM, "/": reply}, status="up", engine="vllm")
        for name, reply in TROUBLES.items()
    ),
    Case(
        "ollama_root_is_forbidden",
        "oauth2-proxy/oauth2-proxy#1423 (kind)",
        {**OLLAMA, "/": FORBIDDEN},
        status="up",
        engine="ollama",
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
        "vllm_list_of_odd_cards",
        "",
        VLLM,
        then={**VLLM, "/v1/models": ok({"object": "list", "data": [{"name": "m"}, 7, None]})},
        later=DAY,
        status="up",
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
    Case("everything_hangs", "", {"*": hang()}, timeout=HANGS, status="down", cause="timed_out", never_says="starting"),
)

HANGING = tuple(
    Case(
        f"{name}_side_questions_hang",
        f"{SLOTS_BLOCK}; {LIST_TIMEOUT}",
        routes,
        then=_instead(routes, paths, hang()),
        later=DAY,
        timeout=HANGS,
        status=("up", "busy", "loading"),
        models=MODELS[name],
        warns=".",
    )
    for name, (routes, paths) in SIDE.items()
)

ODD = tuple(
    Case(
        f"{name}{path.replace('/', '_')}_{trouble}",
        "vllm-project/vllm#18892, #49983 (kinds)",
        routes,
        then={**routes, path: reply},
        later=DAY,
        status=WORKS,
        models=MODELS[name],
    )
    for name, (routes, paths) in SIDE.items()
    for path in paths
    for trouble, reply in TROUBLES.items()
)


def test_every_engine_is_among_the_cases() -> None:
    assert {*SIDE, "lmstudio"} == set(ENGINES)


@pytest.mark.parametrize("case", REPORTED, ids=str)
def test_a_busy_server_is_not_down(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", HANGING, ids=str)
def test_side_questions_that_hang_leave_what_is_known(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", ODD, ids=str)
def test_a_side_question_that_is_refused_or_odd_decides_nothing(case: Case) -> None:
    judge(case)


def test_an_engine_that_refuses_the_key_itself_is_no_busy_one() -> None:
    refused = Reply(401, {"error": "Unauthorized"}, {"Server": "uvicorn"})
    case = Case("", "", VLLM, then={**VLLM, "/v1/models": refused}, later=DAY, status="degraded", cause="auth_rejected")
    judge(case)
