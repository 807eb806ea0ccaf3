"""The words of every place, read against the answers: nothing is printed that an answer contradicts."""

import random
import re
from dataclasses import replace
from datetime import date
from html import unescape
from itertools import chain, combinations, product

import pytest

from advisor import words
from advisor.catalogue import load
from advisor.recommendation import judge, known, recommend
from advisor.recommendation.answers import to_query
from advisor.recommendation.effects import BIT, total
from advisor.recommendation.values import ListItem, chosen
from advisor.result.as_markdown import as_markdown
from advisor.result.result import Result
from bench.advise import form
from tests.advisor import golden

SERVING = {
    "goal": {"serving", "both"}, "callers": {"many", "both"}, "stage": {"growing_api", "product"},
    "api": {"contract", "both"}, "load": {"many"}, "workflow": {"server_setup", "both"}, "pain": {"serving"},
    "scaling": {"data_parallel", "tensor_parallel", "prefix_cache", "multi_node", "scheduling"},
    "priority": {"architecture", "both"}, "machines": {"linux_server"}, "accelerator": {"multi_gpu", "tpu"},
}  # fmt: skip


def serving(a):
    return any(chosen(a, question) & options for question, options in SERVING.items())


def native(a):
    return chosen(a, "machines") == {"windows"} and a.get("linux_route") == "native_only"


def linux(a):
    return bool(chosen(a, "machines") & {"linux_pc", "linux_server"})


ONLY_IF = {
    r"serving is what hurts|what hurts is serving|[Ss]erving already hurts|that is serving": (
        lambda a: a.get("pain") == "serving"
    ),
    r"no serving pain is named": lambda a: a.get("pain") != "serving",
    r"Nothing yet makes this a serving problem": lambda a: not serving(a),
    r"The growth you expect": lambda a: a.get("growth") == "yes",
    r"neither your load nor your pain": lambda a: (
        a.get("load") in ("occasional", "some") and a.get("pain") != "serving"
    ),
    r"default for a small prototype": lambda a: a.get("stage") in ("individual", "prototype"),
    r"a Linux host first. None is named": (
        lambda a: a.get("machines") and not linux(a) and a.get("linux_route") != "possible"
    ),
    r"Set up WSL or the Linux machine first": lambda a: a.get("linux_route") == "possible",
    r"did not answer which machines": lambda a: not a.get("machines"),
    r"vLLM does not run on native Windows": native,
    r"[Oo]llama keeps no Responses state, |it keeps no Responses state|keeps previous_response_id": (
        lambda a: a.get("responses_state") == "required"
    ),
    r"systems this old|Mac or PC that is too old": lambda a: a.get("os_floor") == "not_met",
    r"One person with local tools": lambda a: a.get("callers") == "me" and a.get("front_ends") == "local_tools",
    r"Ollama on people's machines": lambda a: chosen(a, "machines") & {"mac", "windows", "linux_pc"},
    r"Several applications or users begin to share": lambda a: a.get("callers") not in ("many", "both"),
    r"Calls begin to wait": lambda a: a.get("pain") != "serving" and a.get("load") != "many",
    r"only one caller after all": lambda a: a.get("callers") != "me",
    r"[Nn]ot answered yet|answers? left that matter|missing answers? could": lambda a: len(a) < 16,
}
"""Sentence -> what has to be true of the answers wherever it is printed."""


PAIN_AND_GROWTH = [sentence for sentence in ONLY_IF if re.search("serving (pain|is what)|growth", sentence)]
ADVISED = {
    "ollama": r"([Uu]se|[Ss]tart with|so|tune) Ollama|Ollama fits|Set up Ollama",
    "vllm": r"[Uu]se vLLM|vLLM (may )?fits?|so vLLM|Set up vLLM",
}


def read(text, answers, advice):
    """Every way in which a page or Markdown contradicts its answers or itself."""
    for sentence, holds in ONLY_IF.items():
        if re.search(sentence, text) and not holds(answers):
            yield f"{sentence!r} is printed"
    removed = {"vllm"} if "G1" in advice.limits else set()
    removed |= {"ollama"} if {"G2", "G3"} & set(advice.limits) else set()
    for engine in removed:
        if advice.outcome not in ("conflict", "split") and re.search(ADVISED[engine], text):
            yield f"{engine} is ruled out and advised"
    if advice.outcome == "open" and any(re.search(pattern, text) for pattern in ADVISED.values()):
        yield "open advises an engine"
    if advice.outcome == "split" and removed and not re.search(r"once their systems|whoever needs no", text):
        yield "a split names a ruled out engine without its condition"
    if re.search(r"No set of up to three|No open answer can change|settles nothing", text) and re.search(
        r"could change|could still|can still|left that matter", text
    ):
        yield "both that nothing could change it, and that something could"


def texts(answers, catalogue):
    advice = recommend(answers, catalogue)
    summary = words.summary(advice)
    parts = [summary.headline, summary.meaning, summary.strength, summary.left, *summary.notes]
    parts += [words.TRIGGERS[id] for id in advice.triggers]
    parts += [] if advice.changes else [summary.no_changes]
    return advice, " ".join(parts)


def single_answers(catalogue):
    for question in catalogue.questions:
        for option in question.options:
            yield {question.id: (option.id,) if question.many else option.id}


def few_answers(catalogue):
    """No answer, each answer alone, and each pair; with what has to be answered first."""
    single = list(single_answers(catalogue))
    yield {}
    yield from single
    for one, other in combinations(single, 2):
        if not one.keys() & other.keys():
            yield {**one, **other}
    for machines in (("windows",), ("mac",), ("windows", "mac")):
        for one, other in combinations(single, 2):
            if {"linux_route", "os_floor"} & {*one, *other}:
                yield {"machines": machines, **one, **other}


def many_answers(catalogue, count):
    """Forms from nearly empty to full, the golden cases changed in one and two answers among them."""
    chance = random.Random(14)
    single = list(single_answers(catalogue))
    for name in golden.CASES:
        answers = golden.answers(name)
        yield from ({key: value for key, value in answers.items() if key != left} for left in answers)
        yield from ({**answers, **one} for one in single)
        for _ in range(count // 20):
            yield {**answers, **chance.choice(single), **chance.choice(single)}
    for _ in range(count):
        yield form(chance, catalogue, missing=chance.random())


def check(answers, catalogue):
    answers = known(answers)
    advice, text = texts(answers, catalogue)
    assert not list(read(text, answers, advice)), (answers, text)
    assert bool(advice.decisive) <= (advice.strength in ("open", "leaning")), answers
    assert set(advice.decisive) <= set(advice.matter) <= set(advice.unanswered)
    if advice.strength == "leaning":
        assert advice.decisive or advice.changes, answers
    assert (advice.action == "answer") == (advice.outcome == "open") == (advice.strength == "open")
    if advice.outcome == "open":
        assert advice.next_question in advice.matter and not advice.limits and not advice.changes
        ollama, vllm = advice.score
        assert bool(advice.reasons) == bool(ollama or vllm)
    return advice, text


def reduced():
    """A recommendation for every state that the rules distinguish, with and without open answers it hangs on."""
    base = recommend({}, load())
    marks = (("two",), ("serving",), ("growth",), ("runtime", "me", "tools"))
    subsets = [some for count in range(5) for some in combinations(marks, count)]
    limits = [some for count in range(4) for some in combinations(("G1", "G2", "G3"), count)]
    for o, v, limit, some in product(range(6), range(6), limits, subsets):
        held = {f"O{n}" for n in range(1, o + 1)} | {f"V{n}" for n in range(1, v + 1)}
        state = judge.state(total(BIT[name] for name in (*held, *limit, *chain.from_iterable(some))))
        name = judge.outcome(state)
        for strength, decisive in (("settled", ()), ("leaning", ("linux_route",)), ("leaning", base.decisive)):
            yield replace(
                base, outcome=name, strength=strength, limits=limit, decisive=decisive, matter=decisive,
                leads="ollama" if o > v else "vllm" if v > o else "",
                serving_hurts=("serving",) in some, grows=("growth",) in some,
                ollama=tuple(ListItem(f"O{n}", f"O{n}" in held) for n in range(1, 6)),
                vllm=tuple(ListItem(f"V{n}", f"V{n}" in held) for n in range(1, 6)),
            )  # fmt: skip


def test_in_every_reduced_state_the_headline_advises_no_engine_that_is_ruled_out():
    count = 0
    for advice in reduced():
        count += 1
        text = f"{words.headline(advice)} {words.meaning(advice)}"
        answers = {"pain": "serving"} if advice.serving_hurts else {}
        answers |= {"growth": "yes"} if advice.grows else {}
        found = [problem for problem in read(text, answers, advice) if "printed" not in problem]
        found += [f"{it} is printed" for it in PAIN_AND_GROWTH if re.search(it, text) and not ONLY_IF[it](answers)]
        assert not found, (advice, text)
        if advice.serving_hurts and advice.outcome in ("vllm", "start_with_ollama") and not advice.limits:
            assert "serving" in text
        if advice.outcome == "conflict":
            assert ("too small" in text) == (advice.limits == ("G1",))
    assert count == 3 * 36 * 8 * 16


def test_few_answers_are_never_contradicted():
    catalogue = load()
    forms = list(few_answers(catalogue))
    assert len(forms) > 1500
    outcomes = {check(answers, catalogue)[0].outcome for answers in forms}
    assert outcomes == {"open", "vllm", "ollama", "start_with_ollama", "conflict"}


def test_more_answers_are_never_contradicted_and_every_outcome_occurs():
    catalogue = load()
    checked = [check(answers, catalogue)[0] for answers in many_answers(catalogue, 600)]
    found = {(advice.outcome, advice.strength) for advice in checked}
    assert {outcome for outcome, _ in found} == {
        "open", "split", "conflict", "ollama", "start_with_ollama", "vllm", "lm_studio_first",
    }  # fmt: skip
    assert {strength for _, strength in found} == {"open", "leaning", "clear", "settled"}


def test_markdown_says_the_same_and_contradicts_nothing():
    catalogue = load()
    for answers in [*few_answers(catalogue)][::9] + [*many_answers(catalogue, 100)][::3]:
        answers = known(answers)
        advice = recommend(answers, catalogue)
        text = as_markdown(Result(answers, advice, catalogue, date(2026, 11, 28)))
        said = text.split("## What this does not consider")[0]
        assert words.headline(advice) in said and words.strength(advice) in said
        assert not list(read(said, answers, advice)), answers


@pytest.mark.django_db
def test_the_page_and_the_preview_say_the_same_and_contradict_nothing(client):
    catalogue = load()
    forms = [*few_answers(catalogue)][::61] + [*many_answers(catalogue, 40)][::17]
    for answers in map(known, forms):
        advice = recommend(answers, catalogue)
        summary = words.summary(advice)
        page = text_of(client.get(f"/advisor/result/?{to_query(answers)}"))
        preview = text_of(client.get(f"/advisor/preview/?{to_query(answers)}"))
        assert summary.headline in page and summary.headline in preview
        assert summary.meaning in page and summary.left in preview
        assert not list(read(page, answers, advice)), answers
        assert not list(read(preview, answers, advice)), answers
        if advice.outcome == "open":
            assert "Record a decision" not in page


def text_of(response):
    html = unescape(response.content.decode())
    main = html.partition("<main")[2].partition("</main>")[0] or html
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))
