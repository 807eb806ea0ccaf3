"""Canaries neither load a model again nor keep one in memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet import endpoints
from fleet.engines.reading import Canary, Facts, Failure, Load, Model, Reading
from fleet.models import Endpoint, EndpointState
from fleet.probing import canaries
from fleet.verdict import canary_due as due_rules
from fleet.verdict.canary import learned
from fleet.verdict.canary_due import every, unused
from fleet.verdict.canary_memory import CanaryMemory
from tests.fake_engine import FakeEngine
from tests.fleet.watching import asked, canary_due, probed, watched

NOW = 1.8e9


def at(seconds: float) -> str:
    """An expires_at so many seconds from now."""
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat().replace("+00:00", "Z")


def reading(*models: Model, busy: bool = False, canary: Canary | None = None) -> Reading:
    return Reading(NOW, facts=Facts("0.9.3", models), load=Load(busy=busy), canary=canary)


def left(**by_model: str) -> CanaryMemory:
    return CanaryMemory(left=by_model)


def model(seconds: float, name: str = "m") -> Model:
    return Model(name, loaded=True, expires_at=at(seconds))


LEFT = left(m=at(200))


def test_a_model_that_nobody_else_has_used_since_its_canary_is_unused():
    assert unused(model(200), reading(model(200)), LEFT)
    assert not unused(model(290), reading(model(290)), LEFT)
    assert not unused(model(200), reading(model(200)), CanaryMemory())
    assert unused(model(500), reading(model(500)), left(m="")), "no probe has seen yet how it was left"


def test_one_that_is_never_unloaded_may_be_asked():
    for_ever = replace(model(0), expires_at="2319-03-10T11:05:43.184277326Z")
    assert not unused(for_ever, reading(for_ever), left(m=for_ever.expires_at))
    unknown = replace(model(0), expires_at="0001-01-01T00:00:00Z")
    assert not unused(unknown, reading(unknown), left(m=unknown.expires_at))


def test_one_that_is_at_work_may_be_asked_and_one_beside_it_not():
    idle, working = model(200), model(-50, "w")
    last = left(m=at(200), w=at(-50))
    seen = reading(idle, working, busy=True)
    assert unused(idle, seen, last)
    assert not unused(working, seen, last)


def test_what_a_canary_left_is_known_from_the_next_good_probe():
    new = CanaryMemory()
    sent = learned(new, "ollama", reading(model(100), canary=Canary("m", 5.0, 1)), ["m"])
    assert sent == left(m="")
    failed = replace(reading(model(100)), failure=Failure("timed_out", "load"))
    assert learned(sent, "ollama", failed, ["m"]) == sent
    assert learned(sent, "ollama", reading(model(300)), ["m"]) == left(m=at(300))
    assert learned(left(m=at(300)), "ollama", reading(model(700)), ["m"]) == left(m=at(300))
    assert learned(left(m=at(300)), "ollama", reading(), ["m"]) == new, "it was unloaded"
    assert learned(new, "ollama", reading(model(100), canary=Canary("m", skipped="x")), ["m"]) == new
    assert learned(new, "vllm", reading(canary=Canary("m", 5.0, 1)), ["m"]) == new


def test_a_canary_that_loaded_a_model_again_ends_them_for_this_version_and_these_models():
    loaded = reading(model(100), canary=Canary("m", 900.0, 1, loaded=True))
    last = learned(CanaryMemory(), "ollama", loaded, ["m", "n"])
    assert last.has_ended("0.9.3", ["m", "n"]) == "m"
    assert (
        last.has_ended("0.9.7", ["m", "n"])
        == last.has_ended("0.9.3", ["m"])
        == CanaryMemory().has_ended(None, ["m"])
        == ""
    )
    assert learned(last, "ollama", reading(model(50)), ["m", "n"]).has_ended("0.9.3", ["m", "n"]) == "m"
    assert not learned(last, "ollama", reading(model(50)), ["m"]).ended
    assert not learned(CanaryMemory(ok=False), "ollama", loaded, ["m"]).ended, "a process that hung was replaced"


@pytest.mark.parametrize(
    ("engine", "sleeps", "seconds"),
    [("lmstudio", False, 7200), ("llamacpp", False, 600), ("llamacpp", True, 7200), ("ollama", False, 600)],
)
def test_where_nothing_shows_the_use_of_models_that_are_unloaded_a_canary_is_rare(engine, sleeps, seconds):
    last = CanaryMemory(sleeps=sleeps)
    assert every(600, engine, last) == seconds
    assert every(86_400, engine, last) == 86_400


def test_a_llamacpp_that_was_seen_asleep_is_remembered_as_one_that_sleeps():
    asleep, new = Reading(NOW, load=Load(sleep_state="asleep")), CanaryMemory()
    assert learned(new, "llamacpp", asleep, ["m"]) == CanaryMemory(sleeps=True)
    assert learned(CanaryMemory(sleeps=True), "llamacpp", Reading(NOW), ["m"]).sleeps
    assert not learned(new, "vllm", replace(asleep, load=Load(sleep_state="weights_offloaded")), ["m"]).sleeps


@pytest.mark.django_db
class TestOllama:
    def in_memory(self, engine: FakeEngine, seconds: float = 300, size: int = 46_187_520) -> None:
        """The model is in memory until so many seconds from now, whoever asks."""
        expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        engine.expires_in = None
        engine.put("GET /api/ps", {"models": [{"name": "tiny:latest", "size": size, "expires_at": expires_at}]})

    def test_it_is_not_kept_in_memory_by_one_canary_after_the_other(self, team):
        with FakeEngine("ollama", "loaded") as engine:
            self.in_memory(engine)
            gpu = watched(team, engine)
            probed(gpu)
            self.in_memory(engine, 310)  # moved by the canary
            probed(gpu)
            for _ in range(3):
                canary_due(gpu)
                state = probed(gpu)
            assert (len(asked(engine)), state.canary["why"]) == (1, due_rules.UNUSED)
            self.in_memory(engine, 600)  # used by somebody else
            probed(gpu)
            canary_due(gpu)
            probed(gpu)
            assert len(asked(engine)) == 2

    def test_a_doubt_is_confirmed_although_nobody_has_used_it(self, team, monkeypatch):
        monkeypatch.setattr(canaries, "CANARY_DEADLINE", 0.3)
        with FakeEngine("ollama", "loaded") as engine:
            self.in_memory(engine)
            gpu = watched(team, engine)
            engine.put("POST /api/generate", {"error": "CUDA error"}, 500)
            statuses = [probed(gpu).status for _ in range(3)]
            assert len(asked(engine)) == 3 and statuses[-1] == "down"

    def test_the_first_canary_that_loads_a_model_again_is_the_last_and_the_page_says_why(self, client, team, alice):
        client.force_login(alice)
        with FakeEngine("ollama", "loaded") as engine:
            engine.put("POST /api/generate", {"response": "x", "done": True, "load_duration": 3_000_000_000})
            gpu = watched(team, engine)
            state = probed(gpu)
            assert state.canary["ok"] is True
            page = client.get(gpu.get_absolute_url()).content.decode()
            assert "Canaries have ended here: the last one made Ollama load tiny:latest again." in page
            assert "0.9.7" in page and "num_ctx" in page
            for _ in range(3):
                canary_due(gpu)
                state = probed(gpu)
            assert (len(asked(engine)), state.canary["why"], state.status) == (1, due_rules.ENDED, "up")
            engine.put("POST /api/generate", {"response": "x", "done": True, "load_duration": 900_000})
            engine.version = "0.9.7"
            probed(gpu)
            for _ in range(3):
                canary_due(gpu)
                state = probed(gpu)
            assert len(asked(engine)) == 2
        assert "Canaries have ended" not in client.get(gpu.get_absolute_url()).content.decode()

    def test_a_model_in_memory_that_was_used_takes_the_turn_of_one_that_was_not(self, team):
        def both(first: float, second: float) -> dict:
            return {"models": [{"name": "a:latest", **until(first)}, {"name": "b:latest", **until(second)}]}

        def until(seconds: float) -> dict:
            return {"size": 1, "expires_at": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()}

        with FakeEngine("ollama", "loaded") as engine:
            engine.models(["a:latest", "b:latest"])
            engine.expires_in = None
            engine.put("GET /api/ps", listed := both(300, 300))
            gpu = watched(team, engine, models=("a", "b"))
            probed(gpu)
            probed(gpu)
            canary_due(gpu)
            probed(gpu)  # b's turn
            probed(gpu)
            canary_due(gpu)
            probed(gpu)  # a's turn, but it was not used
            listed["models"][1] = both(0, 500)["models"][1]
            engine.put("GET /api/ps", listed)
            probed(gpu)
            canary_due(gpu)
            probed(gpu)
            named = [body["model"] for path, body in engine.posted if path == "/api/generate"]
        assert named == ["a:latest", "b:latest", "b:latest"]


@pytest.mark.django_db
def test_the_route_that_took_a_canary_is_asked_first_from_then_on(team):
    with FakeEngine("openai_compatible") as engine:
        engine.put("POST /v1/completions", {"detail": "Not Found"}, 404)
        engine.models(["chatty"])
        gpu = watched(team, engine, models=("chatty",))
        probed(gpu)
        canary_due(gpu)
        state = probed(gpu)
        assert asked(engine) == ["/v1/completions", "/v1/chat/completions", "/v1/chat/completions"]
    assert state.canary["paths"] == {"chatty": "/v1/chat/completions"}
    Endpoint.objects.filter(pk=gpu.pk).update(canary_models=["other"])
    with FakeEngine("openai_compatible", port=engine.port):
        assert "paths" not in probed(gpu).canary


@pytest.mark.django_db
def test_an_endpoint_with_another_url_begins_afresh(team):
    with FakeEngine("vllm") as engine:
        gpu = watched(team, engine)
        assert probed(gpu).canary["ok"] is True
    endpoints.change(Endpoint.objects.get(pk=gpu.pk), url="http://10.0.0.9:8000")
    assert EndpointState.objects.get(pk=gpu.pk).canary == {}
