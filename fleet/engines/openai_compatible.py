"""Any other server with OpenAI's list of models: https://platform.openai.com/docs/api-reference/models/list

Asked last, when nobody else knows the server. The list may name an engine that shows nothing else of itself, as behind
a proxy that passes on /v1 only. A gateway passes on such a name, too, so it is shown as the product, and the server is
read by its list alone. Some mount the API at the root: GET /models (michaelfeil/infinity#298). How hard it works cannot
be seen.
"""

from .learning import Learned
from .lenient import LIST_BYTES, mappings, text
from .openai_models import PATH, ask, is_list, learn_models
from .questions import Question
from .reading import Identity
from .visit import Visit

NAME, LABEL, PORT = "openai_compatible", "OpenAI-compatible", None

PATHS = (PATH, "/models")
_OWNERS = {"vllm": "vLLM", "sglang": "SGLang", "llamacpp": "llama.cpp"}


def identify(visit: Visit) -> Identity | None:
    """Never strong proof: it only shows that the server speaks this API."""
    for path in PATHS:
        found = visit.maybe(path, max_bytes=LIST_BYTES)
        if is_list(found):
            owner = next((text(card.get("owned_by")) for card in mappings(found.get("data"))), None)
            told = f"a model owned_by {owner}" if owner in _OWNERS else "models; nothing shows the engine"
            return Identity(NAME, f"GET {path} lists {told}.", strong=False)
    return None


HEALTH = (f"GET {PATH} (or GET /models)",)


def check_health(visit: Visit, learned: Learned) -> None:
    """It lives when it lists its models. Raises Rejected when the key is not accepted."""
    path = learned.memory.get("path")
    if path not in PATHS:
        path = PATHS[1] if visit.get(PATH, max_bytes=LIST_BYTES).status == 404 else PATH
    answer = ask(visit, path)
    learned.memory["path"] = path
    learn_models(visit, learned, path)
    owner = next((text(card.get("owned_by")) for card in mappings(answer.get("data"))), None)
    learned.product = _OWNERS.get(owner or "")


QUESTIONS: tuple[Question, ...] = ()
