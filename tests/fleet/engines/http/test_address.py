"""Addresses of endpoints as people paste them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.engines.http.address import host_and_port, read_address
from fleet.engines.http.client import Client, parse_base_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://gpu-1:11434", "http://gpu-1:11434"),
        ("localhost:11434/v1", "http://localhost:11434"),
        ("gpu-1", "http://gpu-1"),
        ("localhost", "http://localhost"),
        ("10.0.0.4:8000", "http://10.0.0.4:8000"),
        ("gpu-1.example.org/llm/v1", "http://gpu-1.example.org/llm"),
        ("[::1]", "http://[::1]"),
        ("  HTTPS://Gpu-1.Example/ollama//  ", "https://gpu-1.example/ollama"),
        ("http://gpu-1:8000/v1", "http://gpu-1:8000"),
        ("http://gpu-1:8000/v1/", "http://gpu-1:8000"),
        ("http://proxy/llm/v1", "http://proxy/llm"),
        ("http://proxy/v1beta", "http://proxy/v1beta"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
        ("http:/gpu-1:8000", "http://gpu-1:8000"),
        ("http//gpu-1:8000", "http://gpu-1:8000"),
        ("http:\\\\gpu-1:8000", "http://gpu-1:8000"),
        ("http;//gpu-1:8000", "http://gpu-1:8000"),
        ("http://http://gpu-1:8000", "http://gpu-1:8000"),
        ("//gpu-1:8000", "http://gpu-1:8000"),
        ("[::1]:8000/v1", "http://[::1]:8000"),
        ("http://gpu-1:8000.", "http://gpu-1:8000"),
        ('"http://gpu-1:8000/v1",', "http://gpu-1:8000"),
        ("“http://gpu-1:8000”", "http://gpu-1:8000"),
        ("<http://gpu-1:8000/v1>", "http://gpu-1:8000"),
        ("(http://gpu-1:8000)", "http://gpu-1:8000"),
        ("\ufeffhttp://gpu-1:\u200b8000\u2060", "http://gpu-1:8000"),
        ("GET http://gpu-1:8000/v1/models", "http://gpu-1:8000"),
        ("OLLAMA_HOST=gpu-1:11434", "http://gpu-1:11434"),
        ('export OPENAI_BASE_URL="http://gpu-1:8000/v1"', "http://gpu-1:8000"),
        ("http://gpu-1:8080/#/chat/3", "http://gpu-1:8080"),
        ("http://gpu-1:8000/docs#/default/models", "http://gpu-1:8000"),
        ("http://gpu-1:8000/metrics?name=x", "http://gpu-1:8000"),
    ],
)
def test_addresses_as_people_paste_them(text: str, expected: str) -> None:
    assert parse_base_url(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "Write the address"),
        ("gpu-1://x", "Only http"),
        ("ftp://gpu-1", "Only http"),
        ("http://me:pw@gpu-1", "username"),
        ("http://:pw@gpu-1", "username"),
        ("http://me:1#w@gpu-1", "username"),
        ("http://0.0.0.0:11434", "0.0.0.0 means every address of that machine: write 127.0.0.1 or the machine's name"),
        ("0.0.0.0:11434", "means every address"),
        ("OLLAMA_HOST=0.0.0.0:11434", "means every address"),
        ("http://0:11434", "means every address"),
        ("http://0x0.0:11434", "means every address"),
        ("http://[::]:8000/v1", "means every address"),
        ("http://[0:0:0:0:0:0:0:0]:8000", "means every address"),
        ("http://[::ffff:0.0.0.0]:8000", "means every address"),
        ("http://*:8000", "means every address"),
        ("http://gpu-1: 8000", "space"),
        ("http://gpu-1,8000", "host name"),
        ("http://gpu-1:8000,http://gpu-2:8000", "more than one address"),
        ("http://$GPU_HOST:8000", "stands for another value"),
        ("http://${GPU_HOST}:8000", "stands for another value"),
        ("http://%GPU_HOST%:8000", "stands for another value"),
        ("http://<host>:8000", "stands for another value"),
        ("http://{{host}}:8000", "stands for another value"),
        ("http://" + "a" * 30_000, "too long"),
        ("http://gpu-1/?a=b", '"?"'),
        ("http://", "no host"),
        ("http://:80", "no host"),
        ("http://gpu-1:0", "port"),
        ("http://gpu-1:99999", "port"),
        ("http://gpu-1:abc", "port"),
        ("http://gpu-1:", "port"),
        ("http://gpu 1", "space"),
        ("http://gpu-1\n/x", "control"),
        ("http://a..b", "host name"),
        ("http://" + "a" * 64, "host name"),
        ("http://[::1", "not a URL"),
        ("http://gpu-1/a\\b", "path"),
    ],
)
def test_addresses_that_are_refused_say_why(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        parse_base_url(text)
    assert word in str(caught.value)


ROUTES = [
    "v1", "v1/models", "v1/models/Qwen/Qwen3-8B", "v1/chat/completions", "v1/completions", "v1/embeddings",
    "v1/responses", "v1/messages", "v1/messages/count_tokens", "v1/rerank", "v1/audio/transcriptions", "api",
    "api/generate", "api/chat", "api/tags", "api/ps", "api/version", "api/show", "api/embed", "api/v0",
    "api/v0/models", "api/v0/chat/completions", "api/v1", "api/v1/models", "api/v1/chat", "api/v1/models/qwen3",
    "api/chat/completions", "api/v1/generate", "api/v1/model", "api/extra/version", "v1/model/load", "v2/health/ready",
    "metrics", "health", "health/readiness", "health/liveliness", "healthz", "readyz",
    "docs", "redoc", "openapi.json", "version", "ping", "props", "slots", "slots/0", "completion", "embedding",
    "rerank", "tokenize", "load", "info", "server_info", "get_server_info", "generate", "models",
]  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
def test_the_route_of_an_engine_is_left_out_and_the_prefix_of_a_proxy_kept(route: str) -> None:
    assert parse_base_url(f"http://gpu-1:8000/{route}") == "http://gpu-1:8000"
    assert parse_base_url(f"gpu-1:8000/{route}/") == "http://gpu-1:8000"
    assert parse_base_url(f"http://proxy/gpu1/{route}") == "http://proxy/gpu1"
    assert parse_base_url(f"http://proxy/ollama/{route}?x=1") == "http://proxy/ollama"


@pytest.mark.parametrize(
    "prefix",
    [
        "ollama", "openai", "v1beta/openai", "engines/llama.cpp", "models/qwen", "llm", "v2", "apis", "team/docs-bot",
        "api/v1/namespaces/llm/services/http:ollama:11434/proxy",
    ],
)  # fmt: skip
def test_what_only_resembles_a_route_is_kept(prefix: str) -> None:
    assert parse_base_url(f"http://proxy/{prefix}/v1/chat/completions") == f"http://proxy/{prefix}"


@given(st.lists(st.sampled_from([*ROUTES, "gpu1", "v2", "", "a.b"]), max_size=6).map("/".join))
def test_an_address_that_was_read_is_not_changed_by_reading_it_again(path: str) -> None:
    once = parse_base_url(f"http://gpu-1/{path}")
    assert parse_base_url(once) == once


def test_user_name_and_password_of_an_address_are_read_apart() -> None:
    address = read_address("https://bob:s%40fe@gpu-1/v1")
    assert (address.url, address.username, address.api_key) == ("https://gpu-1", "bob", "s@fe")


@given(st.one_of(st.text(), st.text(alphabet="htps:/[]@?#.%:0189abv \\é").map("http://".__add__)))
@example("http://[v1.x]")
@example("http://ⅷ")
def test_an_address_is_a_string_or_a_value_error(text: str) -> None:
    try:
        result = parse_base_url(text)
    except ValueError:
        return
    Client(result).close()  # and what is accepted can be used


@pytest.mark.parametrize("url", ["", "gpu-1", "http://me:pw@gpu-1"])
def test_a_client_refuses_what_is_no_base_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        Client(url)


@pytest.mark.parametrize(
    ("url", "seen_from", "where"),
    [
        ("http://GPU-1:11434/v1", "", "gpu-1:11434"),
        ("https://gpu-1", "", "gpu-1:443"),
        ("http://gpu-1/", "", "gpu-1:80"),
        ("http://localhost:11434", "", "127.0.0.1:11434"),
        ("http://127.0.0.1:11434", "http://gateway:4000", "gateway:11434"),
        ("http://[::1]:11434", "http://localhost:4000", "127.0.0.1:11434"),
        ("http://gpu-1:port", "", ""),
        ("None", "http://gateway:4000", ""),
        ("", "", ""),
    ],
)
def test_two_urls_of_one_server_have_the_same_host_and_port(url, seen_from, where):
    assert host_and_port(url, seen_from) == where
