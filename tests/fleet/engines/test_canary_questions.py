"""By which routes a model is asked, and with what."""

import pytest

from fleet.engines.canary_questions import body, routes
from fleet.engines.reading import Model

GENERATE = ["/v1/completions", "/v1/chat/completions", "/chat/completions"]
EMBED = ["/v1/embeddings", "/embeddings"]


@pytest.mark.parametrize(
    ("engine", "able", "api", "expected"),
    [
        ("ollama", ("embedding",), {}, ["/api/embed"]),
        ("ollama", ("completion", "embedding"), {}, ["/api/generate"]),
        ("ollama", (), {}, ["/api/generate"]),
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
