"""vLLM: what is learned, how often it is asked, and what its answers mean."""

import pytest

from fleet.engines.errors import Cause
from fleet.engines.probe import probe
from fleet.engines.vllm_metrics import read
from tests.fake_engine import FakeEngine

from .ask import MINUTE, by_name, good, probed, requests
from .expect import KEY

STEADY = ["GET /health", "GET /metrics"]


def test_the_first_probe_learns_models_version_and_api() -> None:
    with FakeEngine("vllm") as engine:
        facts = good(engine, "vllm").facts
    assert facts.version == "0.32.0"
    assert [(m.name, m.context_length, m.loaded, m.capabilities) for m in facts.models] == [
        ("tiny", 1024, True, ("completion",))
    ]
    assert facts.api == {"completions": "yes", "chat": "yes", "responses": "yes", "embeddings": "no", "messages": "yes"}
    assert facts.warnings == ()


def test_the_load_of_an_idle_server_is_zero_not_unknown() -> None:
    with FakeEngine("vllm") as engine:
        load = good(engine, "vllm").load
    assert (load.running, load.waiting, load.kv_cache_usage, load.generation_tokens) == (0, 0, 0.0, 0)
    assert (load.sleep_state, load.slots, load.busy) == ("awake", None, None)


def test_the_load_of_a_busy_server() -> None:
    with FakeEngine("vllm", "busy") as engine:
        reading = good(engine, "vllm")
    load = reading.load
    assert (load.running, load.waiting) == (2, 5)
    assert load.waiting_by_reason == {"capacity": 5, "deferred": 0}
    assert (load.prompt_tokens, load.generation_tokens, load.prefix_cache_queries) == (18, 647, 18)
    assert load.kv_cache_usage == pytest.approx(0.00073, rel=0.01)
    assert load.process_start == 1795368523.91


WAITING = "vllm:num_requests_waiting"


@pytest.mark.parametrize(
    ("page", "waiting", "deferred"),
    [
        ({"": 5}, 5, None),  # before 0.20 no reason is given
        ({"": 7, '{reason="capacity"}': 4, '{reason="deferred"}': 3}, 4, 3),
        ({"": 3, '{reason="capacity"}': 0, '{reason="deferred"}': 3}, 0, 3),
        ({"": 9, '{reason="capacity"}': 4, '{reason="priority"}': 2, '{reason="deferred"}': 3}, 6, 3),
        ({'{reason="capacity",engine="0"}': 4, '{reason="capacity",engine="1"}': 1}, 5, None),
        ({"": 7, '{reason="capacity"}': "NaN", '{reason="deferred"}': 3}, 4, 3),
        ({'{reason="deferred"}': 3}, None, 3),
        ({"": 1, '{reason="deferred"}': 3}, 0, 3),  # the two were read a moment apart
    ],
)
def test_only_requests_that_wait_for_capacity_are_waiting(page, waiting, deferred) -> None:
    lines = (f"{WAITING}{'_by_reason' if key else ''}{key} {value}\n" for key, value in page.items())
    load, _ = read("".join(lines))
    assert (load.waiting, load.deferred) == (waiting, deferred)


def test_the_capacity_of_the_cache_is_noted() -> None:
    with FakeEngine("vllm") as engine:
        memory = good(engine, "vllm").facts.memory
    assert (memory["kv_cache_max_concurrency"], memory["data_parallel_engines"]) == (1024.0, 1)


def test_older_names_of_metrics_are_understood() -> None:
    with FakeEngine("vllm", "old") as engine:
        load = good(engine, "vllm").load
    assert (load.kv_cache_usage, load.prefix_cache_queries, load.prefix_cache_hits) == (0.25, 1000, 250)
    assert load.prompt_tokens is None


def test_engines_in_parallel_are_summed_and_the_fullest_cache_counts() -> None:
    lines = [
        'vllm:num_requests_running{engine="0",model_name="m"} 2',
        'vllm:num_requests_running{engine="1",model_name="m"} 3',
        'vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.2',
        'vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.9',
        'vllm:cache_config_info{engine="0",kv_cache_max_concurrency="10.5"} 1.0',
        'vllm:cache_config_info{engine="1",kv_cache_max_concurrency="10.5"} 1.0',
    ]
    load, capacity = read("\n".join(lines))
    assert (load.running, load.kv_cache_usage) == (5, 0.9)
    assert capacity == {"data_parallel_engines": 2, "kv_cache_max_concurrency": 21.0}


def test_a_value_that_is_no_number_is_unknown_and_the_others_stand() -> None:
    load, capacity = read(
        "vllm:num_requests_running NaN\nvllm:num_requests_waiting 4\nvllm:kv_cache_usage_perc 7\n"
        'vllm:cache_config_info{kv_cache_max_concurrency="None"} 1\nvllm:'
    )
    assert (load.running, load.waiting, load.kv_cache_usage) == (None, 4, None)
    assert capacity["kv_cache_max_concurrency"] is None


@pytest.mark.parametrize("status", [401, 404, 500])
def test_without_metrics_the_load_is_unknown_and_the_probe_good(status: int) -> None:
    with FakeEngine("vllm") as engine:
        engine.put("GET /metrics", "no", status)
        load = good(engine, "vllm").load
    assert (load.running, load.waiting, load.sleep_state) == (None, None, None)


def test_metrics_that_are_too_long_are_unknown() -> None:
    with FakeEngine("vllm") as engine:
        engine.put("GET /metrics", b"vllm:num_requests_running 1\n" * 600_000)
        assert good(engine, "vllm").load.running is None


@pytest.mark.parametrize("state", ["weights_offloaded", "discard_all"])
def test_a_sleeping_server_says_so_and_has_nothing_loaded(state: str) -> None:
    with FakeEngine("vllm") as engine:
        engine.sleep_state = state
        reading = good(engine, "vllm")
    assert reading.load.sleep_state == state
    assert [model.loaded for model in reading.facts.models] == [False]


def test_a_server_with_one_engine_awake_is_awake() -> None:
    lines = [
        'vllm:engine_sleep_state{engine="0",sleep_state="discard_all"} 1.0',
        'vllm:engine_sleep_state{engine="1",sleep_state="awake"} 1.0',
    ]
    assert read("\n".join(lines))[0].sleep_state == "awake"


def test_the_usual_probe_is_two_requests_and_keeps_what_is_known() -> None:
    with FakeEngine("vllm") as engine:
        first = good(engine, "vllm")
        second = good(engine, "vllm", first, 30)
    assert requests(second) == STEADY
    assert second.facts == first.facts


def test_models_and_version_are_asked_again_after_five_minutes() -> None:
    with FakeEngine("vllm") as engine:
        first = good(engine, "vllm")
        engine.models(["other"])
        assert set(by_name(good(engine, "vllm", first, 4 * MINUTE))) == {"tiny"}
        later = good(engine, "vllm", first, 5 * MINUTE)
    assert set(by_name(later)) == {"other"}
    assert "GET /version" in requests(later)
    assert "GET /openapi.json" not in requests(later)


def test_a_new_version_has_its_routes_asked_again() -> None:
    with FakeEngine("vllm") as engine:
        first = good(engine, "vllm")
        engine.version = "0.33.0"
        later = good(engine, "vllm", first, 5 * MINUTE)
    assert later.facts.version == "0.33.0"
    assert "GET /openapi.json" in requests(later)


def test_with_its_documentation_switched_off_the_api_is_unknown_and_asked_hourly() -> None:
    with FakeEngine("vllm") as engine:
        engine.drop("GET /openapi.json")
        first = good(engine, "vllm")
        assert first.facts.api == {}
        assert "GET /openapi.json" not in requests(good(engine, "vllm", first, 59 * MINUTE))
        assert "GET /openapi.json" in requests(good(engine, "vllm", first, 60 * MINUTE))


def test_an_embedding_server_is_reported_by_its_routes() -> None:
    with FakeEngine("vllm", "embedding") as engine:
        facts = good(engine, "vllm").facts
    assert (facts.api["embeddings"], facts.api["chat"]) == ("yes", "no")
    assert facts.models[0].capabilities == ("embedding",)


def test_an_adapter_names_its_base_model() -> None:
    with FakeEngine("vllm", "lora") as engine:
        models = by_name(good(engine, "vllm"))
    assert (models["sql"].parent, models["sql"].context_length) == ("qwen3-8b", None)
    assert (models["qwen3-8b"].parent, models["qwen3-8b"].context_length) == (None, 40960)


def test_a_dead_engine_is_reported_by_its_health() -> None:
    with FakeEngine("vllm") as engine:
        engine.put("GET /health", b"", 503)
        failure = probed(engine, "vllm").failure
    assert failure is not None
    assert (failure.cause, failure.step) == (Cause.ENGINE_DEAD, "health")


def test_a_server_that_changes_its_size_is_loading() -> None:
    with FakeEngine("vllm") as engine:
        engine.put("GET /health", {"error": "The model is currently scaling. Please try again later."}, 503)
        failure = probed(engine, "vllm").failure
    assert failure is not None
    assert failure.cause is Cause.LOADING


def test_a_proxy_without_its_server_is_not_a_dead_engine() -> None:
    with FakeEngine("vllm") as engine:
        engine.put("GET /health", "<html>503 Service Unavailable</html>", 503)
        failure = probed(engine, "vllm").failure
    assert failure is not None
    assert failure.cause is Cause.SERVER_ERROR


def test_a_wrong_key_is_reported_at_the_models() -> None:
    with FakeEngine("vllm") as engine:
        engine.api_key = KEY
        reading = probe(engine.url)
    assert reading.identity is not None
    assert reading.identity.engine == "vllm"
    assert reading.failure is not None
    assert (reading.failure.cause, reading.failure.step) == (Cause.AUTH_REJECTED, "models")


def test_a_key_that_leaves_routes_open_is_worth_a_warning() -> None:
    with FakeEngine("vllm") as engine:
        engine.api_key = KEY
        first = good(engine, "vllm", api_key=KEY)
        second = good(engine, "vllm", first, 30, api_key=KEY)
    assert "/metrics answers without it" in first.facts.warnings[0]
    assert second.facts.warnings == first.facts.warnings


def test_with_closed_metrics_the_load_is_not_known_and_no_route_stands_open() -> None:
    with FakeEngine("vllm") as engine:
        engine.api_key = KEY
        engine.put("GET /metrics", "no", 401)
        (warning,) = good(engine, "vllm", api_key=KEY).facts.warnings
        assert warning.startswith("No answer about load")


def test_behind_a_proxy_that_passes_on_v1_only_the_models_are_its_health() -> None:
    with FakeEngine("openai_compatible", "behind_proxy") as engine:
        first = probe(engine.url)
        assert first.identity is not None
        assert (first.identity.engine, first.facts.product) == ("openai_compatible", "vLLM")
        assert "GET /v1/models" in requests(good(engine, "vllm", first, 15))
        engine.drop("GET /v1/models")
        assert probed(engine, "vllm", first, 30).failure is not None


def test_a_key_is_wanted_where_even_the_metrics_are_closed() -> None:
    with FakeEngine("vllm") as engine:
        engine.api_key = KEY
        engine.drop("GET /metrics")
        identity = probe(engine.url).identity
    assert identity is not None
    assert (identity.engine, identity.strong) == ("vllm", False)


def test_a_server_that_is_well_with_anything_is_not_this_one() -> None:
    with FakeEngine("lmstudio") as engine:
        failure = probed(engine, "vllm").failure
    assert failure is not None
    assert failure.cause is Cause.WRONG_ENGINE


def test_nothing_is_ever_posted() -> None:
    with FakeEngine("vllm") as engine:
        probe(engine.url)
        assert all(request.startswith("GET ") for request in engine.requests)
