"""Gateways are a kind of their own: nothing behind them is down, some of it gone is degraded."""

from typing import Any

import pytest

from .answers import DAY, LITELLM, LLAMACPP, OLLAMA, OPEN_WEBUI, VLLM, Reply, Routes, cards, metrics, ok, page
from .case import Case, judge
from .proxies import nginx

STACK_SOURCE = "vllm-project/production-stack src/vllm_router/routers, #428, #815"
ROUTER_SOURCE = "vllm-project/router 0.1.17, recorded"
SMG_SOURCE = "smg 1.13 (Shepherd Model Gateway), recorded"
HERD_SOURCE = "ollama-herd 0.11.4, recorded"
OLLA_SOURCE = "thushan/olla internal/app/handlers"
ONE, TWO, THREE = "http://10.0.0.7:8000", "http://10.0.0.8:8000", "http://10.0.0.9:8000"
TROUBLE = ("degraded", "down")
SOME_ROUTER = "gateway|router|behind"


def stack(**healthy: int) -> Routes:
    """vLLM production-stack's router with these engines; each healthy one works on three requests."""
    urls = {"one": ONE, "two": TWO, "three": THREE}
    lines = ["# TYPE vllm:num_requests_running gauge"]
    for name, well in healthy.items():
        lines += [f'vllm:healthy_pods_total{{server="{urls[name]}"}} {well}.0']
        lines += [f'vllm:num_requests_running{{server="{urls[name]}"}} {3 * well}.0']
        lines += [f'vllm:num_requests_waiting{{server="{urls[name]}"}} 0.0']
    serving = [name for name, well in healthy.items() if well]
    return {
        **VLLM,
        "/health": ok({"status": "healthy"}),
        "/version": ok({"version": "0.1.9"}),
        "/engines": ok([{"engine_id": name, "serving_models": ["m"], "created": 1.79e9} for name in serving]),
        "/v1/models": cards(*(["m"] if serving else [])),
        "/metrics": metrics(*lines),
    }


def router(*well: bool, smg: bool = False) -> Routes:
    """vllm-router or smg with these workers; what it does not know itself it passes on to one of them."""
    workers: list[dict[str, Any]] = [
        {"url": url, "model_id": "m", "worker_type": "regular", "is_healthy": healthy, "load": 2, "priority": 50}
        for url, healthy in zip((ONE, TWO, THREE), well, strict=False)
    ]
    ready, status = {"healthy_workers": sum(well), "total_workers": len(well)}, 200 if any(well) else 503
    unknown = {"error": {"type": "invalid_request_error", "code": "unknown_url", "message": "Invalid URL"}}
    own: Routes = {
        "/health": ok("OK" if smg else "All servers healthy"),
        "/liveness": ok("OK"),
        "/readiness": Reply(status, {"status": "ready" if any(well) else "not ready", **ready}),
        "/workers": ok({"workers": workers, "total": len(workers), "stats": {"regular_count": len(workers)}}),
    }
    if smg:
        answers_itself = {"*": Reply(404, unknown, {"x-smg-error-code": "unknown_url"})}
        return {**answers_itself, **own, "/v1/models": cards("m", owner="self_hosted")}
    gone = Reply(503, "No available workers")
    return {
        **(LLAMACPP if any(well) else {"*": gone}),
        **own,
        "/list_workers": ok({"urls": [w["url"] for w in workers]}),
    }


def herd(online: int, total: int) -> Routes:
    """Ollama Herd with so many of its nodes online."""
    states = [("online" if n < online else "offline") for n in range(total)]
    nodes = [{"node_id": f"n{n}", "status": state, "ollama": {"requests_active": 1}} for n, state in enumerate(states)]
    fleet = {"nodes_total": total, "nodes_online": online, "models_loaded": online, "requests_active": online}
    return {
        **OLLAMA,
        "/": Reply(307, b"", {"Location": "/dashboard"}),
        "/dashboard": page("Herd"),
        "/api/version": ok({"version": "0.9.3", "herd_version": "0.11.4"}),
        "/fleet/status": ok({"fleet": fleet, "nodes": nodes, "queues": {}, "timestamp": 1.79e9}),
    }


def olla(*states: str) -> Routes:
    """Olla with endpoints in these states."""
    endpoints = [
        {"name": f"e{n}", "type": "ollama", "status": state, "url": url, "active_connections": 1, "model_count": 1}
        for n, (state, url) in enumerate(zip(states, (ONE, TWO, THREE), strict=False))
    ]
    counts = {"total_count": len(states), "healthy_count": states.count("healthy")}
    return {
        "/version": ok({"name": "Olla", "version": "0.0.24", "build": {}, "supported_backends": ["ollama"]}),
        "/internal/health": ok({"status": "healthy"}),
        "/internal/status/endpoints": ok({"endpoints": endpoints, **counts, "routable_count": counts["healthy_count"]}),
        "/olla/models": cards("m", owner="olla"),
        "/olla/openai/v1/models": cards("m", owner="olla"),
    }


BEHIND = (
    Case(
        "stack",
        STACK_SOURCE,
        stack(one=1),
        status="up",
        cause="",
        not_engine="vllm",
        models=["m"],
        load={"running": 3},
        mentions=SOME_ROUTER,
    ),
    Case("stack_of_two", STACK_SOURCE, stack(one=1, two=1), status="up", load={"running": 6}, mentions="10.0.0.8"),
    Case(
        "stack_one_of_three_gone", STACK_SOURCE, stack(one=1, two=0, three=1), status="degraded", words="10.0.0.8|one|1"
    ),
    Case("stack_nothing_behind", STACK_SOURCE, stack(one=0, two=0), status="down"),
    Case("stack_loses_one", STACK_SOURCE, stack(one=1, two=1), then=stack(one=1, two=0), status="degraded"),
    Case("stack_loses_all", STACK_SOURCE, stack(one=1), then=stack(one=0), status="down"),
    Case(
        "stack_discovery_is_down",
        STACK_SOURCE,
        stack(one=1),
        then={**stack(one=1), "/health": Reply(503, {"status": "Service discovery module is down."})},
        status=TROUBLE,
        no_words="it is starting",
    ),
    Case(
        "stack_with_an_empty_list",
        STACK_SOURCE,
        {**stack(), "/metrics": metrics("# HELP vllm:num_requests_running x")},
        status=(*TROUBLE, "up"),
    ),
    Case("router", ROUTER_SOURCE, router(True), status="up", not_engine="llamacpp", mentions=SOME_ROUTER),
    Case("router_of_two", ROUTER_SOURCE, router(True, True), status="up", mentions="10.0.0.8"),
    Case("router_one_gone", ROUTER_SOURCE, router(True, False), status="degraded", mentions="10.0.0.8"),
    Case("router_all_gone", ROUTER_SOURCE, router(False, False), status="down"),
    Case("router_loses_one", ROUTER_SOURCE, router(True, True), then=router(False, True), status="degraded"),
    Case("router_loses_all", ROUTER_SOURCE, router(True), then=router(False), status="down", no_words="it is starting"),
    Case(
        "router_has_not_noticed_yet",
        ROUTER_SOURCE,
        router(True),
        then={**router(True), "/v1/models": Reply(500, "Request failed: error sending request for url")},
        later=DAY,
        status=("up", *TROUBLE),
        models=["tiny.gguf"],
    ),
    Case("smg", SMG_SOURCE, router(True, smg=True), status="up", models=["m"], mentions=SOME_ROUTER),
    Case("smg_one_gone", SMG_SOURCE, router(True, False, True, smg=True), status="degraded"),
    Case("smg_all_gone", SMG_SOURCE, router(False, smg=True), status="down"),
    Case(
        "herd", HERD_SOURCE, herd(2, 2), status="up", not_engine="ollama", models=["qwen3:8b"], mentions="gateway|herd"
    ),
    Case("herd_one_gone", HERD_SOURCE, herd(1, 2), status="degraded"),
    Case("herd_all_gone", HERD_SOURCE, herd(1, 1), then=herd(0, 1), status="down"),
    Case("herd_without_nodes", HERD_SOURCE, herd(0, 0), status="down"),
    Case(
        "herd_status_refused",
        HERD_SOURCE,
        {**herd(1, 1), "/fleet/status": Reply(404)},
        status="up",
        models=["qwen3:8b"],
    ),
    Case("olla", OLLA_SOURCE, olla("healthy", "busy"), status=("up", "busy"), mentions="olla"),
    Case("olla_one_gone", OLLA_SOURCE, olla("healthy", "offline"), status="degraded"),
    Case("olla_all_gone", OLLA_SOURCE, olla("offline", "unhealthy"), status="down"),
    Case(
        "portkey",
        "Portkey-AI/gateway 1.15, recorded",
        {
            "/": ok("AI Gateway says hey!"),
            "/v1/models": Reply(400, {"status": "failure", "message": "Either x-portkey-config or x-portkey-provider"}),
            "*": Reply(404, {"message": "Not Found", "ok": False}),
        },
        status="up",
        mentions="portkey",
    ),
    Case(
        "envoy_ai_gateway",
        "envoyproxy/ai-gateway models handler",
        {"/v1/models": cards("m", owner="Envoy AI Gateway"), "*": Reply(404, "No matching route found.")},
        server="envoy",
        status="up",
        models=["m"],
        mentions="gateway",
    ),
    Case(
        "envoy_ai_gateway_with_nothing_behind",
        "envoyproxy/ai-gateway",
        {"/v1/models": cards("m", owner="Envoy AI Gateway"), "*": Reply(404, "No matching route found.")},
        then={"*": Reply(503, "no healthy upstream", {"Server": "envoy"})},
        status="down",
    ),
)

READINESS = "/health/readiness"
NO_DATABASE = {"error": {"message": "No connected db.", "type": "no_db_connection", "param": None, "code": "400"}}
LITELLM_CASES = (
    Case("litellm", "", LITELLM, status="up", engine="litellm", models=["claude", "gpt-4o"], mentions="gateway"),
    *(
        Case(
            f"litellm_database_{name}",
            "BerriAI/litellm#34934",
            routes,
            then=then,
            status=("degraded", "up"),
            mentions="database|db",
            no_words="starting",
        )
        for gone in [{**LITELLM, READINESS: Reply(503, {"status": "healthy", "db": "disconnected"})}]
        for name, routes, then in (("gone_at_first", gone, None), ("gone_while_watched", LITELLM, gone))
    ),
    *(
        Case(
            f"litellm_{name}",
            "BerriAI/litellm#26134, #27003",
            {**LITELLM, READINESS: reply},
            status="degraded",
            cause="backend_gone",
            words="database",
        )
        for name, reply in {
            "1_83_database_gone": ok({"status": "healthy", "db": "disconnected", "litellm_version": "1.83.0"}),
            "1_80_database_gone": Reply(
                503, {"error": {"message": "Service Unhealthy (All connection attempts failed)", "code": "503"}}
            ),
        }.items()
    ),
    Case(
        "litellm_wrong_key_without_database",
        "BerriAI/litellm#12273, #4880",
        {**LITELLM, "/v1/models": Reply(400, NO_DATABASE)},
        send="sk-wrong-0123456789",
        cause="auth_rejected",
        words="key",
    ),
    Case(
        "litellm_wrong_key_401",
        "BerriAI/litellm#4880",
        {**LITELLM, "/v1/models": Reply(401, {"error": {"message": "Invalid proxy server token", "code": "401"}})},
        send="sk-wrong-0123456789",
        cause="auth_rejected",
    ),
    Case(
        "litellm_gone_behind_nginx",
        "",
        LITELLM,
        then={"*": nginx(503, "Service Temporarily Unavailable")},
        status="down",
    ),
    Case(
        "open_webui_without_key",
        "Open WebUI 0.12.4, recorded",
        {**OPEN_WEBUI, "/api/models": Reply(401, {"detail": "Not authenticated"})},
        status="up",
        engine="open_webui",
        warns="key",
        mentions="gateway",
    ),
    Case(
        "open_webui_with_nothing_behind",
        "open-webui/open-webui#11869 (kind)",
        {**OPEN_WEBUI, "/api/models": ok({"data": []})},
        status=("up", "degraded", "down"),
        engine="open_webui",
    ),
)


@pytest.mark.parametrize("case", BEHIND, ids=str)
def test_a_gateway_is_as_well_as_what_is_behind_it(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", LITELLM_CASES, ids=str)
def test_trouble_of_a_gateway_itself_is_named(case: Case) -> None:
    judge(case)
