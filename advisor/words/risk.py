"""What a result costs if it turns out wrong, and how one notices. Pure."""

from advisor.recommendation.values import Recommendation

_OLLAMA = (
    "If more calls come at once than it works on, they wait for each other, which the load on the endpoint's page "
    "shows. Moving then means other model files, another address and a key for every client."
)
_COSTS = {
    "open": "Nothing is decided yet. Deciding now could mean moving later: other model files, another address.",
    "ollama": _OLLAMA,
    "start_with_ollama": _OLLAMA,
    "lm_studio_first": "It costs an hour: either one can be removed from a machine as easily as it came.",
    "vllm": (
        "If it is used less than planned, a server, its hardware and somebody's time stand idle, which the load on the "
        "endpoint's page shows. Moving back means other model files, and no key of the engine's own."
    ),
    "split": "Two engines have to be run instead of one. If one is hardly used, the load of its endpoint shows it.",
}
_NO_STATE = "If vLLM does not keep the state as your clients need it, calls fail or answers lack what was asked before."
_AGAINST_A_LIMIT = {
    "G1": "vLLM does not start on native Windows, which shows on the first day.",
    "G2": "Ollama ignores the fields for state without an error. It shows late, as answers lack what was asked before.",
    "G3": "Ollama does not run on a system this old, which shows on the first day.",
}


def if_wrong(r: Recommendation) -> str:
    """The price of following a result that does not fit, and the sign of it; in a conflict, of ignoring its limits."""
    if r.outcome == "conflict":
        return " ".join(_AGAINST_A_LIMIT[limit] for limit in r.limits)
    state = f"{_NO_STATE} " if r.outcome == "vllm" and "G2" in r.limits else ""
    return state + _COSTS[r.outcome]
