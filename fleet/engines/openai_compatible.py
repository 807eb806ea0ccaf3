"""Any other server with OpenAI's list of models: https://platform.openai.com/docs/api-reference/models/list

Asked last, when nobody else knows the server. The list may name an engine that shows nothing else of itself, as behind
a proxy that passes on /v1 only. A gateway passes on such a name, too, so it is shown as the product only (products.py),
and the server is read by its list alone. Some mount the API at the root: GET /models (michaelfeil/infinity#298). How
hard it works cannot be seen.
"""

from contextlib import suppress
from typing import Any

from . import products
from .errors import ProbeError
from .learning import Learned
from .lenient import LIST_BYTES, mappings, text
from .openai_models import PATH, ask, is_list, learn_models
from .questions import Question
from .reading import Identity
from .visit import Visit

NAME, LABEL, PORT = "openai_compatible", "OpenAI-compatible", None

PATHS = (PATH, "/models")
HOUR = 3600.0


def identify(visit: Visit) -> Identity | None:
    """Never strong proof: it only shows that the server speaks this API."""
    for path in PATHS:
        found = visit.maybe(path, max_bytes=LIST_BYTES)
        if is_list(found):
            owner = _owner(found)
            listed = (
                f"a model owned_by {owner}" if products.product(owner, {}, {}) else "models; nothing shows the engine"
            )
            return Identity(NAME, f"GET {path} lists {listed}.", strong=False)
    return None


def _owner(found: dict[str, Any]) -> str:
    return next((text(card.get("owned_by")) or "" for card in mappings(found.get("data"))), "")


HEALTH = (f"GET {PATH} (or GET /models)",)


def check_health(visit: Visit, learned: Learned) -> None:
    """It lives when it lists its models. Raises Rejected when the key is not accepted."""
    path = learned.memory.get("path")
    if path not in PATHS:
        path = PATHS[1] if visit.get(PATH, max_bytes=LIST_BYTES).status == 404 else PATH
    learned.memory["path"] = path
    learn_models(visit, learned, path)


def _learn_product(visit: Visit, learned: Learned) -> None:
    """The list of models was asked for in this probe already; a name is not worth a warning."""
    path = str(learned.memory["path"])
    owner, headers = _owner(ask(visit, path)), visit.get(path, max_bytes=LIST_BYTES).headers
    learned.product = products.product(owner, headers, {})
    answers: dict[str, str] = {}
    with suppress(ProbeError):
        for at in () if learned.product else products.worth_asking(owner, headers):
            answer = visit.get(at)
            answers |= {at: answer.text} if answer.status == 200 else {}
    learned.product = learned.product or products.product(owner, headers, answers)


QUESTIONS = (
    Question(
        "name",
        _learn_product,
        tuple(f"GET {path}" for path in products.PATHS),
        every=HOUR,
        cost="small pages; each only where the list of models and the header Server leave it open",
    ),
)
