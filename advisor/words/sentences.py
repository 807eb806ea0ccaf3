"""The sentences of a result that do not depend on each other: notes, signs, ways out, answers. Pure."""

from collections.abc import Mapping

from advisor.catalogue.values import Limit, Question
from advisor.recommendation.values import Answers, Recommendation, chosen

ENGINES = {
    "open": "open",
    "conflict": "neither engine",
    "split": "Ollama and vLLM side by side",
    "vllm": "vLLM",
    "ollama": "Ollama",
    "start_with_ollama": "Ollama, to begin with",
    "lm_studio_first": "Ollama, once it is weighed against LM Studio",
}
"""The engine of an outcome, as in "leads to vLLM"."""

NOTES: Mapping[str, str] = {
    "linux_host_first": "You need a Linux host first. None is named, and vLLM's GPU setup is documented for Linux.",
    "linux_route_first": "Set up WSL or the Linux machine first. vLLM does not run on Windows itself.",
    "linux_host_unknown": "vLLM needs a Linux host, and you did not answer which machines there are.",
    "verify_responses_state": (
        "Verify that vLLM keeps the conversation state you need. The article says only that Ollama does not; about "
        "vLLM it is silent. Today vLLM keeps previous_response_id only where storing is switched on, and in memory, so "
        "a restart loses it. It ignores the field conversation."
    ),
    "lm_studio_keeps_state": (
        "On people's own machines LM Studio is another way: its Responses API keeps previous_response_id. Verify it "
        "with your client. The article does not compare it."
    ),
    "old_machine": "On the Mac or PC that is too old, Ollama will not run until its system is updated.",
    "split_by_limit": (
        "The limit on Ollama holds for its part of the split as well. Whoever needs what Ollama lacks has to use "
        "the shared vLLM tier."
    ),
    "pain_decides": "The two lists do not decide. What hurts today does, and that is serving.",
    "past_the_default": (
        "The article's default for a small prototype or one person is Ollama. Your other answers go past it."
    ),
    "nothing_serving_yet": "Nothing yet makes this a serving problem, so the default for small beginnings holds.",
    "first_failure_mode": (
        "Be sure that you need a serving layer. Teams that pick vLLM because it seems the more serious choice spend "
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
    "upkeep": "Maintaining the server takes more time than it saves its callers.",
    "one_side_unused": "One of the two engines is hardly used.",
    "linux_allowed": "WSL or a Linux machine becomes possible.",
    "ollama_keeps_state": "Ollama's Responses API begins to keep state, or your clients stop relying on it.",
    "systems_updated": "The machines that are too old get a newer system.",
    "facts_move": "A fact that this result rests on changes.",
}
WAYS_OUT: Mapping[str, str] = {
    "allow_linux": "Allow WSL, or one Linux machine.",
    "keep_state_in_app": "Let the application send the whole conversation, so that the server need not remember it.",
    "lm_studio": (
        "Use LM Studio on people's machines. Its Responses API keeps previous_response_id. Verify it with your client."
    ),
    "update_system": "Bring the Macs and PCs that run the model to macOS 14 or Windows 10 22H2.",
    "linux_tier": "Keep the desktops on Ollama, and put only the shared tier on Linux.",
    "drop_shared_tier": "Drop the shared tier, and let everybody use a model on their own machine.",
    "linux_server": "Serve from a Linux server, and run it as a serving layer.",
}
CONTRADICTIONS: Mapping[str, str] = {
    "many_calls_just_me": "You are the only caller, but many calls run at once. That is right for a batch job.",
    "product_just_me": "This is a product, but you are the only caller.",
    "individual_many_callers": "One person is trying things out, but many callers share an endpoint.",
    "none_and_some": "You chose none of the mechanisms as well as some of them. The ones you named count.",
    "runtime_but_nodes": "You want a runtime on your own machines, but need more than one node.",
    "serving_pain_occasional": "Serving many requests hurts, but calls run one at a time.",
    "apple_without_mac": "The model runs on Apple silicon, but no Mac is named.",
    "state_without_api": "The server must keep Responses state, but no OpenAI-style API is needed.",
    "tensor_one_gpu": "One model should span several GPUs, but no machine has more than one.",
}


def strength(r: Recommendation) -> str:
    """The strength word and what it means, as one sentence."""
    if r.outcome == "open":
        return f"Open: {r.answered} of {r.asked} questions have an answer, no limit applies and neither list decides."
    if r.strength == "settled":
        whose = "hard limits decide" if len(r.limits) > 1 else "a hard limit decides"
        before = " before the lists are weighed"
        if r.outcome == "conflict" and not {"G1"} < set(r.limits):
            whose, before = f"{'hard limits' if len(r.limits) > 1 else 'a hard limit'} and the lists collide", ""
        rest = ", and no missing answer can change that" if r.unanswered else before
        return f"Settled: {whose}{rest}."
    if r.strength == "clear":
        return "Clear: no single answer about the lists and no missing answer would lead to another engine."
    if r.decisive:
        count = len(r.decisive)
        return f"Leaning: {count} missing answer{'s' if count > 1 else ''} could still lead to another engine."
    return "Leaning: other answers to a few of the questions would lead to another engine."


def way_out(id: str) -> str:
    """What could be given up in a conflict; ids joined by "+" go together."""
    return " And: ".join(WAYS_OUT[part] for part in id.split("+"))


def limit_state(limit: Limit, r: Recommendation) -> tuple[str, str]:
    """Whether a limit applies ("applies", "does not apply", "not known"), and what that means."""
    if limit.id in r.limits:
        return "applies", limit.when_applies
    if limit.id in r.unknown_limits:
        return "not known", "Not answered yet."
    return "does not apply", limit.when_not


def answer(question: Question, answers: Answers) -> str:
    """The chosen options in words; empty for "don't know"."""
    ids = chosen(answers, question.id)
    return ", ".join(option.text for option in question.options if option.id in ids)


NOT_CONSIDERED: tuple[tuple[str, str], ...] = (
    (
        "Whether a model fits your memory",
        "The model's own page gives its size; leave room for the context. Check ollama ps or vLLM's start-up log.",
    ),
    (
        "Speed and waiting time",
        "Measure with your own prompts on your own machines. Endpoint pages here show both.",
    ),
    (
        "How many users an endpoint carries",
        "The article gives no number. Measure with your load before you promise it.",
    ),
    ("Cost", "Hardware, power and people's hours: your own figures. The article leaves money out."),
    (
        "Security and access",
        "Ollama asks for no key. vLLM's key guards /v1 and three more prefixes, while /invocations answers without it. "
        "Plan a proxy and a network for either.",
    ),
    ("Model formats and licences", "The page of each model, and each project's own pages."),
    ("Skills in the team and support", "Ask who is on call for it at night before you decide."),
)
"""What the article and this advisor leave out, and where to find it."""
