"""By which routes a model is asked, and with what."""

import pytest

from fleet.engines.canary_questions import body, routes
from fleet.engines.reading import Model, Reading
from tests.fake_engine import FakeEngine
from tests.fleet.engines.ask import ask_canary

GENERATE = ["/v1/completions", "/v1/chat/completions", "/chat/completions"]
EMBED = ["/v1/embeddings", "/embeddings"]


@pytest.mark.parametrize(
    ("engine", "able", "api", "expected"),
    [
        ("ollama", ("embedding",), {}, ["/api/embed"]),
        ("ollama", ("completion", "embedding"), {}, ["/api/generate"]),
        ("ollama", (), {}, ["/api/generate", "/api/embed"]),
        ("vllm", ("embedding",), {"completions": "no"}, EMBED),
        ("infinity", ("embedding", "rerank"), {}, EMBED),
        ("litellm", ("completion",), {"completions": "no", "chat": "yes"}, GENERATE[1:]),
        ("litellm", ("chat",), {}, GENERATE),
        ("litellm", (), {}, GENERATE + EMBED),
        ("llamacpp", ("vision", "tools"), {}, GENERATE + EMBED),
        ("vllm", (), {"completions": "no", "chat": "no", "embeddings": "yes"}, ["/chat/completions", *EMBED]),
        ("tei", ("rerank",), {}, []),
    ],
)
def test_the_routes_are_those_that_the_model_may_have(engine, able, api, expected) -> None:
    assert routes(engine, Model("m", capabilities=able), api) == expected


def test_the_route_that_worked_comes_first_while_it_fits() -> None:
    assert routes("tgi", Model("m"), {}, worked="/v1/embeddings")[:2] == ["/v1/embeddings", "/v1/completions"]
    assert routes("tgi", Model("m", capabilities=("embedding",)), {}, worked="/v1/completions") == EMBED


@pytest.mark.parametrize("path", ["/api/generate", "/api/embed", *GENERATE, *EMBED])
def test_no_question_has_what_would_change_the_server(path) -> None:
    plain, fitted = body(path, "m"), body(path, "m", context=8192)
    assert plain["model"] == "m" and not plain.get("stream")
    assert set(plain.get("options", {})) <= {"num_predict"}
    assert "keep_alive" not in plain
    native = path.startswith("/api/")
    assert fitted.get("options", {}).get("num_ctx") == (8192 if native else None)


CHAT_ONLY = [
    (404, {"detail": "Not Found"}),
    (404, ""),
    (405, {"detail": "Method Not Allowed"}),
    (410, ""),
    (501, {"error": {"message": "This server does not support completions."}}),
    (403, "<html>forbidden</html>"),
    (404, {"error": {"message": "This is a chat model and not supported in the v1/completions endpoint."}}),
    (400, {"error": {"message": "Use /v1/chat/completions for this model."}}),
    (422, {"detail": "only Chat requests are taken"}),
    (200, {"error": "Unexpected endpoint or method. (POST /v1/completions)"}),
]


@pytest.mark.parametrize(("status", "body"), CHAT_ONLY)
def test_a_server_for_chat_only_is_asked_by_chat_at_once_and_first_from_then_on(status, body) -> None:
    with FakeEngine("openai_compatible") as engine:
        engine.put("POST /v1/completions", body, status)
        first = ask_canary(engine.url, "openai_compatible", Model("m"), Reading(0.0))
        assert first.canary and (first.canary.path, first.canary.tokens) == ("/v1/chat/completions", 3)
        second = ask_canary(engine.url, "openai_compatible", Model("m"), Reading(0.0), path=first.canary.path)
        assert second.canary and second.canary.failure is None
        paths = [path for path, _ in engine.posted]
    assert paths == ["/v1/completions", "/v1/chat/completions", "/v1/chat/completions"]


def test_a_server_that_only_embeds_is_never_asked_by_chat() -> None:
    with FakeEngine("openai_compatible") as engine:
        for path in ("/v1/completions", "/v1/chat/completions", "/v1/embeddings"):
            engine.put(f"POST {path}", {"detail": "Not Found"}, 404)
        engine.put("POST /embeddings", {"data": [], "usage": {"total_tokens": 1}})
        found = ask_canary(engine.url, "infinity", Model("bge", capabilities=("embedding", "rerank")), Reading(0.0))
        assert [path for path, _ in engine.posted] == ["/v1/embeddings", "/embeddings"]
    assert found.canary and found.canary.path == "/embeddings"


def test_a_server_that_has_none_of_the_routes_is_no_trouble() -> None:
    with FakeEngine("openai_compatible") as engine:
        for path in routes("openai_compatible", Model("m"), {}):
            engine.put(f"POST {path}", "", 404)
        found = ask_canary(engine.url, "openai_compatible", Model("m"), Reading(0.0))
        assert len(engine.posted) == 5
    assert found.canary and found.canary.note.startswith("POST /v1/completions answered HTTP 404")
