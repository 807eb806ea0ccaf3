"""The engines we know, in the order they are asked: the common ones and the cheap questions first.

GET / was asked before, and a visit asks nothing twice, so llama.cpp costs two requests and Ollama five. Gateways that
pass on what an engine shows of itself come before that engine. The last one recognises every server with a
list of models.
"""

from typing import cast

from . import (
    litellm,
    llamacpp,
    lmstudio,
    localai,
    olla,
    ollama,
    ollama_herd,
    openai_compatible,
    openwebui,
    portkey,
    production_stack,
    sglang,
    smg,
    tei,
    tgi,
    vllm,
    vllm_router,
)
from .products import GATEWAYS as GATEWAY_PRODUCTS
from .questions import Engine

_MODULES = (
    vllm_router,
    smg,
    olla,
    portkey,
    llamacpp,
    ollama_herd,
    ollama,
    production_stack,
    vllm,
    lmstudio,
    localai,
    sglang,
    tgi,
    tei,
    litellm,
    openwebui,
    openai_compatible,
)

ENGINES: dict[str, Engine] = {module.NAME: cast(Engine, module) for module in _MODULES}

LISTENS_LATE = frozenset(module.NAME for module in _MODULES if getattr(module, "LISTENS_LATE", False))
"""The engines that refuse connections while they load."""


METRICS: dict[str, dict[str, str]] = {
    module.NAME: {field: names[0] for field, names in getattr(module, "FIGURES", {}).items()} for module in _MODULES
}
"""For each engine the fields of a load that it shows as metrics, and their newest names."""

COUNTED: dict[str, frozenset[str]] = {
    module.NAME: frozenset((*module.COUNTERS.counts, *module.COUNTERS.histograms))
    for module in _MODULES
    if hasattr(module, "COUNTERS")
}
"""For the engines that count themselves, what of fleet.evidence.counts they count."""

GATEWAYS = frozenset(module.NAME for module in _MODULES if getattr(module, "GATEWAY", False))
"""Those that pass requests on to other servers."""


def label(name: str) -> str:
    """The engine as people write it; a name that is not known stays as it is."""
    return ENGINES[name].LABEL if name in ENGINES else name


def title(name: str, product: str | None) -> str:
    """The engine as people write it, with the server's own name where that is known: "OpenAI-compatible (Lemonade)"."""
    return f"{label(name)} ({product})" if product else label(name)


def is_gateway(name: str, product: str | None) -> bool:
    """Whether the server passes requests on to others, by its engine or by its own name."""
    return name in GATEWAYS or product in GATEWAY_PRODUCTS
