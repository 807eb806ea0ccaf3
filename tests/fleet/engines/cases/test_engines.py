"""Engines and versions as they are now: known by name where they show it, read by their list otherwise."""

import pytest

from .answers import LITELLM, LLAMACPP, LMSTUDIO, LMSTUDIO_LLM, OLLAMA, OLLAMA_MODEL, VLLM, Reply, cards, metrics, ok
from .case import Case, judge

BY_NAME = tuple(
    Case(
        name,
        source,
        {"/v1/models": cards("m", owner=owner), **more},
        server=server,
        status="up",
        not_engine=mistaken,
        models=["m"],
    )
    for name, source, owner, server, mistaken, more in (
        (
            "trtllm_serve",
            "ai-dynamo/dynamo#3150",
            "tensorrt_llm",
            "uvicorn",
            "vllm",
            {"/health": ok(), "/version": ok({"version": "1.2.0"}), "/metrics": ok([])},
        ),
        ("lmdeploy", "InternLM/lmdeploy serve/openai", "lmdeploy", "uvicorn", "vllm", {"/health": ok()}),
        (
            "mlx_lm",
            "ml-explore/mlx-lm server.py",
            "",
            "BaseHTTP/0.6 Python/3.12",
            "ollama",
            {"/health": ok({"status": "ok"})},
        ),
        (
            "tabbyapi",
            "theroyallab/tabbyAPI",
            "tabbyAPI",
            "uvicorn",
            "vllm",
            {"/health": ok({"status": "healthy", "issues": []})},
        ),
        ("xinference", "xorbitsai/inference", "xinference", "uvicorn", "vllm", {"/status": ok({})}),
        (
            "gpustack",
            "gpustack/gpustack",
            "gpustack",
            "",
            "vllm",
            {"/version": ok({"version": "2.3", "git_commit": "x"}), "/healthz": ok("ok")},
        ),
        (
            "dynamo",
            "ai-dynamo/dynamo health.rs",
            "nvidia",
            "",
            "vllm",
            {
                "/health": ok({"status": "healthy", "endpoints": ["generate"], "instances": []}),
                "/live": ok({"status": "live"}),
            },
        ),
        (
            "nim",
            "NVIDIA/k8s-nim-operator#265",
            "system",
            "",
            "sglang",
            {
                "/v1/health/ready": ok({"object": "health-response", "message": "Service is ready."}),
                "/v1/metrics": VLLM["/metrics"],
            },
        ),
        (
            "nim_2_is_vllm_inside",
            "DataDog/integrations-core#18964",
            "vllm",
            "nginx",
            "ollama",
            {
                "/v1/health/ready": ok({"message": "Service is ready."}),
                "/v1/metrics": metrics('num_requests_running{model_name="m"} 3.0'),
            },
        ),
    )
)

ENGINES_OWN = (
    Case(
        "text_embeddings_inference",
        "huggingface/text-embeddings-inference router/src/http/server.rs",
        {
            "/info": ok({"model_id": "BAAI/bge", "model_type": {"embedding": {"pooling": "cls"}}, "version": "1.8.2"}),
            "/health": ok(),
            "/metrics": metrics("te_queue_size 0"),
        },
        status="up",
        not_engine="tgi",
        models=["BAAI/bge"],
    ),
    Case(
        "ollama_cloud_model",
        "docs.ollama.com/cloud",
        {
            **OLLAMA,
            "/api/tags": ok(
                {
                    "models": [
                        OLLAMA_MODEL,
                        {
                            "name": "gpt-oss:120b-cloud",
                            "remote_model": "gpt-oss:120b",
                            "remote_host": "https://ollama.com:443",
                            "size": 384,
                            "digest": "c" * 64,
                        },
                    ]
                }
            ),
        },
        status="up",
        card={
            "gpt-oss:120b-cloud": {"remote_host": "https://ollama.com:443", "loaded": None},
            "qwen3:8b": {"loaded": True},
        },
    ),
    Case(
        "ollama_cloud_model_without_host",
        "docs.ollama.com/cloud",
        {
            **OLLAMA,
            "/api/tags": ok({"models": [{"name": "kimi:cloud", "remote_model": "kimi", "digest": "d" * 64}]}),
            "/api/ps": ok({"models": []}),
        },
        status="up",
        card={"kimi:cloud": {"loaded": None}},
    ),
    Case(
        "lmstudio_embedding_beside_llm",
        "lmstudio-ai/docs 2_rest/list.md, lmstudio-ai/lmstudio-bug-tracker#692",
        {
            **LMSTUDIO,
            "/api/v1/models": ok(
                {
                    "models": [
                        LMSTUDIO_LLM,
                        {
                            "type": "embedding",
                            "key": "nomic",
                            "loaded_instances": [{"id": "nomic", "config": {"context_length": 2048}}],
                        },
                    ]
                }
            ),
        },
        status="up",
        load={"slots": 4},
    ),
    Case(
        "lmstudio_embedding_alone",
        "lmstudio-ai/docs 2_rest/list.md",
        {
            **LMSTUDIO,
            "/api/v1/models": ok(
                {"models": [{"type": "embedding", "key": "nomic", "loaded_instances": [{"id": "n", "config": {}}]}]}
            ),
        },
        status="up",
        load={"slots": None},
        card={"nomic": {"capabilities": ["embedding"]}},
    ),
    Case(
        "lmstudio_two_llms_one_unloaded",
        "lmstudio-ai/docs 2_rest/list.md",
        {
            **LMSTUDIO,
            "/api/v1/models": ok(
                {
                    "models": [
                        LMSTUDIO_LLM,
                        {**LMSTUDIO_LLM, "key": "b"},
                        {**LMSTUDIO_LLM, "key": "c", "loaded_instances": []},
                    ]
                }
            ),
        },
        status="up",
        load={"slots": 8},
        card={"c": {"loaded": False}},
    ),
    Case(
        "llamacpp_router_mode",
        "ggml-org/llama.cpp tools/server README (router mode)",
        {
            **LLAMACPP,
            "/v1/models": ok(
                {
                    "object": "list",
                    "data": [
                        {"id": "a", "owned_by": "llamacpp", "status": {"value": "loaded"}},
                        {"id": "b", "owned_by": "llamacpp", "status": {"value": "unloaded"}},
                        {"id": "c", "owned_by": "llamacpp", "status": {"value": "loading"}},
                    ],
                }
            ),
            "/props": ok({"role": "router", "default_generation_settings": None}),
            "/slots": Reply(400, {"error": {"message": "model is required"}}),
        },
        status="up",
        models=["a", "b", "c"],
        card={"a": {"loaded": True}, "b": {"loaded": False}},
    ),
    Case(
        "litellm_budget",
        "docs.litellm.ai proxy/users",
        LITELLM,
        then={**LITELLM, "/v1/models": Reply(429, {"error": {"message": "Budget has been exceeded", "code": "429"}})},
        later=400,
        status=("degraded", "up"),
        mentions="budget",
    ),
)


@pytest.mark.parametrize("case", BY_NAME, ids=str)
def test_a_server_without_a_module_is_read_by_its_list(case: Case) -> None:
    judge(case)


@pytest.mark.parametrize("case", ENGINES_OWN, ids=str)
def test_models_are_shown_as_the_engine_has_them(case: Case) -> None:
    judge(case)
