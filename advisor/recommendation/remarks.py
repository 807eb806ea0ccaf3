"""What goes with a verdict, as ids: notes, reasons, what should make the team review it, and odd pairs of answers."""

from .effects import BIT, LINUX, PERSONAL
from .judge import ENGINE, MOST, state, undecided
from .values import Answers, Verdict, chosen

_STRONGEST = {"ollama": ("O2", "O3", "O5", "O4", "O1"), "vllm": ("V3", "V4", "V2", "V5", "V1")}
"""The items in the order in which the article leans on them. O1 is last: it is true for nearly everybody."""


_SERVING: dict[str, frozenset[str]] = {
    "goal": frozenset({"serving", "both"}),
    "callers": frozenset({"many", "both"}),
    "stage": frozenset({"growing_api", "product"}),
    "api": frozenset({"contract", "both"}),
    "load": frozenset({"many"}),
    "scaling": frozenset({"data_parallel", "tensor_parallel", "prefix_cache", "multi_node", "scheduling"}),
    "accelerator": frozenset({"multi_gpu", "tpu"}),
    "machines": frozenset({"linux_server"}),
    "workflow": frozenset({"server_setup", "both"}),
    "priority": frozenset({"architecture", "both"}),
    "pain": frozenset({"serving"}),
}
"""The answers that sound like serving, whether or not a line of a list counts them."""


def notes(verdict: Verdict, answers: Answers, effect: int) -> tuple[str, ...]:
    """What the reader should know beside the outcome. None of them may stand beside an answer that contradicts it."""
    s = state(effect)
    engine = ENGINE[verdict.outcome]
    machines = chosen(answers, "machines")
    no_linux = engine in ("vllm", "both") and not machines & LINUX
    route = answers.get("linux_route") == "possible"
    serving = any(chosen(answers, question) & options for question, options in _SERVING.items())
    small = answers.get("stage") in ("individual", "prototype")
    unasked = answers.get("pain") in ("none", "access") and answers.get("load") in ("occasional", "some")
    wished = bool(effect & BIT["V5"]) and not effect & (BIT["V3"] | BIT["V4"])
    said = {
        "linux_route_first": no_linux and route,
        "linux_host_first": no_linux and bool(machines) and not route,
        "linux_host_unknown": no_linux and not machines,
        "verify_responses_state": bool(effect & BIT["G2"]) and not s.no_vllm,
        "lm_studio_keeps_state": lm_studio_fits(answers, effect) and verdict.outcome != "open",
        "old_machine": bool(effect & BIT["G3"]),
        "split_by_limit": verdict.outcome == "split" and s.no_ollama,
        "pain_decides": verdict.outcome == "vllm" and undecided(s),
        "past_the_default": verdict.outcome == "vllm" and small and s.v >= MOST and not s.no_ollama,
        "nothing_serving_yet": engine == "ollama" and undecided(s) and not serving,
        "first_failure_mode": verdict.outcome == "vllm" and not s.no_ollama and wished and unasked,
        "second_failure_mode": engine == "ollama" and s.serving_hurts,
        "tpu_silent": engine in ("ollama", "both") and "tpu" in chosen(answers, "accelerator"),
    }
    return tuple(name for name, holds in said.items() if holds)


def lm_studio_fits(answers: Answers, effect: int) -> bool:
    """Whether LM Studio does for people what rules Ollama out: it keeps Responses state, on systems new enough."""
    s = state(effect)
    personal = bool(chosen(answers, "machines") & PERSONAL)
    return bool(effect & BIT["G2"]) and not effect & BIT["G3"] and personal and s.v < MOST


def reasons(verdict: Verdict, effect: int) -> tuple[str, ...]:
    """At most three: the limits that apply, then the strongest items that hold for what came out."""
    limits = [name for name in ("G1", "G2", "G3") if effect & BIT[name]] if verdict.outcome != "split" else []
    return tuple([*limits, *(item for item in _speaking(verdict, effect) if effect & BIT[item])][:3])


def _speaking(verdict: Verdict, effect: int) -> tuple[str, ...]:
    """The items that count as reasons, strongest first. In a conflict: those that the engine which is left misses."""
    ollama, vllm = _STRONGEST["ollama"], _STRONGEST["vllm"]
    if verdict.outcome in ("split", "open"):
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
    """What should make the team review it, leaving out what is already so."""
    engine = ENGINE[verdict.outcome]
    said = {
        "answers_known": verdict.outcome == "open",
        "growth_arrives": engine == "ollama" and answers.get("growth") == "yes",
        "shared_endpoint": engine == "ollama" and answers.get("callers") not in ("many", "both"),
        "calls_wait": engine == "ollama" and answers.get("pain") != "serving" and answers.get("load") != "many",
        "needs_scaling": engine == "ollama" and not effect & BIT["V3"],
        "several_gpus": engine == "ollama" and "multi_gpu" not in chosen(answers, "accelerator"),
        "bolted_together": engine == "ollama",
        "nobody_shares": engine == "vllm" and answers.get("callers") != "me",
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
    hardware = chosen(answers, "accelerator")
    said = {
        "many_calls_just_me": get("callers") == "me" and get("load") == "many",
        "product_just_me": get("callers") == "me" and get("stage") == "product",
        "individual_many_callers": get("callers") in ("many", "both") and get("stage") == "individual",
        "none_and_some": "none" in scaling and len(scaling) > 1,
        "runtime_but_nodes": get("goal") == "runtime" and "multi_node" in scaling,
        "serving_pain_occasional": get("pain") == "serving" and get("load") == "occasional",
        "apple_without_mac": "apple" in hardware and bool(machines) and "mac" not in machines,
        "state_without_api": get("responses_state") == "required" and get("api") == "none",
        "tensor_one_gpu": bool(hardware) and hardware <= {"cpu", "one_gpu"} and "tensor_parallel" in scaling,
    }
    return tuple(name for name, holds in said.items() if holds)
