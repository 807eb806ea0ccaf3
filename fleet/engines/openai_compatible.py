"""Any other server with OpenAI's list of models: https://platform.openai.com/docs/api-reference/models/list

Every probe    GET /v1/models    it lives, and its models

Asked last, when nobody else knows the server. The list may name an engine that shows nothing else of itself,
as behind a proxy that passes on /v1 only; a proxy could pass on such a name too, so that is weak proof.
"""

from .errors import BadAnswer
from .learning import Learned
from .lenient import LIST_BYTES, mapping
from .openai_models import PATH, is_list, learn_models
from .reading import Facts, Identity, Load
from .visit import Visit

NAME, LABEL, PORT = "openai_compatible", "OpenAI-compatible", None

_OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llamacpp"}


def identify(visit: Visit) -> Identity | None:
    """Never strong proof: it only says that the server speaks this API."""
    answer = visit.get(PATH, max_bytes=LIST_BYTES)
    try:
        found = mapping(answer.json()) if answer.status == 200 else {}
    except BadAnswer:
        return None
    if not is_list(found):
        return None
    owner = str(found["data"][0].get("owned_by")) if found["data"] else ""
    if owner in _OWNERS:
        return Identity(_OWNERS[owner], f"GET {PATH} lists a model owned_by {owner}.", strong=False)
    return Identity(NAME, f"GET {PATH} gives a list of models; nothing tells the engine.", strong=False)


def read(visit: Visit) -> tuple[Facts, Load]:
    """Raises Rejected when the key is not accepted. How hard it works cannot be seen."""
    learned = Learned(visit, NAME)
    learn_models(visit, learned, every=0)
    return learned.facts(), Load()
