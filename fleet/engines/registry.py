"""The engines we know, in the order they are asked: the common ones and the cheap questions first.

GET / was asked before, and a visit asks nothing twice, so Ollama and llama.cpp cost one to three requests.
The last one recognises every server that has a list of models.
"""

from typing import Protocol, cast

from . import litellm, llamacpp, lmstudio, localai, ollama, openai_compatible, openwebui, sglang, tgi, vllm
from .reading import Facts, Identity, Load
from .visit import Visit


class Engine(Protocol):
    """What a module of this package offers; a module is an Engine by having these names."""

    @property
    def NAME(self) -> str:
        """How it is stored and filtered by: "vllm"."""

    @property
    def LABEL(self) -> str:
        """How people write it: "vLLM"."""

    @property
    def PORT(self) -> int | None:
        """The port it listens on by default."""

    def identify(self, visit: Visit) -> Identity | None:
        """Is it this engine? None when it is not; raises only what the transport raises."""

    def read(self, visit: Visit) -> tuple[Facts, Load]:
        """How it is and what it offers; raises ProbeErrors."""


_MODULES = (llamacpp, ollama, vllm, lmstudio, localai, sglang, tgi, litellm, openwebui, openai_compatible)

ENGINES: dict[str, Engine] = {module.NAME: cast(Engine, module) for module in _MODULES}

LISTENS_LATE = frozenset(module.NAME for module in _MODULES if getattr(module, "LISTENS_LATE", False))
"""The engines that refuse connections while they load."""


def label(name: str) -> str:
    """The engine as people write it; a name that is not known stays as it is."""
    return ENGINES[name].LABEL if name in ENGINES else name
