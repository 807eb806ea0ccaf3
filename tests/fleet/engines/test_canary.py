"""One token asked of one model: who may be asked, how, and what the answer is taken for."""

import time

import pytest

from fleet.engines import canary
from fleet.engines.canary_questions import suitable
from fleet.engines.errors import Cause
from fleet.engines.reading import Load, Model, Reading
from tests.fake_engine import FakeEngine
from tests.fleet.engines.ask import ask_canary, good
from tests.fleet.engines.expect import DEADLINE, KEY, MARGIN

SHORT = DEADLINE


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(canary, "CONFIRM_DEADLINE", SHORT)


def asked(engine: FakeEngine, name: str, allowed: str = "tiny", **options: object) -> Reading:
    """A probe and its canary to the one model that `allowed` allows."""
    reading = good(engine, name, api_key=options.get("api_key"))
    [model] = suitable(name, reading.facts.models, [allowed])
    return ask_canary(engine.url, name, model, reading, **options)  # type: ignore[arg-type]


def failure(reading: Reading) -> tuple[Cause, str]:
    assert reading.canary and reading.canary.failure, reading.canary
    return reading.canary.failure.cause, reading.canary.failure.step


def test_vllm_is_asked_for_one_token() -> None:
    with FakeEngine("vllm") as engine:
        reading = asked(engine, "vllm")
        assert list(engine.posted) == [
            ("/v1/completions", {"model": "tiny", "prompt": "Hi", "max_tokens": 1, "temperature": 0})
        ]
    assert reading.canary and (reading.canary.model, reading.canary.tokens, reading.canary.failure) == ("tiny", 3, None)
    last = reading.exchanges[-1]
    assert (last.step, last.request, last.status) == ("canary", "POST /v1/completions", 200)
    assert reading.canary.ms == last.total_ms


def generations(engine: FakeEngine) -> list[dict]:
    return [body for path, body in engine.posted if path == "/api/generate"]


def test_ollama_is_asked_for_one_token_without_what_would_load_its_model_again_or_change_its_keep_alive() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        reading = asked(engine, "ollama")
        assert generations(engine) == [
            {"model": "tiny:latest", "prompt": "Hi", "stream": False, "options": {"num_predict": 1}}
        ]
    assert reading.canary and (reading.canary.tokens, reading.canary.failure) == (1, None)
    assert not reading.canary.loaded


def in_memory(**entry: object) -> dict:
    known = {"name": "tiny:latest", "size": 46_187_520, "expires_at": "2026-11-22T17:33:15Z", "size_vram": 0}
    return {"models": [{**known, **entry}]}


def test_ollama_is_asked_with_the_context_that_its_model_is_loaded_with() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        engine.put("GET /api/ps", in_memory(context_length=8192))
        asked(engine, "ollama")
        engine.crowded = True
        asked(engine, "ollama", timeout=SHORT)
        sent = generations(engine)
    assert [body["options"] for body in sent] == [{"num_ctx": 8192, "num_predict": 1}] * 3
    assert sent[-1]["prompt"] == "", "asks whether its process lives"


def test_a_model_of_ollama_that_turns_out_to_embed_only_is_asked_to_embed() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        engine.put("GET /api/ps", in_memory(context_length=512))
        engine.put("POST /api/generate", {"error": '"tiny" does not support generate'}, 400)
        found = ask_canary(engine.url, "ollama", Model("tiny:latest", loaded=True), Reading(0.0))
        assert engine.posted[-1] == (
            "/api/embed",
            {"model": "tiny:latest", "input": "Hi", "options": {"num_ctx": 512}},
        )
    assert found.canary and (found.canary.path, found.canary.failure) == ("/api/embed", None)


def test_a_process_of_ollama_that_crashed_was_not_loaded_again_for_the_canary() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        engine.put("POST /api/generate", {"error": "model runner has unexpectedly stopped"}, 500)
        found = asked(engine, "ollama")
    assert failure(found) == (Cause.SERVER_ERROR, "canary")
    assert not found.canary.loaded


def test_an_ollama_that_loads_its_model_again_for_the_canary_is_noted() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        reading = good(engine, "ollama")
        engine.put("POST /api/generate", {"done": True, "load_duration": 2_500_000_000})
        found = ask_canary(engine.url, "ollama", reading.facts.models[0], reading)
    assert found.canary and (found.canary.loaded, found.canary.failure) == (True, None)


TIMES = {"load_duration": 1_000_000, "prompt_eval_duration": 5_000_000, "eval_duration": 2_000_000}


def test_ollamas_own_times_show_how_long_the_canary_waited() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        engine.put("POST /api/generate", {"done": True, "total_duration": 1_228_000_000, **TIMES})
        waited = asked(engine, "ollama").canary
        engine.put("POST /api/generate", {"done": True, "total_duration": 7_900_000, **TIMES})
        rounded = asked(engine, "ollama").canary
        engine.put("POST /api/generate", {"done": True, **TIMES})
        unknown = asked(engine, "ollama").canary
    assert waited and (waited.wait_ms, waited.load_ms, waited.prompt_ms, waited.status) == (1220.0, 1.0, 5.0, 200)
    assert rounded and rounded.wait_ms == 0
    assert unknown and (unknown.wait_ms, unknown.load_ms) == (None, None)


def test_a_canary_that_ollama_refuses_for_its_queue_has_the_status() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        full = "server busy, please try again.  maximum pending requests exceeded"
        engine.put("POST /api/generate", {"error": full}, 503)
        refused = asked(engine, "ollama")
    assert failure(refused) == (Cause.SATURATED, "canary")
    assert refused.canary and refused.canary.status == 503


def test_a_model_that_has_left_ollamas_memory_since_the_probe_is_not_asked() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        reading = good(engine, "ollama")
        engine.put("GET /api/ps", {"models": []})
        found = ask_canary(engine.url, "ollama", reading.facts.models[0], reading)
        assert generations(engine) == []
    assert found.canary and found.canary.skipped == canary.UNLOADED


@pytest.mark.parametrize(("body", "status"), [("", 503), ("<html>", 200), ([], 200)])
def test_nobody_is_asked_where_ollamas_memory_is_not_known(body, status) -> None:
    with FakeEngine("ollama", "loaded") as engine:
        reading = good(engine, "ollama")
        engine.put("GET /api/ps", body, status)
        found = ask_canary(engine.url, "ollama", reading.facts.models[0], reading)
        assert generations(engine) == []
    assert found.canary is None and found.failure is None


def test_only_allowed_models_are_suitable_and_where_asking_would_load_only_loaded_ones() -> None:
    models = [
        Model("a:latest", loaded=True),
        Model("b", loaded=False),
        Model("c", loaded=None),
        Model("d", loaded=True),
        Model("cloud", loaded=True, remote_host="https://ollama.com"),
        Model("gpt-oss:120b-cloud", loaded=True),
        Model("kimi:cloud"),
        Model("our-cloud"),
        Model("reranker", loaded=True, capabilities=("rerank",)),
    ]
    everything = ["A", "b", "c", "cloud", "gpt-oss:120b-cloud", "kimi:cloud", "our-cloud", "reranker"]
    assert [m.name for m in suitable("ollama", models, everything)] == ["a:latest"]
    assert [m.name for m in suitable("lmstudio", models, everything)] == ["a:latest"]
    assert [m.name for m in suitable("localai", models, everything)] == ["a:latest"]
    assert [m.name for m in suitable("llamacpp", models, everything)] == ["a:latest", "c", "our-cloud"]
    assert [m.name for m in suitable("vllm", models, everything)] == ["a:latest", "c", "our-cloud"]
    assert suitable("vllm", models, []) == []
    for product in ("llama-swap", "Lemonade", "Docker Model Runner", "MLX-LM", "LM Studio", "Ollama"):
        assert [m.name for m in suitable("openai_compatible", models, everything, product)] == ["a:latest"]
    assert [m.name for m in suitable("openai_compatible", models, ["c"], "TabbyAPI")] == ["c"]


def test_a_vllm_that_answers_but_generates_nothing_is_wedged() -> None:
    with FakeEngine("vllm") as engine:
        engine.frozen = True
        began = time.monotonic()
        reading = asked(engine, "vllm", timeout=SHORT)
        assert time.monotonic() - began < SHORT + MARGIN
        assert engine.asked("GET /health") == 2  # the load was read again before it was called wedged
    assert failure(reading) == (Cause.WEDGED, "canary")
    assert "stood still" in reading.canary.failure.detail
    assert {e.step for e in reading.exchanges if e.error} == {"canary"}
    assert reading.failure is None  # the server itself answered, so what it said is kept


def test_busy_is_not_wedged_while_the_token_counter_moves() -> None:
    with FakeEngine("vllm", "busy") as engine:
        engine.frozen, engine.generated, engine.generating = True, 1000, 7
        reading = asked(engine, "vllm", timeout=SHORT)
    assert failure(reading) == (Cause.SATURATED, "canary")


def test_an_engine_that_counts_late_is_busy_while_others_are_before_us() -> None:
    with FakeEngine("llamacpp") as engine:
        reading = good(engine, "llamacpp")
        engine.frozen = True
        for running, cause in ((2, Cause.SATURATED), (0, Cause.WEDGED)):
            before = Reading(reading.at, facts=reading.facts, load=Load(running=running))
            found = ask_canary(engine.url, "llamacpp", reading.facts.models[0], before, timeout=SHORT)
            assert failure(found) == (cause, "canary")


def test_a_crowded_ollama_is_busy_and_a_frozen_one_wedged() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        engine.crowded = True
        assert failure(asked(engine, "ollama", timeout=SHORT)) == (Cause.SATURATED, "canary")
        engine.frozen = True
        assert failure(asked(engine, "ollama", timeout=SHORT)) == (Cause.WEDGED, "canary")


def test_an_ollama_that_swaps_models_meanwhile_is_busy() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        reading = good(engine, "ollama")
        engine.frozen = True
        engine.put("GET /api/ps", in_memory(size=99_000_000))
        found = ask_canary(engine.url, "ollama", reading.facts.models[0], reading, timeout=SHORT)
    assert failure(found) == (Cause.SATURATED, "canary")


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (503, {"error": {"message": "busy"}}, Cause.SATURATED),
        (503, {"error": {"message": "Loading model"}}, Cause.LOADING),
        (429, {"error": {"message": "slow down"}}, Cause.RATE_LIMITED),
        (500, {"error": {"message": "EngineCore encountered an issue"}}, Cause.SERVER_ERROR),
        (200, {"error": "out of memory"}, Cause.SERVER_ERROR),
        (200, "<html>log in</html>", Cause.NOT_JSON),
    ],
)
def test_an_answer_that_is_an_error_is_reported_by_its_cause(status, body, cause) -> None:
    with FakeEngine("vllm") as engine:
        engine.put("POST /v1/completions", body, status)
        assert failure(asked(engine, "vllm")) == (cause, "canary")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_question_is_a_note_and_no_trouble(status) -> None:
    with FakeEngine("vllm") as engine:
        engine.put("POST /v1/completions", {"error": {"message": "The model does not exist"}}, status)
        reading = asked(engine, "vllm")
    assert reading.canary and reading.canary.failure is None and reading.canary.tokens == 0
    assert reading.canary.note.startswith(f"POST /v1/completions answered HTTP {status}")


def test_an_error_in_ollamas_stream_is_a_server_error() -> None:
    with FakeEngine("ollama", "loaded") as engine:
        engine.put("POST /api/generate", '{"error":"llama runner process has terminated"}\n')
        found = asked(engine, "ollama")
    assert failure(found) == (Cause.SERVER_ERROR, "canary")
    assert "runner process" in found.canary.failure.detail


def test_a_server_that_goes_away_meanwhile_is_reported_as_that() -> None:
    with FakeEngine("vllm") as engine:
        reading = good(engine, "vllm")
        engine.down()
        found = ask_canary(engine.url, "vllm", reading.facts.models[0], reading)
    assert failure(found) == (Cause.CONNECTION_REFUSED, "connect")


def test_the_api_key_is_sent_and_kept_out_of_what_is_reported() -> None:
    with FakeEngine("vllm") as engine:
        engine.api_key = KEY
        assert asked(engine, "vllm", api_key=KEY).canary.tokens == 3
        for status in (500, 404):
            engine.put("POST /v1/completions", {"error": f"bad key {KEY}"}, status)
            assert KEY not in repr(asked(engine, "vllm", api_key=KEY))


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        (Load(generation_tokens=5), Load(generation_tokens=6), True),
        (Load(generation_tokens=5), Load(generation_tokens=5), False),
        (Load(generation_tokens=5, requests=1), Load(generation_tokens=5, requests=2), False),  # given up
        (Load(prompt_tokens=5), Load(prompt_tokens=6), True),  # embeddings
        (Load(requests=1), Load(requests=2), True),
        (Load(generation_tokens=5, process_start=1.0), Load(generation_tokens=6, process_start=2.0), False),
        (Load(generation_tokens=5), Load(generation_tokens=1), False),
        (Load(), Load(generation_tokens=9), False),
    ],
)
def test_work_shows_in_the_counters_of_tokens(before, after, moved) -> None:
    assert after.worked_since(before) is moved
