"""Facts in the making: what is carried over, and what is not."""

from fleet.engines.http.client import Client
from fleet.engines.learning import Learned
from fleet.engines.reading import Facts, Model
from fleet.engines.reading_json import facts_from_json, to_json
from fleet.engines.visit import Visit
from tests.fake_engine import FakeEngine

from .ask import NOW, by_name, good


def learned(known: Facts, engine: str = "vllm", seconds: float = 0) -> Learned:
    return Learned(Visit(Client("http://127.0.0.1:9"), known, NOW + seconds), engine, ("models", "routes"))


def known() -> Facts:
    first = learned(Facts())
    first.version, first.models, first.memory["note"] = "1", (Model("a"),), 7
    for question, warning in (("models", "Too many."), ("routes", "Too open.")):
        first.warn(question, [warning])
        first.answered(question, 300)
    return first.facts()


def test_what_is_known_is_carried_over() -> None:
    assert learned(known(), seconds=30).facts() == known()


def test_what_is_known_survives_being_stored() -> None:
    assert learned(facts_from_json(to_json(known()))).facts() == known()


def test_a_question_is_due_when_its_answer_is_old() -> None:
    assert not learned(known(), seconds=299).due("models", 300)
    assert learned(known(), seconds=300).due("models", 300)


def test_a_new_warning_takes_back_the_earlier_one_about_the_same_only() -> None:
    again = learned(known(), seconds=300)
    again.warn("models", [])
    assert again.facts().warnings == ("Too open.",)
    assert learned(again.facts()).facts().warnings == ("Too open.",)


def test_a_question_that_is_not_asked_any_more_leaves_no_warning() -> None:
    before = known()
    before.memory["warnings"]["answers"] = ["Too odd."]
    before.memory["unanswered"] = {"answers": {"since": NOW, "at": NOW, "why": "HTTP 500", "step": "load"}}
    after = learned(before, seconds=30).facts()
    assert after.warnings == ("Too many.", "Too open.") and "unanswered" not in after.memory


def test_another_engine_starts_from_nothing() -> None:
    other = learned(known(), "ollama", seconds=30)
    assert other.due("models", 300)
    assert other.facts() == Facts(memory={"engine": "ollama"})


def test_two_engines_that_ask_the_same_question_do_not_share_its_answer() -> None:
    with FakeEngine("vllm") as vllm, FakeEngine("sglang") as sglang:
        reading = good(sglang, "sglang", good(vllm, "vllm"), 30)
    assert set(by_name(reading)) == {"qwen/qwen2.5-0.5b-instruct"}
