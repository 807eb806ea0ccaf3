"""Everything a recommendation says in words. Page, Markdown, JSON and command line all take it from here. Pure."""

from collections.abc import Mapping

from advisor.catalogue.values import Catalogue
from advisor.recommendation.values import Recommendation

_ENGINES = {
    "open": "open",
    "conflict": "neither engine",
    "split": "Ollama and vLLM side by side",
    "vllm": "vLLM",
    "ollama": "Ollama",
    "start_with_ollama": "Ollama, to begin with",
    "lm_studio_first": "Ollama, after a look at LM Studio",
}
_STRENGTHS = {
    "settled": "Settled: a hard limit decides before the two lists are weighed against each other.",
    "clear": "Clear: no single answer about the lists and no missing answer would lead to another engine.",
    "leaning": "Leaning: a few answers, or one that is still missing, could lead to another engine.",
    "open": "Open: more than half of the questions have no answer yet.",
}
NOTES: Mapping[str, str] = {
    "linux_host_first": "You need a Linux host first. None is named, and vLLM's GPU setup is documented for Linux.",
    "verify_responses_state": (
        "Verify that vLLM keeps the conversation state you need. The article says only that Ollama does not; about "
        "vLLM it is silent. Today vLLM has to be told to store responses, and loses them on restart."
    ),
    "old_machine": "On the Mac or PC that is too old, Ollama will not run until its system is updated.",
    "split_by_limit": (
        "The limit on Ollama holds for its part of the split as well. Whoever needs what Ollama lacks has to use "
        "the shared vLLM tier."
    ),
    "pain_decides": "The two lists do not decide. What hurts today does: you named serving many requests well.",
    "nothing_serving_yet": "Nothing yet makes this a serving problem, so the default for small beginnings holds.",
    "first_failure_mode": (
        "Be sure that you need a serving layer. Teams that choose vLLM because it sounds more serious spend their "
        "time on infrastructure they had no use for, and neither your load nor your pain asks for it yet."
    ),
    "second_failure_mode": (
        "Do not stay too long. Serving already hurts, and an internal API that outgrows a local runtime ends up "
        "feeling bolted together."
    ),
    "tpu_silent": "Check whether Ollama can use your accelerator. The article names TPUs only for vLLM.",
}
TRIGGERS: Mapping[str, str] = {
    "answers_known": "The questions that matter have answers.",
    "growth_arrives": "The growth you expect has a date.",
    "shared_endpoint": "Several applications or users begin to share one endpoint.",
    "calls_wait": "Calls begin to wait for each other.",
    "needs_scaling": "You need replicas, one model across GPUs, prefix caching, more nodes or control over scheduling.",
    "several_gpus": "A machine with several GPUs, or a second GPU server, joins.",
    "bolted_together": "The internal API begins to feel bolted together.",
    "nobody_shares": "The endpoint has only one caller after all.",
    "upkeep": "Looking after the server takes more time than it saves its callers.",
    "one_side_unused": "One of the two engines is hardly used.",
    "linux_allowed": "WSL or a Linux machine becomes possible.",
    "ollama_keeps_state": "Ollama's Responses API begins to keep state, or your clients stop relying on it.",
    "systems_updated": "The machines that are too old get a newer system.",
    "facts_move": "A fact that this result rests on changes.",
}
WAYS_OUT: Mapping[str, str] = {
    "allow_linux": "Allow WSL, or one Linux machine.",
    "keep_state_in_app": "Let the application send the whole conversation, so that the server need not remember it.",
    "update_system": "Bring the Macs and PCs that run the model to macOS 14 or Windows 10 22H2.",
    "linux_tier": "Keep the desktops on Ollama, and put only the shared tier on Linux.",
    "drop_shared_tier": "Drop the shared tier, and let everybody use a model on their own machine.",
    "linux_server": "Serve from a Linux server, and look after it as a serving layer.",
}
CONTRADICTIONS: Mapping[str, str] = {
    "many_calls_just_me": "You are the only caller, but many calls run at once.",
    "product_just_me": "This is a product, but you are the only caller.",
    "individual_many_callers": "One person is trying things out, but many callers share an endpoint.",
    "none_and_some": "You chose none of the mechanisms as well as some of them. The ones you named count.",
    "runtime_but_nodes": "You want a runtime on your own machines, but need more than one node.",
    "serving_pain_occasional": "Serving many requests hurts, but only one call runs now and then.",
    "apple_without_mac": "The model runs on Apple silicon, but no Mac is named.",
    "state_without_api": "The server must keep Responses state, but no OpenAI-style API is needed.",
    "tensor_one_gpu": "One model should span several GPUs, but no machine has more than one.",
}


def engine(outcome: str) -> str:
    """The engine of an outcome, as in "leads to vLLM"."""
    return _ENGINES[outcome]


def headline(outcome: str, catalogue: Catalogue) -> str:
    """The outcome as one sentence."""
    return next(entry.headline for entry in catalogue.outcomes if entry.id == outcome)


def strength(recommendation: Recommendation) -> str:
    """The strength word and what it means, as one sentence."""
    if recommendation.outcome == "conflict" and recommendation.strength == "settled":
        return "Settled: hard limits rule one engine out, and the other one cannot take its place."
    return _STRENGTHS[recommendation.strength]


def note(id: str) -> str:
    """A remark beside the outcome."""
    return NOTES[id]


def trigger(id: str) -> str:
    """A sign that it is time to look again."""
    return TRIGGERS[id]


def way_out(id: str) -> str:
    """What could be given up in a conflict; ids joined by "+" go together."""
    return " And: ".join(WAYS_OUT[part] for part in id.split("+"))


def contradiction(id: str) -> str:
    """Two answers that rarely go together."""
    return CONTRADICTIONS[id]


def holds(value: bool | None) -> str:
    """What an item of a list comes to."""
    return {True: "true", False: "not true", None: "not known"}[value]


def answer(question: str, value: str | tuple[str, ...], catalogue: Catalogue) -> str:
    """The chosen options of a question, in words."""
    chosen = (value,) if isinstance(value, str) else value
    options = next(entry.options for entry in catalogue.questions if entry.id == question)
    return ", ".join(option.text for option in options if option.id in chosen)


NOT_CONSIDERED: tuple[tuple[str, str], ...] = (
    ("Whether a model fits your memory", "The model's own page gives its size. Leave room for the context as well."),
    ("Speed and waiting time", "Measure on your hardware with your prompts. The endpoint pages here show both."),
    ("How many users an engine bears", "The article gives no number. Try it with your load before you promise one."),
    ("Cost", "Compare hardware, power and the hours somebody spends on it. The article leaves money out."),
    ("Security", "Ollama asks for no key, and vLLM's key guards only some routes. Put access control in front."),
    ("Model formats and licences", "Both are facts of the model you choose, so look at its page."),
    ("Skills in the team and support", "Ask who will look after it at night. No list here can answer that."),
)
"""What the article and this advisor leave out, and where to look instead."""
