"""A result in one or two sentences, and what it means. No sentence may contradict an answer. Pure."""

from collections.abc import Sequence

from advisor.recommendation.judge import MOST
from advisor.recommendation.possible import LIMITING
from advisor.recommendation.values import Recommendation

_QUESTIONS = {
    "goal": "what you want to end up with",
    "callers": "who calls it",
    "stage": "how far along it is",
    "growth": "growth",
    "front_ends": "what people use it through",
    "machines": "the machines",
    "linux_route": "whether WSL or Linux is possible",
    "os_floor": "whether the systems are new enough",
    "accelerator": "the hardware",
    "api": "what depends on the API",
    "responses_state": "whether the server must keep state",
    "load": "how many calls run at once",
    "scaling": "which scaling you need",
    "workflow": "how it is set up",
    "priority": "quick start or planned deployment",
    "pain": "what hurts",
}
"""Each question in a few words, as in "not answered yet: ..."."""
_UNLESS = {
    "linux_route": "neither WSL nor a Linux machine is possible",
    "responses_state": "the server must keep Responses state",
    "os_floor": "the systems are too old for Ollama",
}
NAMED = 5
"""Open questions that a sentence names at most."""


def headline(r: Recommendation) -> str:
    """The result: what it is, why where a limit or the pain decides, and which open answers it hangs on."""
    if r.outcome == "open":
        return _open(r)
    claim = _CLAIMS[r.outcome](r)
    hanging = [question for question in r.decisive if question in LIMITING]
    if not r.decisive:
        return f"{claim}."
    if list(r.decisive) == hanging[:1]:
        return f"{claim}, unless {_UNLESS[hanging[0]]}: that is not answered yet."
    if "G1" in r.limits and r.outcome != "conflict":
        shared = ["many need one server"] if len(r.decisive) > len(hanging) else []
        unless = [*shared, *(_UNLESS[question] for question in hanging)]
        return f"{claim}, unless {', or '.join(unless)}: that is not answered yet."
    if len(r.decisive) > NAMED and not hanging:
        return f"{claim}. {len(r.decisive)} open answers can still change the engine."
    return f"{claim}. Not answered yet, and able to change it: {_named(r.decisive, hanging)}."


def meaning(r: Recommendation) -> str:
    """What the headline rests on, in one or two sentences."""
    return _MEANINGS[r.outcome](r)


def _named(ids: Sequence[str], first: Sequence[str]) -> str:
    """Open questions in few words. Where they are too many only those of `first` are named, and the rest counted."""
    names = [_QUESTIONS[id] for id in (ids if len(ids) <= NAMED else first)]
    more = len(ids) - len(names)
    last = f"{more} more" if more else names.pop()
    return f"{', '.join(names)} and {last}" if names else last


def ruled_out(r: Recommendation) -> str:
    """Why engines are ruled out, as a list of clauses; empty without limits."""
    why = {
        "G1": "vLLM does not run on native Windows",
        "G2": "Ollama keeps no Responses state",
        "G3": "Ollama does not run on systems this old",
    }
    clauses = [why[limit] for limit in r.limits]
    return f"{', '.join(clauses[:-1])} and {clauses[-1]}" if len(clauses) > 1 else "".join(clauses)


def _open(r: Recommendation) -> str:
    start = f"Not enough answers yet ({r.answered} of {r.asked})"
    ollama, vllm = r.score
    score = {"ollama": f"Ollama ({ollama} : {vllm})", "vllm": f"vLLM ({vllm} : {ollama})"}.get(r.leads, "")
    if r.serving_hurts and r.leads == "vllm":
        return f"{start}. So far they point to {score}, and serving is what hurts, which speaks for vLLM too."
    if r.serving_hurts and score:
        return f"{start}. So far the lists point to {score}, but serving is what hurts, which speaks for vLLM."
    if r.serving_hurts:
        return f"{start}. Serving is what hurts, which speaks for vLLM."
    if score:
        return f"{start}. So far they point to {score}."
    return f"{start}." if not vllm else f"{start}. So far they speak for both alike ({ollama} : {vllm})."


def _vllm(r: Recommendation) -> str:
    ollama, vllm = r.score
    if r.limits:
        fits = "use vLLM" if vllm >= MOST and r.strength != "leaning" else "vLLM may fit"
        host = ", on a Linux machine" if "G3" in r.limits else ""
        verify = ". Verify that it keeps the state you need" if "G2" in r.limits else ""
        return f"Ollama is ruled out: {ruled_out(r).replace('Ollama', 'it')}, so {fits}{host}{verify}"
    if vllm >= MOST > ollama:
        return "Use vLLM" if r.strength != "leaning" else f"vLLM fits best ({vllm} of 5 lines for it hold)"
    lists = "Both lists hold" if vllm >= MOST else "Neither list decides"
    return f"{lists}, and what hurts is serving, so vLLM"


def _start_with_ollama(r: Recommendation) -> str:
    ollama, vllm = r.score
    if r.limits:
        if r.serving_hurts:
            return f"{ruled_out(r)}, and serving already hurts, so tune Ollama first and ask for a way to Linux"
        return f"{ruled_out(r)}, so start with Ollama and {_REVIEW}"
    if ollama >= MOST > vllm and r.serving_hurts:
        return "Ollama fits most of what you say, but what hurts is serving: tune Ollama first, then move to vLLM"
    if ollama >= MOST > vllm:
        return f"Start with Ollama, and {_REVIEW}"
    if ollama >= MOST:
        return f"Both lists hold and no serving pain is named, so start with Ollama and {_REVIEW}"
    but = f", although more lines hold for vLLM ({vllm} : {ollama})" if vllm > ollama else ""
    return f"Neither list decides, so start with Ollama by default and {_REVIEW}{but}"


def _ollama(r: Recommendation) -> str:
    if r.limits:
        return f"{ruled_out(r)}, so {'Ollama' if r.decisive else 'use Ollama'}"
    return "Use Ollama" if r.strength != "leaning" else f"Ollama fits best ({r.score[0]} of 5 lines for it hold)"


def _split(r: Recommendation) -> str:
    local = "on people's machines" if any(item.id == "O1" and item.holds for item in r.ollama) else "for local use"
    both = f"Use both, with vLLM for the shared tier and Ollama {local}"
    updated = " once their systems are updated" if "G3" in r.limits else ""
    stateless = " for whoever needs no Responses state" if "G2" in r.limits else ""
    return f"{both}{stateless}{updated}"


def _conflict(r: Recommendation) -> str:
    if _both_out(r):
        give = "One of the two has to give" if len(r.limits) == 2 else "At least one of these has to give"
        return f"Neither engine fits: {ruled_out(r)}. {give}"
    misfit = "Ollama is too small for what you need"
    if "G1" not in r.limits:
        misfit = "vLLM is more than the rest of your answers ask for"
    return f"Neither engine fits: {ruled_out(r)}, and {misfit}. One requirement has to give"


def _both_out(r: Recommendation) -> bool:
    return "G1" in r.limits and len(r.limits) > 1


def _means_conflict(r: Recommendation) -> str:
    ollama, vllm = r.score
    ours = "That these rules can collide is our inference; the article does not say it."
    if _both_out(r):
        return f"Each engine is ruled out by a limit of its own, whatever the lists say. {ours}"
    if "G1" in r.limits:
        return f"By the platform alone the article settles on Ollama, but {vllm} of vLLM's 5 lines hold. {ours}"
    return f"Without the limit the lists point to Ollama ({ollama} : {vllm}). {ours}"


def _means_open(r: Recommendation) -> str:
    first = f"Best answered next: {_QUESTIONS[r.next_question]}. " if r.next_question else ""
    rest = f"{first}{len(r.decisive)} open answers can still decide the engine."
    if r.serving_hurts or r.score[1]:
        return f"No limit applies, and neither list reaches three of five. {rest}"
    return f"{rest} The article's default for small beginnings is Ollama; a default is no advice."


def _means_vllm(r: Recommendation) -> str:
    if r.limits and r.score[1] >= MOST:
        return "A limit rules Ollama out, and the list for vLLM says the same."
    if r.limits:
        return "A limit decides before the lists are weighed. The list for vLLM does not reach three of five by itself."
    if r.score[1] >= MOST > r.score[0]:
        return "Most lines of vLLM's list hold, and not most of Ollama's. A serving layer is what vLLM is built to be."
    return "Where the lists do not decide, the article lets the current pain draw the line."


def _means_start(r: Recommendation) -> str:
    if r.limits:
        return "The platform decides before the lists are weighed. A way to Linux would open the question again."
    if r.serving_hurts:
        return (
            "The lists point to Ollama, while the article draws the line by the pain, and yours is past it. Try "
            "Ollama's settings for parallel requests, measure, and plan the move to vLLM."
        )
    if not r.score[0] >= MOST > r.score[1]:
        return "The article's default holds until serving hurts. The choice needs a date and signs to watch for."
    cause = "The growth you expect" if r.grows else "What already speaks for vLLM"
    return f"Ollama is the smaller step. {cause} may turn this into a serving problem, so set a date for a review."


def _means_ollama(r: Recommendation) -> str:
    if r.limits:
        return "The platform decides before the lists are weighed. The article treats that as nearly settled."
    none = "" if r.score[1] else f" None of vLLM's {'is known to hold' if r.unanswered else 'holds'}."
    return f"Most lines of its list hold: a runtime close to the people who use it.{none}"


_REVIEW = "review the choice on a set date"
_CLAIMS = {
    "split": _split,
    "conflict": _conflict,
    "ollama": _ollama,
    "start_with_ollama": _start_with_ollama,
    "vllm": _vllm,
    "lm_studio_first": lambda r: "First choose between Ollama and LM Studio, because vLLM is not your question yet",
}
_MEANINGS = {
    "open": _means_open,
    "conflict": _means_conflict,
    "ollama": _means_ollama,
    "start_with_ollama": _means_start,
    "vllm": _means_vllm,
    "split": lambda r: (
        "Two groups need different things, and each list is mostly true for one of them. The article never advises "
        "both together, so this is our inference from its two lists."
    ),
    "lm_studio_first": lambda r: (
        "One person with local tools on their own machine has an earlier choice to make. Of the two engines compared "
        "here, Ollama is the one that fits."
    ),
}
