"""What people paste works, or is refused with a sentence at once."""

import html
from urllib.parse import quote

import pytest

from .answers import LITELLM, LLAMACPP, LMSTUDIO, OLLAMA, SGLANG, VLLM, Reply, Routes, ok
from .case import Case, judge

HERE = "http://127.0.0.1:{port}"
ROUTES = "xiao-zaiyi/illa-helper#64, ollama/ollama#1579, open-webui/open-webui#209, Five-Nines-io/fivenines_agent#133"
NO_PORT = "http://127.0.0.1:9"  # the discard port: nothing listens there
USED = ("up", "usage")
KEY = "sk-0123456789abcdef"

PASTED_ROUTES: tuple[tuple[str, Routes, tuple[str, ...]], ...] = (
    (
        "vllm",
        VLLM,
        (
            "/",
            "/v1",
            "/v1/",
            "/v1/models",
            "/v1/chat/completions",
            "/v1/completions/",
            "/v1/embeddings",
            "/v1/responses",
            "/v1/messages",
            "/V1/Chat/Completions",
            "/v1/load_lora_adapter",
            "/tokenizer_info",
            "/metrics",
            "/health",
            "/docs",
            "/openapi.json",
            "/version",
            "/ping",
        ),
    ),
    (
        "ollama",
        OLLAMA,
        ("/api", "/api/", "/api/generate", "/api/chat", "/api/tags", "/api/ps", "/api/version", "/api/show", "/v1"),
    ),
    ("llamacpp", LLAMACPP, ("/props", "/slots", "/completion", "/v1/chat/completions")),
    ("lmstudio", LMSTUDIO, ("/api/v0/models", "/api/v1/models", "/v1")),
    ("sglang", SGLANG, ("/generate", "/server_info", "/v1/chat/completions")),
)

ADDRESSES = (
    *(
        Case(f"{name}{path.replace('/', '_')}", ROUTES, routes, address=HERE + path, status="up", engine=name)
        for name, routes, paths in PASTED_ROUTES
        for path in paths
    ),
    *(
        Case(
            f"prefix{prefix}{path}".replace("/", "_"),
            ROUTES,
            {prefix + route: reply for route, reply in VLLM.items()},
            address=HERE + prefix + path,
            status="up",
            engine="vllm",
        )
        for prefix, path in (
            ("/gpu1", "/v1/models"),
            ("/ollama", "/v1"),
            ("/a/b", "/v1/chat/completions"),
            ("/v1/gpu", ""),
        )
    ),
    *(
        Case(f"written_{n}", ROUTES, OLLAMA, address=address, status="up", engine="ollama")
        for n, address in enumerate(
            (
                "127.0.0.1:{port}",
                "127.0.0.1:{port}/v1/chat/completions",
                "HTTP://127.0.0.1:{port}",
                f" {HERE} ",
                f"{HERE}/\n",
                f"{HERE}//",
            )
        )
    ),
    *(
        Case(f"sloppy_{n}", ROUTES, VLLM, address=address, status=USED)
        for n, address in enumerate(
            (
                f'"{HERE}"',
                f"'{HERE}'",
                f"<{HERE}>",
                f"`{HERE}`",
                f"{HERE},",
                f"{HERE}.",
                f"{HERE};",
                f"{HERE}\u200b",
                f"\ufeff{HERE}",
                f"{HERE}/v1?api-version=1",
                f"{HERE}/#/models",
                "http:/127.0.0.1:{port}",
                "http//127.0.0.1:{port}",
                "http:127.0.0.1:{port}",
                "http://http://127.0.0.1:{port}",
                "base_url=http://127.0.0.1:{port}/v1",
                "OPENAI_BASE_URL=http://127.0.0.1:{port}/v1",
                "$ curl http://127.0.0.1:{port}/metrics | grep vllm",
            )
        )
    ),
    *(
        Case(f"curl_{n}", ROUTES, VLLM, address=command, status="up", engine="vllm")
        for n, command in enumerate(
            (
                "curl http://127.0.0.1:{port}/v1/models",
                f"curl -s -X POST '{HERE}/v1/chat/completions' -H 'Accept: */*' -d '{{\"a\": \"b\"}}'",
                f'curl --location "{HERE}/v1/completions" \\\n  --header "Content-Type: application/json"',
            )
        )
    ),
    Case(
        "curl_with_a_key",
        ROUTES,
        VLLM,
        address=f'curl {HERE}/v1/models -H "Authorization: Bearer {KEY}"',
        wants=f"Bearer {KEY}",
        status="up",
        nowhere=KEY,
    ),
    Case("space_inside", "", VLLM, address="http://127.0.0.1: {port}", status="usage"),
    Case("bare_address", "", OLLAMA, address="127.0.0.1:{port}", status="up"),
    Case("bare_number", "", {}, address="10.0.0.5", status="usage", words="http"),
    Case("bare_ipv6", "", {}, address="::1:11434", status="usage", words=r"\[|bracket|http"),
    Case("ipv6", "", OLLAMA, address="http://[::1]:{port}", host="::1", status="up"),
    Case("no_port", "", {}, address="http://127.0.0.1", words="port"),
    Case(
        "docker_host_name",
        "docker/genai-stack#39",
        {},
        address="http://host.docker.internal:11434",
        words="docker|container",
    ),
    Case(
        "compose_service", "docker/genai-stack#39 (kind)", {}, address="http://ollama:11434", words="compose|container"
    ),
    *(
        Case(
            f"every_address_{n}",
            "ollama/ollama-python#407, ollama/ollama#2132",
            OLLAMA,
            address=address,
            status=("usage", "degraded"),
            words=r"127\.0\.0\.1|localhost|every address",
        )
        for n, address in enumerate(
            ("http://0.0.0.0:{port}", "0.0.0.0:{port}", "http://0.0.0.0:{port}/v1", "http://[::]:{port}")
        )
    ),
    Case(
        "password_inside",
        "ollama/ollama#1053 (kind)",
        VLLM,
        address="http://me:secret99@127.0.0.1:{port}",
        nowhere="secret99",
    ),
    Case("another_scheme", "", VLLM, address="ftp://127.0.0.1:{port}", status="usage", words="http"),
)

KEYS = (
    *(
        Case(
            f"key_{n}",
            "OpenHands/OpenHands#2559",
            VLLM,
            wants=f"Bearer {KEY}",
            send=typed,
            status="up",
            cause="",
            nowhere=KEY,
        )
        for n, typed in enumerate(
            (
                KEY,
                f"Bearer {KEY}",
                f"bearer {KEY}",
                f"Bearer  {KEY} ",
                f"Authorization: Bearer {KEY}",
                f"authorization:Bearer {KEY}",
                f'"{KEY}"',
                f"'{KEY}'",
                f'"Bearer {KEY}"',
                f" {KEY}\n",
                f"{KEY}\r\n",
            )
        )
    ),
    *(
        Case(
            f"no_key_{n}",
            "OpenHands/OpenHands#2559 (kind)",
            VLLM,
            wants=f"Bearer {KEY}",
            send=typed,
            status=("usage", "degraded"),
            words=words,
        )
        for n, (typed, words) in enumerate(
            (
                ("$OPENAI_API_KEY", r"\$|variable"),
                ("${OPENAI_API_KEY}", r"\$|variable"),
                ("<your key>", "key"),
                ("Basic bW9uaXRvcjpzZWNyZXQ=", "basic|user"),
                ("sk-\u2026", "key"),
                ("sk-0123\n4567", "line|space|key"),
            )
        )
    ),
    Case(
        "user_name_and_password",
        "ollama/ollama#1053, langgenius/dify#14882",
        VLLM,
        wants="Basic bW9uaXRvcjpzZWNyZXQtcGFzc3dvcmQ=",
        guarded=("/",),
        refusal=Reply(401, "no", {"WWW-Authenticate": "Basic realm=x"}),
        send="secret-password",
        user="monitor",
        status="up",
        engine="vllm",
        nowhere="secret-password|bW9uaXRvcjpzZWNyZXQtcGFzc3dvcmQ",
    ),
    Case(
        "wrong_password",
        "ollama/ollama#1053",
        VLLM,
        wants="Basic bW9uaXRvcjpzZWNyZXQtcGFzc3dvcmQ=",
        guarded=("/",),
        refusal=Reply(401, "Basic bW9uaXRvcjp3cm9uZy1wYXNzd29yZA== is wrong", {"WWW-Authenticate": "Basic realm=x"}),
        send="wrong-password",
        user="monitor",
        status="degraded",
        words="user name|password",
        nowhere="wrong-password|bW9uaXRvcjp3cm9uZy1wYXNzd29yZA",
    ),
)

ODD_KEY = "sk/abc+def/0123456789=="
ECHOES = {
    "as_it_is": ODD_KEY,
    "json": ODD_KEY.replace("/", r"\/"),
    "json_unicode": "".join(f"\\u{ord(letter):04x}" if letter in "/+=" else letter for letter in ODD_KEY),
    "json_whole_unicode": "".join(f"\\u{ord(letter):04X}" for letter in ODD_KEY),
    "percent": quote(ODD_KEY, safe=""),
    "percent_lower_case": quote(ODD_KEY, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
    "html": html.escape(ODD_KEY).replace("/", "&#x2F;").replace("+", "&#43;"),
    "html_names": ODD_KEY.replace("/", "&sol;").replace("+", "&plus;").replace("=", "&equals;"),
    "bearer": f"Bearer {ODD_KEY}",
}
SPELLINGS = r"abc.{1,8}def.{1,8}0123456789|u0030\S{0,3}u0031\S{0,3}u0032"
REDIRECTS = ("as_it_is", "percent", "percent_lower_case")
ECHO_CASES = tuple(
    Case(
        f"echo_{name}_{how}",
        "cline/cline#1766 (LiteLLM repeats the key it got)",
        routes,
        send=ODD_KEY,
        nowhere=SPELLINGS,
    )
    for name, text in ECHOES.items()
    for how, routes in (
        ("in_json", {**LITELLM, "/v1/models": Reply(401, f'{{"error":{{"message":"Invalid key: {text}"}}}}')}),
        ("in_a_page", {"*": Reply(403, f"<html>Received={text}</html>")}),
        ("in_a_name", {**VLLM, "/v1/models": ok(f'{{"object":"list","data":[{{"id":"m {text}"}}]}}')}),
        ("in_a_redirect", {"*": Reply(302, b"", {"Location": f"https://login.example.org/{text}"})}),
    )
    if how != "in_a_redirect" or name in REDIRECTS
)


@pytest.mark.parametrize("case", ADDRESSES, ids=str)
def test_an_address_as_pasted_is_read_or_refused_with_a_sentence(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", KEYS, ids=str)
def test_a_key_as_pasted_is_read_or_refused_with_a_sentence(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", ECHO_CASES, ids=str)
def test_a_key_that_comes_back_is_shown_nowhere(case: Case) -> None:
    judge(case)
