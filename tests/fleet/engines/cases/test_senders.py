"""Who answered? A status is read with its sender: the engine, a proxy with nothing behind it, a login, a firewall."""

import pytest

from tests.hostile_server import garbage, hang_up

from .answers import DAY, ENGINES, LLAMACPP, LLAMACPP_PLAIN, LOCALAI, OLLAMA, SGLANG, TGI, VLLM, Reply, Routes, page
from .case import Case, judge
from .proxies import HOST_REJECTED, LOGIN_ELSEWHERE, LOGIN_HERE, NGINX_404, NOTHING_BEHIND, PLAIN_HTTP, REFUSED, nginx

GONE = "satsuma-xyz/node-gateway#24, caddyserver/caddy#4887, #5402, #6410"
LOGIN = "cogwheel0/conduit#655, open-webui/open-webui#29868, oauth2-proxy/oauth2-proxy#1423"
FIREWALL = "vitali87/code-graph-rag#142, GewoonJaap/codex-openai-wrapper#53, open-webui/open-webui#29868"
BASIC = "ollama/ollama#1053, langgenius/dify#14882, open-webui/open-webui#2814, OpenHands/OpenHands#2559"
TLS_PORT = "bentoml/OpenLLM#480, #449"
NOT_THE_ENGINE = "it is starting|out of GPU memory|Restart the server"
KEY_ADVICE = "Set the right API key"
TROUBLE = ("degraded", "down")


def _all(reply: Reply) -> Routes:
    return {"*": reply}


def _wants(scheme: str, body: str | bytes = "401 Unauthorized", **headers: str) -> Routes:
    return _all(Reply(401, body, {"WWW-Authenticate": scheme, **headers}))


GONE_CASES = tuple(
    Case(f"{name}_{moment}", GONE, routes, then=then, status="down", no_words=NOT_THE_ENGINE)
    for name, reply in NOTHING_BEHIND.items()
    for moment, routes, then in (("at_first", _all(reply), None), ("watched_vllm", VLLM, _all(reply)))
) + tuple(
    Case(
        f"{name}_503_by_{proxy}",
        GONE,
        routes,
        then=_all(NOTHING_BEHIND[proxy]),
        status="down",
        no_words=NOT_THE_ENGINE,
    )
    for name, routes in ENGINES.items()
    for proxy in (
        "nginx_503",
        "haproxy_503",
        "traefik_503",
        "caddy_503",
        "kong_503",
        "aws_api_gateway_503",
        "yarp_503",
        "linkerd_503",
    )
)

REFUSED_CASES = tuple(
    Case(
        f"{name}_{moment}",
        FIREWALL,
        routes,
        then=then,
        status="degraded",
        words="proxy|firewall|gateway|web page|cloudflare",
        no_words=f"{KEY_ADVICE}|OLLAMA_HOST|it is starting",
    )
    for name, reply in REFUSED.items()
    for moment, routes, then in (("at_first", _all(reply), None), ("watched_vllm", VLLM, _all(reply)))
)

LOGIN_CASES = (
    *(
        Case(
            f"redirect_to_{name}",
            LOGIN,
            _all(Reply(302, b"", {"Location": location})),
            status="degraded",
            words=r"log ?in|sign|://",
            nowhere="(kid|state|client_id)=abc",
        )
        for name, location in LOGIN_ELSEWHERE.items()
    ),
    *(
        Case(f"page_of_{name}", LOGIN, _all(reply), status="degraded", no_words=KEY_ADVICE)
        for name, reply in LOGIN_HERE.items()
    ),
    *(
        Case(f"{name}_watched_{page_name}", LOGIN, routes, then=_all(LOGIN_HERE[page_name]), status=TROUBLE)
        for name, routes in ENGINES.items()
        for page_name in ("oauth2_proxy", "authelia")
    ),
    Case(
        "redirect_to_a_login_of_its_own",
        LOGIN,
        {"*": Reply(302, b"", {"Location": "/oauth2/sign_in"}), "/oauth2/sign_in": LOGIN_HERE["oauth2_proxy"]},
        status="degraded",
    ),
    Case(
        "redirect_to_https",
        "",
        _all(Reply(308, b"", {"Location": "https://gpu.example.org/", "Server": "Caddy"})),
        status="degraded",
        words="https://",
    ),
    Case(
        "vllm_refuses_the_key_itself", "", VLLM, wants="Bearer sk-0123456789abcdef", cause="auth_rejected", words="key"
    ),
    Case(
        "sglang_key_guards_its_details_too",
        "sglang docs",
        SGLANG,
        wants="Bearer sk-sgl-0123456789",
        guarded=("/v1", "/server_info", "/get_server_info"),
        cause="auth_rejected",
    ),
)

CHALLENGES = (
    *(
        Case(
            f"basic_by_{name}", BASIC, routes, status="degraded", words="basic|user name|password", no_words=KEY_ADVICE
        )
        for name, routes in {
            "nginx": _wants('Basic realm="Restricted"', "<html>401 Authorization Required</html>", Server="nginx"),
            "apache": _wants('Basic realm="GPU"', "<html>Unauthorized</html>", Server="Apache/2.4.62"),
            "traefik": _wants('Basic realm="traefik"'),
            "caddy": _wants('Basic realm="restricted", charset="UTF-8"', b"", Server="Caddy"),
            "some_lower_case": _wants("basic realm=x", {"detail": "Unauthorized"}),  # type: ignore[arg-type]
        }.items()
    ),
    Case(
        "basic_in_front_of_what_was_well",
        BASIC,
        VLLM,
        then=_wants("Basic realm=x"),
        status="degraded",
        words="basic|user",
    ),
    Case(
        "negotiate_or_basic",
        BASIC,
        _wants('Negotiate, Basic realm="x"'),
        status="degraded",
        words="basic|user name|password|proxy",
        no_words=KEY_ADVICE,
    ),
    Case("digest", BASIC, _wants('Digest realm="x", qop="auth", nonce="a"'), status="degraded", no_words=KEY_ADVICE),
    Case("negotiate", BASIC, _wants("Negotiate", Server="Microsoft-IIS/10.0"), status="degraded", no_words=KEY_ADVICE),
    Case(
        "bearer_by_a_proxy",
        BASIC,
        _wants('Bearer realm="gateway"', Server="kong/3.9.0"),
        status="degraded",
        words="key",
    ),
    Case(
        "basic_for_the_metrics_only",
        BASIC,
        {**VLLM, "/metrics": Reply(401, "<html>", {"WWW-Authenticate": "Basic realm=x", "Server": "nginx"})},
        status="up",
        models=["m"],
    ),
)

TLS_AND_HOST = (
    *(
        Case(f"plain_http_{name}_{moment}", TLS_PORT, routes, then=then, status=TROUBLE, words="https")
        for name, reply in PLAIN_HTTP.items()
        for moment, routes, then in (("at_first", _all(reply), None), ("watched_vllm", VLLM, _all(reply)))
    ),
    Case(
        "plain_http_tls_alert", TLS_PORT, {"*": garbage(b"\x15\x03\x03\x00\x02\x02\x46")}, status=TROUBLE, words="https"
    ),
    Case("plain_http_uvicorn", TLS_PORT, {"*": hang_up()}, status=TROUBLE, words="https|closed"),
    *(
        Case(f"host_rejected_by_{name}", "ollama/ollama#3215 (kind)", _all(reply), cause="host_rejected", words="host")
        for name, reply in HOST_REJECTED.items()
    ),
    Case("ollama_403_empty", "ollama/ollama#3215", OLLAMA, then=_all(Reply(403)), cause="host_rejected"),
)

BEHIND_PROXIES: dict[str, dict[str, str]] = {
    "nginx": {"Server": "nginx"},
    "caddy": {"Server": "llama.cpp", "Via": "1.1 Caddy"},
    "envoy": {"Server": "envoy", "x-envoy-upstream-service-time": "3"},
    "cloudflare": {"Server": "cloudflare", "CF-RAY": "8f0a1b2c3d4e5f60-FRA"},
    "traefik": {},
}
"""What these put on the answers that they pass on."""

LOADS = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
SCALES = {"error": "The model is currently scaling. Please try again later."}
STARTING = (
    Case("llamacpp_loads", "", _all(Reply(503, LOADS, {"Server": "llama.cpp"})), status="loading"),
    *(
        Case(f"llamacpp_loads_behind_{name}", "", LLAMACPP, then=_all(Reply(503, LOADS, headers)), status="loading")
        for name, headers in BEHIND_PROXIES.items()
    ),
    Case("llamacpp_loads_while_watched", "", LLAMACPP, then=_all(Reply(503, LOADS)), status="loading"),
    Case("vllm_scales", "vllm docs, elastic expert parallelism", VLLM, then=_all(Reply(503, SCALES)), status="loading"),
    Case("sglang_warms_up", "sglang docs", SGLANG, then=_all(Reply(503, b"", {"Server": "uvicorn"})), status="loading"),
    Case("localai_starts", "localai docs", LOCALAI, then=_all(Reply(503, {"status": "starting"})), status="loading"),
    Case("vllm_engine_dead", "vllm docs", VLLM, then=_all(Reply(503, b"", {"Server": "uvicorn"})), cause="engine_dead"),
    Case(
        "vllm_engine_dead_behind_caddy",
        "caddyserver/caddy#4887: Via is on what it passes on, Server: Caddy on its own",
        VLLM,
        then=_all(Reply(503, b"", {"Server": "uvicorn", "Via": "1.1 Caddy"})),
        cause="engine_dead",
    ),
    Case(
        "tgi_is_not_well",
        "huggingface/text-generation-inference router/src/server.rs",
        TGI,
        then={**TGI, "/health": Reply(503, {"error": "unhealthy", "error_type": "healthcheck"})},
        status=TROUBLE,
        no_words="it is starting",
    ),
)

BEHIND = (
    *(
        Case(
            f"{name}_behind_{proxy}",
            "",
            {
                path: reply._replace(headers={**reply.headers, **headers}) if isinstance(reply, Reply) else reply
                for path, reply in ENGINES[name].items()
            },
            status="up",
            cause="",
            engine=name,
        )
        for name in ("vllm", "ollama", "sglang", "tgi", "localai")
        for proxy, headers in BEHIND_PROXIES.items()
        if proxy != "caddy"
    ),
    *(
        Case(
            f"vllm_refuses_the_key_behind_{proxy}",
            "",
            VLLM,
            then={**VLLM, "/v1/models": Reply(401, {"error": "Unauthorized"}, headers)},
            later=DAY,
            cause="auth_rejected",
            words="key",
        )
        for proxy, headers in BEHIND_PROXIES.items()
        if proxy != "caddy"
    ),
    Case(
        "llamacpp_behind_nginx", "", LLAMACPP_PLAIN, server="nginx", status="up", engine="llamacpp", load={"slots": 4}
    ),
    Case(
        "ollama_behind_nginx_without_root",
        "",
        {**OLLAMA, "/": nginx(404, "Not Found")},
        server="nginx",
        status="up",
        engine="ollama",
    ),
    Case(
        "ollama_proxy_blocks_version",
        "",
        {**OLLAMA, "/api/version": page("403 Forbidden", 403, Server="nginx")},
        status=("up", "degraded"),
        no_words=KEY_ADVICE,
    ),
    Case("vllm_gone_from_nginx", "", VLLM, then=_all(NGINX_404), status=TROUBLE),
    Case("nginx_limits_us", "", _all(nginx(429, "Too Many Requests")), status="degraded", cause="rate_limited"),
)


@pytest.mark.parametrize("case", GONE_CASES, ids=str)
def test_a_proxy_with_nothing_behind_it_is_down(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", REFUSED_CASES, ids=str)
def test_a_proxy_that_refuses_is_not_a_wrong_key(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", [*LOGIN_CASES, *CHALLENGES], ids=str)
def test_a_login_in_front_is_named(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", TLS_AND_HOST, ids=str)
def test_a_wrong_scheme_or_host_name_is_named(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", STARTING, ids=str)
def test_loading_is_believed_in_the_engines_own_words(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", BEHIND, ids=str)
def test_an_engine_behind_a_proxy_is_found(case: Case) -> None:
    judge(case)
