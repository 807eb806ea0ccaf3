"""Facts are named, and mail about moved ones is sent, only where the team has what they are about."""

import dataclasses

import pytest

from advisor.catalogue import load
from advisor.decisions import frozen_advice
from advisor.recommendation import facts_used, known, recommend
from advisor.recommendation.answers import as_plain
from advisor.result.compute import result
from tests.advisor.forms import case


def ids(answers):
    return {fact.id for fact in facts_used.relied_on(answers, recommend(answers, load()), load())}


def test_the_table_names_facts_and_answers_that_exist():
    options = {question.id: {option.id for option in question.options} for question in load().questions}
    assert set(facts_used.CONCERNS) <= {fact.id for fact in load().facts}
    assert all(wanted <= options[question] for question, wanted in facts_used.CONCERNS.values())


def test_a_windows_only_team_sees_nothing_about_other_systems_or_vllms_deployment():
    used = ids(case("GC-02"))
    assert {"vllm-no-native-windows", "ollama-windows-floor"} <= used
    assert not {"ollama-macos-floor", "ollama-linux-install", "ollama-linux-gpus"} & used
    assert not {"vllm-docker", "vllm-multi-node", "vllm-parallelism", "vllm-prefix-caching"} & used


@pytest.mark.parametrize(
    ("answers", "there", "absent"),
    [
        (case("GC-01"), "ollama-macos-floor", "ollama-windows-floor"),
        (case("GC-03"), "vllm-prefix-caching", "vllm-multi-node"),
        (case("GC-03"), "vllm-gpu-linux", "ollama-linux-install"),
        (case("GC-01", responses_state="required"), "ollama-responses-stateless", "ollama-windows-gpus"),
        (case("GC-06"), "ollama-macos-floor", "ollama-responses-stateless"),
        ({"responses_state": "required"}, "ollama-windows-floor", "ollama-linux-install"),
        ({}, "vllm-no-native-windows", "vllm-docker"),
    ],
)
def test_facts_follow_systems_engine_and_needs(answers, there, absent):
    assert there in ids(answers) and absent not in ids(answers)


def moved(id, answers, advice):
    facts = tuple(dataclasses.replace(f, now="Quite otherwise.") if f.id == id else f for f in load().facts)
    return frozen_advice.moved_facts(answers, advice, dataclasses.replace(load(), facts=facts))


def test_advice_of_the_first_method_reports_only_moved_facts_that_concern_the_team():
    answers = as_plain(known(case("GC-02")))
    advice = frozen_advice.freeze(result(known(case("GC-02"))))
    everything = [{**dataclasses.asdict(fact), "last_checked": ""} for fact in load().facts]
    older = {key: value for key, value in advice.items() if key != "method"} | {"facts": everything}
    assert [fact["id"] for fact in moved("ollama-windows-gpus", answers, older)] == ["ollama-windows-gpus"]
    assert [fact["id"] for fact in moved("vllm-no-native-windows", answers, older)] == ["vllm-no-native-windows"]
    for other in ("ollama-macos-floor", "vllm-docker", "vllm-multi-node", "ollama-linux-gpus"):
        assert moved(other, answers, older) == []


def test_facts_that_the_catalogue_dropped_are_reported_by_the_same_rule():
    answers = known(case("GC-02"))
    advice = frozen_advice.freeze(result(answers))
    advice["facts"] = [{**dataclasses.asdict(fact), "last_checked": ""} for fact in load().facts]
    rest = dataclasses.replace(
        load(), facts=tuple(f for f in load().facts if "windows-floor" not in f.id and "macos" not in f.id)
    )
    assert [fact["id"] for fact in frozen_advice.moved_facts(answers, advice, rest)] == ["ollama-windows-floor"]


def test_every_place_names_the_same_facts(client, db):
    answers = case("GC-02")
    data = client.get("/advisor/result.json", answers).json()
    assert {fact["id"] for fact in data["facts"]} == ids(answers)
    advice = frozen_advice.freeze(result(known(answers)))
    assert advice["facts"] == data["facts"]
    markdown = client.get("/advisor/result.md", answers).content.decode().split("## Facts used")[1].split("## ")[0]
    assert markdown.count("\n- ") == len(data["facts"])
