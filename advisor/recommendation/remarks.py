"""What goes with a verdict, as ids: notes, reasons, what should make the team look again, and odd pairs of answers."""

from .effects import BIT, LINUX
from .judge import ENGINE, MOST, State, state
from .values import Answers, Verdict

_STRONGEST = {"ollama": ("O2", "O3", "O5", "O4", "O1"), "vllm": ("V3", "V4", "V2", "V5", "V1")}
"""The items in the order in which the article leans on them. O1 is last: it is true for nearly everybody."""


def notes(verdict: Verdict, answers: Answers, effect: int) -> tuple[str, ...]:
    """What the reader has to be told beside the outcome."""
    s = state(effect)
    engine = ENGINE[verdict.outcome]
    calm = answers.get("pain") != "serving" and answers.get("load") != "many"
    said = {
        "linux_host_first": engine in ("vllm", "both") and not LINUX & set(answers.get("machines", ())),
        "verify_responses_state": bool(effect & BIT["G2"]),
        "old_machine": bool(effect & BIT["G3"]),
        "split_by_limit": verdict.outcome == "split" and s.no_ollama,
        "pain_decides": verdict.outcome == "vllm" and _undecided(s),
        "nothing_serving_yet": verdict.outcome == "open" or (engine == "ollama" and _undecided(s)),
        "first_failure_mode": bool(engine) and bool(effect & BIT["V5"]) and calm,
        "second_failure_mode": engine == "ollama" and s.serving_hurts,
        "tpu_silent": engine in ("ollama", "both") and answers.get("accelerator") == "tpu",
    }
    return tuple(name for name, holds in said.items() if holds)


def _undecided(s: State) -> bool:
    """Neither limits nor lists decide, so the pain or the default does."""
    return not s.no_vllm and not s.no_ollama and (s.o >= MOST) == (s.v >= MOST)


def reasons(verdict: Verdict, effect: int) -> tuple[str, ...]:
    """At most three: the limits that apply, then the strongest items that hold for what came out."""
    if verdict.outcome == "open":
        return ()
    limits = [name for name in ("G1", "G2", "G3") if effect & BIT[name]] if verdict.outcome != "split" else []
    return tuple([*limits, *(item for item in _speaking(verdict, effect) if effect & BIT[item])][:3])


def _speaking(verdict: Verdict, effect: int) -> tuple[str, ...]:
    """The items to look at, strongest first. In a conflict they are what the engine that is left is too small for."""
    ollama, vllm = _STRONGEST["ollama"], _STRONGEST["vllm"]
    if verdict.outcome == "split":
        return tuple(item for pair in zip(vllm, ollama, strict=True) for item in pair)
    if verdict.outcome == "conflict":
        return vllm if effect & BIT["G1"] else ollama
    return _STRONGEST[ENGINE[verdict.outcome]]


def weights(effect: int) -> tuple[str, ...]:
    """For each list that reaches "most": how unequal its lines would have to weigh before it no longer does."""
    s = state(effect)
    return tuple(_range(name, count) for name, count in (("Ollama", s.o), ("vLLM", s.v)) if count >= MOST)


def _range(name: str, holding: int) -> str:
    others = 5 - holding
    if not others:
        return f"{name}: all 5 lines hold, so no weights could take its majority away."
    rest = "the other line" if others == 1 else f"the other {others} lines"
    return (
        f"{name}: {holding} of 5 lines hold. It would lose its majority only if {rest} mattered "
        f"more than {holding / others:g} times as much as each of these."
    )


def triggers(verdict: Verdict, answers: Answers, effect: int) -> tuple[str, ...]:
    """What should make the team look again, leaving out what is already so."""
    engine = ENGINE[verdict.outcome]
    said = {
        "answers_known": verdict.outcome == "open",
        "growth_arrives": engine == "ollama" and answers.get("growth") == "yes",
        "shared_endpoint": engine == "ollama" and answers.get("callers") not in ("many", "both"),
        "calls_wait": engine == "ollama" and answers.get("pain") != "serving",
        "needs_scaling": engine == "ollama" and not effect & BIT["V3"],
        "several_gpus": engine == "ollama" and answers.get("accelerator") != "multi_gpu",
        "bolted_together": engine == "ollama",
        "nobody_shares": engine == "vllm",
        "upkeep": engine in ("vllm", "both"),
        "one_side_unused": engine == "both",
        "linux_allowed": bool(effect & BIT["G1"]),
        "ollama_keeps_state": bool(effect & BIT["G2"]),
        "systems_updated": bool(effect & BIT["G3"]),
        "facts_move": True,
    }
    return tuple(name for name, holds in said.items() if holds)


def contradictions(answers: Answers) -> tuple[str, ...]:
    """Pairs of answers that rarely go together, so that a slip is noticed. They change nothing."""
    get = answers.get
    scaling = tuple(get("scaling", ()))
    machines = tuple(get("machines", ()))
    said = {
        "many_calls_just_me": get("callers") == "me" and get("load") == "many",
        "product_just_me": get("callers") == "me" and get("stage") == "product",
        "individual_many_callers": get("callers") in ("many", "both") and get("stage") == "individual",
        "none_and_some": "none" in scaling and len(scaling) > 1,
        "runtime_but_nodes": get("goal") == "runtime" and "multi_node" in scaling,
        "serving_pain_occasional": get("pain") == "serving" and get("load") == "occasional",
        "apple_without_mac": get("accelerator") == "apple" and bool(machines) and "mac" not in machines,
        "state_without_api": get("responses_state") == "required" and get("api") == "none",
        "tensor_one_gpu": get("accelerator") in ("cpu", "one_gpu") and "tensor_parallel" in scaling,
    }
    return tuple(name for name, holds in said.items() if holds)
