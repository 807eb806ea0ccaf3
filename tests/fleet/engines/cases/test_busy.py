"""Health was answered, so a side question that is refused or comes back odd decides nothing."""

import pytest

from tests.hostile_server import Behaviour, hang_up, reset, truncated

from .answers import (
    DAY,
    MODELS,
    OLLAMA,
    SIDE,
    VLLM,
    Reply,
    ok,
    page,
)
from .case import Case, judge

WORKS = ("up", "busy")
FORBIDDEN = page("403 Forbidden", 403, Server="nginx")

TROUBLES: dict[str, Reply | Behaviour] = {
    "forbidden_by_proxy": FORBIDDEN,
    "not_found": Reply(404, {"detail": "Not Found"}),
    "method_not_allowed": Reply(405, {"detail": "Method Not Allowed"}),
    "server_error": Reply(500, "Internal Server Error"),
    "bad_gateway": page("502 Bad Gateway", 502, Server="nginx"),
    "web_page": page("Sign in"),
    "empty": ok(),
    "null": ok("null"),
    "half_json": ok('{"models": [{"name'),
    "invalid_utf8": ok(b'{"version": "\xff\xfe"}'),
    "cut_off": truncated(),
    "reset": reset(),
    "hung_up": hang_up(),
    "redirected_to_login": Reply(302, b"", {"Location": "https://login.example.org/start"}),
}

REPORTED = (
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
        "vllm_list_of_odd_cards",
        "",
        VLLM,
        then={**VLLM, "/v1/models": ok({"object": "list", "data": [{"name": "m"}, 7, None]})},
        later=DAY,
        status="up",
    ),
)


LISTS = frozenset({"/v1/models", "/api/models"})
"""Where a refused key is the engine's own answer to a question that people ask it too."""

WANTS_A_KEY = tuple(
    Case(
        f"{name}{path.replace('/', '_')}_{status}",
        "vllm-project/vllm#18892 (kind)",
        routes,
        then={**routes, path: Reply(status, {"detail": "Not authenticated"})},
        later=DAY,
        status=WORKS,
        models=MODELS[name],
    )
    for name, (routes, paths) in SIDE.items()
    for path in paths
    for status in (401, 403)
    if path not in LISTS
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


@pytest.mark.parametrize("case", REPORTED, ids=str)
def test_a_busy_server_is_not_down(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", ODD + WANTS_A_KEY, ids=str)
def test_a_side_question_that_is_refused_or_odd_decides_nothing(case: Case) -> None:
    judge(case)


def test_an_engine_that_refuses_the_key_itself_is_no_busy_one() -> None:
    refused = Reply(401, {"error": "Unauthorized"}, {"Server": "uvicorn"})
    case = Case("", "", VLLM, then={**VLLM, "/v1/models": refused}, later=DAY, status="degraded", cause="auth_rejected")
    judge(case)
