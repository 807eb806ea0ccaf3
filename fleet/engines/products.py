"""The names of servers that have no engine module and are read by their list of models alone. Pure.

Each shows its name somewhere: as the owner of its models, in the header Server, or in the answer to a cheap question of
its own. A name is for people; all that is decided by it is which models no canary asks (ON_DEMAND).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

OWNER, SERVER = "owned_by", "Server"


@dataclass(frozen=True, slots=True)
class Sign:
    """What gives a server away: every pattern has to be found in what it shows there."""

    name: str  # as its makers write it
    shows: Mapping[str, str]  # OWNER, SERVER or a path -> a regular expression, whatever the case
    source: str
    gateway: bool = False  # it passes requests on to other servers


SIGNS = (
    # More of these imitate others than the other way round, so what a server alone can show comes first.
    Sign("KoboldCpp", {SERVER: r"^ConcedoLlamaForKobold"}, "LostRuins/koboldcpp koboldcpp.py"),
    Sign("KoboldCpp", {"/api/extra/version": r'"result": ?"KoboldCpp"'}, "LostRuins/koboldcpp koboldcpp.py"),
    Sign("Lemonade", {"/v1/health": r'"all_models_loaded":'}, "lemonade-sdk/lemonade src/cpp/server/server.cpp"),
    Sign("NVIDIA NIM", {"/v1/metadata": r'"modelInfo":'}, "https://docs.nvidia.com/nim/large-language-models/"),
    Sign(
        "NVIDIA Dynamo",
        {"/health": r'"instances": ?\[', OWNER: r"^nvidia$"},
        "ai-dynamo/dynamo lib/llm/src/http/service/health.rs",
        gateway=True,
    ),
    # Shows no name: Python's own web server, models without an owner, and these words for its health.
    Sign(
        "MLX-LM",
        {SERVER: r"^BaseHTTP/", OWNER: r"^$", "/health": r'^\{"status": "(ok|unavailable)"\}$'},
        "ml-explore/mlx-lm mlx_lm/server.py",
    ),
    Sign("Lemonade", {OWNER: r"^lemonade$"}, "lemonade-sdk/lemonade"),
    Sign("KoboldCpp", {OWNER: r"^koboldcpp$"}, "LostRuins/koboldcpp koboldcpp.py"),
    Sign("LMDeploy", {OWNER: r"^lmdeploy$"}, "InternLM/lmdeploy lmdeploy/serve/openai/protocol.py"),
    Sign("TensorRT-LLM", {OWNER: r"^tensorrt_llm$"}, "NVIDIA/TensorRT-LLM tensorrt_llm/serve/openai_protocol.py"),
    Sign("TabbyAPI", {OWNER: r"^tabbyapi$"}, "theroyallab/tabbyAPI"),
    Sign("Docker Model Runner", {OWNER: r"^docker$"}, "docker/model-runner"),
    Sign("Infinity", {OWNER: r"^infinity$"}, "michaelfeil/infinity infinity_emb/fastapi_schemas/pymodels.py"),
    Sign("Xinference", {OWNER: r"^xinference"}, "xorbitsai/inference xinference/api/restful_api.py"),
    Sign("LM Studio", {OWNER: r"^organization_owner$"}, "https://lmstudio.ai/docs/developer/openai-compat"),
    Sign("Ollama", {OWNER: r"^library$"}, "ollama/ollama openai/openai.go"),
    Sign("vLLM", {OWNER: r"^vllm$"}, "vllm-project/vllm"),
    Sign("SGLang", {OWNER: r"^sglang$"}, "sgl-project/sglang"),
    Sign("llama.cpp", {OWNER: r"^llamacpp$"}, "ggml-org/llama.cpp"),
    Sign("llama-swap", {OWNER: r"^llama-swap$"}, "mostlygeek/llama-swap", gateway=True),
    Sign("GPUStack", {OWNER: r"^gpustack$"}, "gpustack/gpustack gpustack/routes/openai.py", gateway=True),
    Sign("Envoy AI Gateway", {OWNER: r"^envoy ai gateway$"}, "envoyproxy/ai-gateway", gateway=True),
)
"""In the order they are tried, as of November 2026."""

PATHS = tuple(dict.fromkeys(where for sign in SIGNS for where in sign.shows if where.startswith("/")))
"""All that some server may be asked for its name."""

GATEWAYS = frozenset(sign.name for sign in SIGNS if sign.gateway)

ON_DEMAND = frozenset({"Docker Model Runner", "Lemonade", "LM Studio", "MLX-LM", "Ollama", "llama-swap"})
"""Those that load a model which is asked for, and may push out another."""


def product(owned_by: str, headers: Mapping[str, str], answers: Mapping[str, str]) -> str | None:
    """The server's name by the owner of its first model ("" for none), its headers and what it answered to GET.

    `headers` is case-insensitive; `answers` are bodies by path, only those with HTTP 200.
    """
    shown = {**answers, OWNER: owned_by, SERVER: headers.get(SERVER, "")}
    return next((sign.name for sign in SIGNS if sign.shows.keys() <= shown.keys() and _fits(sign, shown)), None)


def worth_asking(owned_by: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The paths whose answers can still give a name. GET /health makes some servers work, so not everybody is asked."""
    shown = {OWNER: owned_by, SERVER: headers.get(SERVER, "")}
    open_signs = [sign for sign in SIGNS if _fits(sign, shown)]
    return tuple(path for path in PATHS if any(path in sign.shows for sign in open_signs))


def _fits(sign: Sign, shown: Mapping[str, str]) -> bool:
    """Whether nothing that is known so far speaks against it."""
    known = ((pattern, shown[at]) for at, pattern in sign.shows.items() if at in shown)
    return all(re.search(pattern, value, re.IGNORECASE) for pattern, value in known)
