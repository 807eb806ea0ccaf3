"""Contracts as loose as reality, proofs as strict as needed: what is health, and who is no Ollama."""

import json

import pytest

from tests.hostile_server import garbage

from .answers import (
    DAY,
    HTML,
    LITELLM,
    LLAMACPP,
    LLAMACPP_PLAIN,
    LOCALAI,
    OLLAMA,
    OPEN_WEBUI,
    SGLANG,
    TGI,
    VLLM,
    Reply,
    Routes,
    cards,
    metrics,
    ok,
    page,
    without,
)
from .case import Case, judge
from .proxies import NGINX_404

V1_ONLY = "vllm-project/vllm#18892, docs.vllm.ai usage/security (allow-list proxy)"
HEALTH = "llm-d/llm-d-inference-sim#53, vllm-project/production-stack#428"
FORBIDDEN = page("403 Forbidden", 403, Server="nginx")

WELL: dict[str, Reply] = {
    "empty": ok(),
    "text_ok": ok("OK"),
    "text_healthy": ok("healthy\n"),
    "json_text": ok('"ok"'),
    "empty_object": ok({}),
    "status_ok": ok({"status": "ok"}),
    "status_healthy": ok({"status": "healthy"}),
    "status_up": ok({"status": "UP"}),
    "status_true": ok({"status": True}),
    "status_pass": ok({"status": "pass", "checks": []}),
    "status_ready": ok({"status": "ready", "healthy_workers": 1}),
    "healthy_true": ok({"healthy": True}),
    "error_null": ok({"status": "ok", "error": None}),
    "success": ok({"success": True, "code": 200}),
    "code_0": ok({"code": 0, "message": "ok"}),
    "times": ok({"unix": 1.79e9}),
}
ILL: dict[str, Reply] = {
    "status_unhealthy": ok({"status": "unhealthy"}),
    "status_error": ok({"status": "error", "message": "CUDA out of memory"}),
    "status_down": ok({"status": "DOWN"}),
    "status_false": ok({"status": False}),
    "healthy_false": ok({"healthy": False}),
    "error_text": ok({"error": "engine is gone"}),
    "status_unreachable": ok({"status": "engine unreachable"}),
    "status_not_responding": ok({"status": "not responding"}),
    "success_false": ok({"success": False}),
    "code_500": ok({"code": 500, "message": "Internal error"}),
    "object_error": ok({"object": "error", "message": "engine is gone"}),
    "text_no": ok("no"),
    "error_object": ok({"error": {"message": "engine is gone", "code": 500}}),
    "web_page": page("Welcome"),
    "web_page_as_text": ok("<!doctype html><html><title>Welcome</title></html>"),
    "web_page_lower_case": Reply(200, "\n  <html lang='en'><body>Hello</body></html>", HTML),
}
HEALTH_PATHS: dict[str, tuple[Routes, str]] = {
    "vllm": (VLLM, "/health"),
    "sglang": (SGLANG, "/health"),
    "tgi": (TGI, "/health"),
}
"""Engines whose own health answer is an empty body; a proxy or simulator may write one."""

HEALTH_CASES = (
    *(
        Case(f"{name}_{body}", HEALTH, routes, then={**routes, path: reply}, status="up")
        for name, (routes, path) in HEALTH_PATHS.items()
        for body, reply in WELL.items()
    ),
    *(
        Case(f"{name}_{body}", HEALTH, routes, then={**routes, path: reply}, status=("degraded", "down"))
        for name, (routes, path) in HEALTH_PATHS.items()
        for body, reply in ILL.items()
    ),
    Case("vllm_204", HEALTH, {**VLLM, "/health": Reply(204)}, status=("up", "degraded"), engine="vllm"),
    Case("llmd_simulator", HEALTH, {**VLLM, "/health": ok({})}, status="up", models=["m"]),
    Case("llamacpp_with_more_fields", "", {**LLAMACPP, "/health": ok({"status": "ok", "slots_idle": 1})}, status="up"),
    Case("llamacpp_behind_a_rewriting_proxy", "", LLAMACPP, then={**LLAMACPP, "/health": ok("OK")}, status="up"),
    Case(
        "llamacpp_old_all_slots_work",
        "ggml-org/llama.cpp before b4000: 503 no slot available",
        LLAMACPP,
        then={**LLAMACPP, "/health": ok({"status": "no slot available", "slots_idle": 0, "slots_processing": 4})},
        status=("up", "busy"),
    ),
    Case(
        "llamacpp_old_refuses_while_all_slots_work",
        "ggml-org/llama.cpp#5594",
        LLAMACPP,
        then={**LLAMACPP, "/health": Reply(503, {"status": "no slot available", "slots_idle": 0})},
        status="busy",
    ),
    Case("localai_object", "", LOCALAI, then={**LOCALAI, "/readyz": ok({"status": "ok"})}, status="up"),
    Case("localai_web_page", "", LOCALAI, then={**LOCALAI, "/readyz": page("Sign in")}, status=("degraded", "down")),
    Case(
        "open_webui_status_false",
        "",
        OPEN_WEBUI,
        then={**OPEN_WEBUI, "/health": ok({"status": False})},
        status=("degraded", "down"),
    ),
    Case("litellm_connected", "", {**LITELLM, "/health/readiness": ok({"status": "connected"})}, status="up"),
    Case(
        "litellm_not_connected",
        "LiteLLM 1.108 without a database",
        {**LITELLM, "/health/readiness": ok({"status": "healthy", "db": "Not connected"})},
        status="up",
        engine="litellm",
    ),
)

LOGIN_ELSEWHERE = Reply(302, b"", {"Location": "https://login.example.org/oauth2/start"})

LISTS = (
    *(
        Case(
            f"{name}_by_v1_alone_after_{shut}",
            f"{V1_ONLY}, oauth2-proxy/oauth2-proxy#1423 (skip_auth_routes ^/v1)",
            routes,
            then={"/v1/models": routes["/v1/models"], "*": reply},
            status="up",
            warns="health",
        )
        for name, routes in (("vllm", VLLM), ("sglang", SGLANG), ("ollama", OLLAMA), ("litellm", LITELLM))
        for shut, reply in {
            "redirect_to_login": LOGIN_ELSEWHERE,
            "basic_auth": Reply(401, "no", {"WWW-Authenticate": "Basic realm=x"}),
            "empty_403": Reply(403, b"", {"Server": "nginx"}),
            "410": Reply(410),
            "501": Reply(501),
        }.items()
    ),
    *(
        Case(
            f"{owner}_v1_only_{name}",
            V1_ONLY,
            {"/v1/models": cards("m", owner=owner), "*": reply},
            status="up",
            cause="",
            models=["m"],
        )
        for owner in ("vllm", "sglang", "llamacpp", "library", "tensorrt_llm", "organization_owner")
        for name, reply in {
            "401": Reply(401, "Unauthorized", {"Server": "nginx"}),
            "403": FORBIDDEN,
            "404": NGINX_404,
            "405": Reply(405, {"detail": "Method Not Allowed"}),
            "502": page("502 Bad Gateway", 502, Server="nginx"),
            "web_page": page("Welcome"),
        }.items()
    ),
    Case(
        "vllm_v1_only_while_watched",
        V1_ONLY,
        {"/v1/models": VLLM["/v1/models"], "*": FORBIDDEN},
        then={"/v1/models": VLLM["/v1/models"], "*": FORBIDDEN},
        later=DAY,
        status="up",
        models=["m"],
    ),
    Case(
        "list_without_v1",
        "michaelfeil/infinity#298, #541",
        {"/models": cards("BAAI/bge", owner="infinity"), "/health": ok({"unix": 1.7e9})},
        status="up",
        models=["BAAI/bge"],
    ),
    Case(
        "list_without_v1_watched",
        "arbs-io/github-copilot-llm-gateway#21",
        {"/models": cards("a")},
        then={"/models": cards("a", "b")},
        later=DAY,
        status="up",
        models=["a", "b"],
    ),
    Case("list_with_and_without_v1", "", {"/models": cards("x"), "/v1/models": cards("m")}, status="up", models=["m"]),
    Case(
        "ray_serve",
        "kserve/kserve#2979 (kind)",
        {"/v1/models": cards("qwen", owner="organization-owner"), "*": Reply(404, "Path '/' not found.")},
        status="up",
        engine="openai_compatible",
    ),
    Case(
        "http10_without_length",
        "ml-explore/mlx-lm server.py",
        {
            "/v1/models": garbage(
                b"HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6 Python/3.12\r\nContent-type: application/json\r\n\r\n"
                + json.dumps({"object": "list", "data": [{"id": "mlx/Qwen3-4B-4bit", "object": "model"}]}).encode()
            ),
            "*": garbage(b"HTTP/1.0 404 Not Found\r\nContent-type: application/json\r\n\r\nNot Found"),
        },
        status="up",
        models=["mlx/Qwen3-4B-4bit"],
    ),
    Case(
        "three_thousand_models",
        "openrouter.ai (kind)",
        {"/v1/models": ok({"object": "list", "data": [{"id": f"p/m-{n}", "about": "d" * 900} for n in range(3000)]})},
        status="up",
    ),
    Case(
        "a_thousand_models",
        "",
        {**VLLM, "/v1/models": cards(*(f"m-{n:04}" for n in range(1000)))},
        status="up",
        card={"m-0999": {"name": "m-0999"}},
    ),
    Case(
        "vllm_adapters",
        "docs.vllm.ai features/lora",
        {
            **VLLM,
            "/v1/models": ok(
                {
                    "object": "list",
                    "data": [
                        {"id": "base", "owned_by": "vllm", "root": "/m", "parent": None, "max_model_len": 4096},
                        {"id": "sql", "owned_by": "vllm", "root": "/l", "parent": "base"},
                    ],
                }
            ),
        },
        status="up",
        card={"sql": {"parent": "base"}},
    ),
    Case("a_page_is_no_server_of_models", "", {"*": page("Welcome to nginx!")}, status="degraded", models=[]),
    Case("vllm_version_with_more", "", {**VLLM, "/version": ok({"version": "1", "commit": "x"})}, engine="vllm"),
    Case(
        "ollama_version_with_more",
        "",
        {**OLLAMA, "/api/version": ok({"version": "0.42.0", "commit": "x"})},
        engine="ollama",
    ),
    Case("vllm_without_metrics", "", without(VLLM, "/metrics", "/openapi.json"), status="up", models=["m"]),
    Case(
        "vllm_metrics_of_another",
        "",
        {**VLLM, "/metrics": metrics("nginx_connections_active 3")},
        status="up",
        models=["m"],
    ),
    Case(
        "llamacpp_by_its_card_alone",
        "",
        {**LLAMACPP_PLAIN, "/": NGINX_404},
        server="Caddy",
        status="up",
        engine="llamacpp",
    ),
    Case(
        "ollama_lists_are_null",
        "Go servers send null for an empty list",
        {**OLLAMA, "/api/tags": ok({"models": None}), "/api/ps": ok({"models": None})},
        status="up",
        engine="ollama",
        models=[],
    ),
)


@pytest.mark.parametrize("case", HEALTH_CASES, ids=str)
def test_a_body_that_reports_no_trouble_is_health(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", LISTS, ids=str)
def test_a_list_of_models_is_enough_to_be_watched(case: Case) -> None:
    judge(case)
