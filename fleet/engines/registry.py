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


GATEWAYS = frozenset(module.NAME for module in _MODULES if getattr(module, "GATEWAY", False))
"""Those that pass requests on to other servers."""


def label(name: str, product: str | None = None) -> str:
    """The engine as people write it; a name that is not known stays as it is.

    Of a server without an engine module of its own `product` is its own name: "Lemonade (OpenAI-compatible)".
    """
    engine = ENGINES[name].LABEL if name in ENGINES else name
    return f"{product} ({engine})" if product else engine
