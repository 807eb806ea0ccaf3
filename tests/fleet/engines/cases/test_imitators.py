"""Servers that speak another engine's API are recognised by what they show of themselves."""

import pytest

from .answers import (
    LLAMACPP,
    LOCALAI,
    OLLAMA,
    Reply,
    Routes,
    cards,
    ok,
    page,
)
from .case import Case, judge

KOBOLD_MODEL = {"name": "koboldcpp", "model": "koboldcpp/tiny:latest", "size": 394_998_579, "digest": "b" * 64}
KOBOLD: Routes = {
    "/": page("KoboldAI Lite"),
    "/api/version": ok({"version": "0.7.0"}),
    "/api/extra/version": ok({"result": "KoboldCpp", "version": "1.112.2", "protected": False}),
    "/api/ps": ok({"models": [{**KOBOLD_MODEL, "size_vram": 394_998_579, "expires_at": "2055-06-04T19:06:25+08:00"}]}),
    "/api/tags": ok({"models": [KOBOLD_MODEL]}),
    "/v1/models": cards("koboldcpp/tiny", owner="koboldcpp"),
}
LEMONADE_MODEL = {"name": "Qwen3-0.6B-GGUF:latest", "size": 0, "digest": "sha256:" + "0" * 64}
LEMONADE: Routes = {
    "/": page("Lemonade"),
    "/api/version": ok({"version": "0.16.1"}),
    "/api/ps": ok({"models": []}),
    "/api/tags": ok({"models": [LEMONADE_MODEL]}),
    "/v1/models": cards("Qwen3-0.6B-GGUF", owner="lemonade", recipe="llamacpp"),
    "/v1/health": ok({"status": "ok", "version": "10.2.0", "model_loaded": None}),
    "/live": ok(),
}
DOCKER: Routes = {
    "/": ok("Docker Model Runner is running"),
    "/api/version": ok({"version": "0.1.0"}),
    "/api/ps": ok({"models": [{"name": "ai/smollm2", "size": 0, "expires_at": "0001-01-01T00:00:00Z"}]}),
    "/api/tags": ok({"models": [{"name": "ai/smollm2:latest", "size": 0, "digest": "sha256:" + "c" * 64}]}),
    "/v1/models": cards("ai/smollm2:latest", owner="docker"),
}
LLAMA_SWAP: Routes = {
    "/": Reply(302, b"", {"Location": "/ui/"}),
    "/ui/": page("llama-swap"),
    "/health": ok("OK"),
    "/v1/models": cards("a", "b", owner="llama-swap"),
    "/running": ok({"running": []}),
    "/api/version": ok({"version": "v190", "commit": "x", "build_date": "y"}),
    "*": Reply(404),
}
GREETING = {"/": ok("Ollama is running")}

NOT_OLLAMA = (
    Case("lemonade", "lemonade-sdk/lemonade ollama_api.cpp", LEMONADE, status="up", engine="openai_compatible"),
    Case(
        "koboldcpp",
        "LostRuins/koboldcpp#1331",
        KOBOLD,
        server="ConcedoLlamaForKoboldServer",
        status="up",
        engine="openai_compatible",
        models=["koboldcpp/tiny"],
    ),
    Case(
        "koboldcpp_behind_nginx", "LostRuins/koboldcpp#1331", KOBOLD, server="nginx", status="up", not_engine="ollama"
    ),
    Case(
        "koboldcpp_with_the_greeting",
        "LostRuins/koboldcpp#1331",
        {**KOBOLD, **GREETING},
        status="up",
        not_engine="ollama",
    ),
    Case(
        "lemonade_with_the_greeting",
        "lemonade-sdk/lemonade",
        {**LEMONADE, **GREETING},
        status="up",
        not_engine="ollama",
    ),
    Case(
        "lemonade_with_a_newer_version",
        "lemonade-sdk/lemonade",
        {**LEMONADE, "/api/version": ok({"version": "0.20.0"})},
        status="up",
        not_engine="ollama",
    ),
    Case("docker_model_runner", "docker/model-runner pkg/ollama", DOCKER, status="up", not_engine="ollama"),
    Case("docker_model_runner_greets", "docker/model-runner", {**DOCKER, **GREETING}, status="up", not_engine="ollama"),
    Case(
        "llama_swap",
        "goniz/opencode-local-provider#14",
        LLAMA_SWAP,
        status="up",
        engine="openai_compatible",
        models=["a", "b"],
        never_asked=("GET /upstream/a", "GET /upstream/b", "GET /unload"),
    ),
    Case(
        "localai_with_ollamas_greeting",
        "localai.io, LOCALAI_OLLAMA_API_ROOT_ENDPOINT",
        {
            **LOCALAI,
            **GREETING,
            "/api/version": ok({"version": "0.9.0"}),
            "/api/ps": ok({"models": []}),
            "/api/tags": ok({"models": []}),
        },
        status="up",
        engine="localai",
    ),
    Case(
        "llamacpp_lists_as_ollama",
        "ggml-org/llama.cpp tools/server (GET /api/tags)",
        {
            **LLAMACPP,
            "/api/tags": ok({"models": [{"name": "tiny.gguf", "model": "tiny.gguf", "size": "", "digest": ""}]}),
        },
        status="up",
        engine="llamacpp",
    ),
    Case(
        "an_unknown_imitator",
        "",
        {
            "/": page("My LLM box"),
            "/api/version": ok({"version": "0.5.0"}),
            "/api/ps": ok({"models": []}),
            "/api/tags": ok({"models": [{"name": "x", "size": 0, "digest": "0" * 64}]}),
            "/v1/models": cards("x", owner="box"),
        },
        status="up",
        not_engine="ollama",
    ),
)

OLLAMA_STILL = (
    Case(
        "ollama_with_its_own_page", "", {**OLLAMA, "/": page("Welcome")}, server="nginx", status="up", engine="ollama"
    ),
    Case("ollama_lists_library", "", {**OLLAMA, "/": Reply(404, "404 page not found")}, status="up", engine="ollama"),
    Case(
        "ollama_whose_api_wants_a_key",
        "ollama/ollama#1053 (kind: a proxy that leaves / open for health checks)",
        {"/": OLLAMA["/"], "*": Reply(401, {"error": "unauthorized"})},
        cause="auth_rejected",
        words="key",
    ),
    Case(
        "ollama_whose_api_wants_another_key_now",
        "ollama/ollama#1053 (kind: a proxy that leaves / open for health checks)",
        OLLAMA,
        then={"/": OLLAMA["/"], "*": Reply(401, {"error": "unauthorized"})},
        cause="auth_rejected",
    ),
    Case(
        "ollama_by_its_list_alone",
        "vllm-project/vllm#18892 (kind: a proxy that passes on /v1 only)",
        {"/v1/models": OLLAMA["/v1/models"]},
        engine="openai_compatible",
        mentions='"product": "Ollama"',
    ),
    Case(
        "ollama_without_models",
        "",
        {
            **OLLAMA,
            "/api/tags": ok({"models": []}),
            "/api/ps": ok({"models": []}),
            "/v1/models": ok({"object": "list", "data": None}),
        },
        status="up",
        engine="ollama",
        models=[],
    ),
)


@pytest.mark.parametrize("case", NOT_OLLAMA, ids=str)
def test_an_imitator_is_no_ollama(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", OLLAMA_STILL, ids=str)
def test_ollama_behind_another_page_is_still_ollama(case: Case) -> None:
    judge(case)
