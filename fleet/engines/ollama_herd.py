"""Ollama Herd, a gateway in front of several Ollamas: https://github.com/geeks-accelerator/ollama-herd

It speaks Ollama's API for all its nodes, but not by Ollama's rules: what it lists is the sum over the nodes. A node
whose Ollama is gone stays "online" until the node itself is.
"""

from .errors import BadAnswer, Cause, NotReady
from .learning import Learned
from .lenient import mapping, mappings, text, whole
from .questions import LIST_OF_MODELS, Question
from .reading import Backend, Identity, Load
from .visit import Visit

NAME, LABEL, PORT = "ollama_herd", "Ollama Herd", 11435
GATEWAY = True


def identify(visit: Visit) -> Identity | None:
    """Ollama's version, with one of its own."""
    version = text(visit.maybe("/api/version").get("herd_version"))
    return Identity(NAME, f"GET /api/version gives herd_version {version}.") if version else None


HEALTH = ("GET /api/version",)


def check_health(visit: Visit, learned: Learned) -> None:
    """Its version is its own; beside it stands that of the first Ollama it can reach."""
    learned.version = text(visit.json("/api/version").get("herd_version"))
    if learned.version is None:
        raise BadAnswer(Cause.WRONG_SHAPE, "GET /api/version: expected a herd_version.")
    learned.api = dict.fromkeys(("completions", "chat", "embeddings"), "yes")


def _learn_nodes(visit: Visit, learned: Learned) -> None:
    found = visit.json("/fleet/status")
    fleet = mapping(found.get("fleet"))
    if whole(fleet.get("nodes_total")) == 0:
        raise NotReady(Cause.NOTHING_BEHIND, "GET /fleet/status: it has no nodes.")
    learned.behind = tuple(
        Backend(
            name,
            healthy=status != "offline" if (status := text(node.get("status"))) else None,
            running=whole(mapping(node.get("ollama")).get("requests_active")),
        )
        for node in mappings(found.get("nodes"))
        if (name := text(node.get("node_id")))
    )
    learned.load = Load(running=whole(fleet.get("requests_active")))


QUESTIONS = (
    Question("nodes", _learn_nodes, ("GET /fleet/status",), step="load", decides=frozenset({Cause.NOTHING_BEHIND})),
    LIST_OF_MODELS,
)
