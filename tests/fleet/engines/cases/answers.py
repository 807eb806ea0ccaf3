"""What servers answer when they are well, in short: names and figures are invented, forms are theirs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.hostile_server import Behaviour


class Reply(NamedTuple):
    """A dict or list is sent as JSON, text as plain text; `headers` come over these."""

    status: int = 200
    body: str | bytes | dict[str, Any] | list[Any] = b""
    headers: Mapping[str, str] = {}


Routes = Mapping[str, Reply | Behaviour]

HTML = {"Content-Type": "text/html; charset=utf-8"}
PROMETHEUS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
DAY = 86_400.0


def ok(body: Any = b"") -> Reply:
    """HTTP 200."""
    return Reply(200, body)


def page(title: str, status: int = 200, **headers: str) -> Reply:
    """A web page."""
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Reply(status, body, {**HTML, **headers})


def cards(*names: str, owner: str = "vllm", **more: Any) -> Reply:
    """OpenAI's list of models."""
    card = {"object": "model", "created": 1_760_000_000, "owned_by": owner, **more}
    return ok({"object": "list", "data": [{"id": name, **card} for name in names]})


def metrics(*lines: str) -> Reply:
    """Prometheus text."""
    return Reply(200, "\n".join(lines) + "\n", PROMETHEUS)


def without(routes: Routes, *paths: str) -> Routes:
    """`routes` without these."""
    return {path: reply for path, reply in routes.items() if path not in paths}


def gauges(running: int = 2, waiting: int = 0, engine: str = "0") -> list[str]:
    """vLLM's load for one of its engines."""
    labels = f'{{engine="{engine}",model_name="m"}}'
    return [f"vllm:num_requests_running{labels} {running}.0", f"vllm:num_requests_waiting{labels} {waiting}.0"]


VLLM_METRICS = metrics(
    "# TYPE vllm:num_requests_running gauge",
    *gauges(),
    'vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25',
    'vllm:generation_tokens_total{engine="0",model_name="m"} 1234.0',
    'vllm:prompt_tokens_total{engine="0",model_name="m"} 4321.0',
    "process_start_time_seconds 1.79e+09",
)
VLLM: Routes = {
    "/health": ok(),
    "/version": ok({"version": "0.30.1"}),
    "/v1/models": cards("m", root="/models/m", parent=None, max_model_len=8192),
    "/metrics": VLLM_METRICS,
    "/openapi.json": ok({"paths": {"/v1/chat/completions": {}, "/v1/completions": {}, "/v1/models": {}}}),
}

OLLAMA_MODEL: dict[str, Any] = {
    "name": "qwen3:8b",
    "model": "qwen3:8b",
    "modified_at": "2026-10-01T10:00:00.123456789+02:00",
    "size": 5_225_388_164,
    "digest": "a" * 64,
    "details": {"format": "gguf", "family": "qwen3", "parameter_size": "8.2B", "quantization_level": "Q4_K_M"},
    "capabilities": ["completion", "tools"],
}
OLLAMA_LOADED = {**OLLAMA_MODEL, "size_vram": 6e9, "context_length": 4096, "expires_at": "2318-01-01T00:00:00Z"}
OLLAMA: Routes = {
    "/": ok("Ollama is running"),
    "/api/version": ok({"version": "0.33.2"}),
    "/api/tags": ok({"models": [OLLAMA_MODEL]}),
    "/api/ps": ok({"models": [OLLAMA_LOADED]}),
    "/v1/models": cards("qwen3:8b", owner="library"),
    "*": Reply(404, "404 page not found"),
}

LLAMACPP_HEADER = {"Server": "llama.cpp"}
LLAMACPP_PROPS = {"default_generation_settings": {"n_ctx": 8192}, "total_slots": 4, "build_info": "b7000-abc"}
_NO_METRICS = "This server does not support metrics endpoint. Start it with `--metrics`"
LLAMACPP_PLAIN: Routes = {
    "/": page("llama.cpp"),
    "/health": ok({"status": "ok"}),
    "/v1/models": cards("tiny.gguf", owner="llamacpp", meta={"n_ctx_train": 32768, "size": 4_900_000_000}),
    "/props": ok(LLAMACPP_PROPS),
    "/slots": ok([{"id": n, "is_processing": n == 0} for n in range(4)]),
    "/metrics": Reply(501, {"error": {"code": 501, "message": _NO_METRICS, "type": "not_supported_error"}}),
    "*": Reply(404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}),
}
"""llama.cpp as behind a proxy that puts its own Server header."""

LLAMACPP: Routes = {
    path: reply._replace(headers={**reply.headers, **LLAMACPP_HEADER}) if isinstance(reply, Reply) else reply
    for path, reply in LLAMACPP_PLAIN.items()
}

SGLANG_INFO = {
    "model_path": "/m",
    "tp_size": 2,
    "version": "0.5.10",
    "max_running_requests": 64,
    "internal_states": [{}],
}
SGLANG: Routes = {
    "/health": ok(),
    "/server_info": ok(SGLANG_INFO),
    "/get_server_info": ok(SGLANG_INFO),
    "/v1/models": cards("m", owner="sglang", root="m", max_model_len=131_072),
    "/metrics": metrics('sglang:num_running_reqs{model_name="m"} 1.0', 'sglang:num_queue_reqs{model_name="m"} 0.0'),
}

TGI: Routes = {
    "/": ok(),
    "/info": ok(
        {
            "router": "text-generation-router",
            "model_id": "m",
            "version": "3.3.0",
            "max_total_tokens": 4096,
            "max_concurrent_requests": 128,
        }
    ),
    "/health": ok(),
    "/metrics": metrics("tgi_queue_size 0", "tgi_batch_current_size 1"),
}

LMSTUDIO_NO = ok({"error": "Unexpected endpoint or method. (GET /)"})
LMSTUDIO_LLM = {
    "type": "llm",
    "key": "qwen/qwen3-8b",
    "loaded_instances": [{"id": "qwen/qwen3-8b", "config": {"context_length": 8192, "parallel": 4}}],
    "max_context_length": 40960,
}
LMSTUDIO: Routes = {
    "/lmstudio-greeting": ok({"lmstudio": True}),
    "/api/v1/models": ok({"models": [LMSTUDIO_LLM]}),
    "*": LMSTUDIO_NO,
}

LOCALAI: Routes = {
    "/": page("LocalAI"),
    "/readyz": ok("OK"),
    "/healthz": ok("OK"),
    "/.well-known/localai.json": ok({"version": "v4.2.0", "endpoints": {"chat_completions": "/v1/chat/completions"}}),
    "/v1/models": cards("gpt-4", owner=""),
    "/version": ok({"version": "v4.2.0"}),
    "*": Reply(404, {"error": {"code": 404, "message": "Not Found", "type": ""}}),
}

LITELLM: Routes = {
    "/": page("LiteLLM API - Swagger UI"),
    "/health/liveliness": ok('"I\'m alive!"'),
    "/health/readiness": ok({"status": "healthy", "db": "connected"}),
    "/v1/models": cards("claude", "gpt-4o", owner="openai"),
}

OPEN_WEBUI: Routes = {
    "/health": ok({"status": True}),
    "/api/config": ok({"status": True, "name": "Open WebUI", "version": "0.12.4", "features": {"auth": True}}),
    "/api/version": ok({"version": "0.12.4", "deployment_id": ""}),
    "/api/models": cards("llama3"),
    "*": page("Open WebUI"),
}

ENGINES: dict[str, Routes] = {
    "vllm": VLLM,
    "ollama": OLLAMA,
    "llamacpp": LLAMACPP,
    "sglang": SGLANG,
    "tgi": TGI,
    "lmstudio": LMSTUDIO,
    "localai": LOCALAI,
    "litellm": LITELLM,
    "open_webui": OPEN_WEBUI,
}
MODELS = {
    "vllm": ["m"],
    "ollama": ["qwen3:8b"],
    "llamacpp": ["tiny.gguf"],
    "sglang": ["m"],
    "tgi": ["m"],
    "lmstudio": ["qwen/qwen3-8b"],
    "localai": ["gpt-4"],
    "litellm": ["claude", "gpt-4o"],
    "open_webui": ["llama3"],
}
"""What each of ENGINES offers."""

SIDE: dict[str, tuple[Routes, tuple[str, ...]]] = {
    "vllm": (VLLM, ("/metrics", "/v1/models", "/version", "/openapi.json")),
    "ollama": (OLLAMA, ("/", "/api/tags", "/api/ps")),
    "llamacpp": (LLAMACPP, ("/", "/v1/models", "/props", "/slots", "/metrics")),
    "sglang": (SGLANG, ("/metrics", "/v1/models", "/server_info", "/get_server_info")),
    "tgi": (TGI, ("/metrics", "/info")),
    "localai": (LOCALAI, ("/v1/models", "/.well-known/localai.json")),
    "litellm": (LITELLM, ("/v1/models",)),
    "open_webui": (OPEN_WEBUI, ("/api/models", "/api/config")),
}
"""What is asked beside the question whether the engine lives. LM Studio has its list of models for that."""
