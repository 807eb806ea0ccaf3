"""LiteLLM proxy: a gateway, whose /health must never be asked."""

import pytest

from fleet.engines import litellm_metrics
from fleet.engines.errors import Cause
from fleet.engines.probe import probe
from fleet.engines.reading import BEHIND
from fleet.engines.registry import GATEWAYS
from tests.fake_engine import FakeEngine

from .ask import MINUTE, good, probed, requests


def test_it_is_marked_as_a_gateway() -> None:
    with FakeEngine("litellm") as engine:
        facts = good(engine, "litellm").facts
    assert "litellm" in GATEWAYS
    assert (facts.version, [model.name for model in facts.models]) == ("1.80.0", ["gpt-4o"])


def test_the_check_that_calls_every_model_is_never_asked() -> None:
    with FakeEngine("litellm") as engine:
        first = probe(engine.url)
        good(engine, "litellm", first, 10 * MINUTE)
        assert engine.asked("GET /health") == 0


def test_the_usual_probe_is_one_request() -> None:
    with FakeEngine("litellm") as engine:
        assert requests(good(engine, "litellm", good(engine, "litellm"), 30)) == ["GET /health/readiness"]


def test_a_gateway_that_shuts_down_is_trouble() -> None:
    with FakeEngine("litellm", "shutting_down") as engine:
        failure = probed(engine, "litellm").failure
    assert failure is not None
    assert failure.cause is Cause.SERVER_ERROR


def series(name: str, value: float, **labels: str) -> str:
    inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value}\n"


GPU, LOCAL = "http://10.0.0.5:8000/v1", "http://localhost:11434"
ASKED, FAILED = "litellm_deployment_total_requests_total", "litellm_deployment_failure_responses_total"
FIRST = "litellm_llm_api_time_to_first_token_metric_bucket"
PAGE = "".join(
    [
        series(ASKED, 7, api_base=GPU, team="search", user_email="alice@example.org", model_id="d1"),
        series(ASKED, 2, api_base=GPU, team="support", user_email="bob@example.org", model_id="d1"),
        series(ASKED, 1, api_base=GPU, team="None", user_email="None", model_id="d1"),
        series(ASKED, 4, api_base=LOCAL, team="search", model_id="d2"),
        series(FAILED, 3, api_base=GPU, team="search", exception_status="503"),
        series(FAILED, 9, api_base=GPU, team="search", exception_status="400"),
        series(FIRST, 5, le="0.5", model_id="d1", team="search"),
        series(FIRST, 6, le="+Inf", model_id="d1", team="search"),
        series(FIRST, 1, le="0.5", model_id="d9"),
        "process_start_time_seconds 17.5\n",
    ]
)


def test_the_servers_behind_it_are_counted_by_their_addresses_and_teams_by_their_number() -> None:
    gpu, local = litellm_metrics.read(PAGE, "http://gateway:4000")
    assert gpu.model == f"{BEHIND}10.0.0.5:8000"
    assert gpu.counts == {"requests": 10, "refused": 3}
    assert gpu.histograms == {"ttft": {"0.5": 5, "+Inf": 6}}
    assert sorted(gpu.teams.values()) == [2, 7]
    assert (local.model, local.counts, local.histograms) == (
        f"{BEHIND}gateway:11434",
        {"requests": 4, "refused": 0},
        {},
    )


def test_neither_names_nor_mails_are_kept() -> None:
    kept = repr(litellm_metrics.read(PAGE, "http://gateway:4000"))
    assert not any(word in kept for word in ("search", "support", "alice", "bob", "example.org"))


def test_another_worker_is_another_series() -> None:
    other = PAGE.replace("17.5", "18.5")
    found = [litellm_metrics.read(page, "http://gateway:4000")[0].series for page in (PAGE, other)]
    assert found[0] != found[1]


def test_new_keys_and_teams_are_the_same_series() -> None:
    more = PAGE + series(ASKED, 1, api_base=GPU, team="new", model_id="d1")
    found = [litellm_metrics.read(page, "http://gateway:4000")[0].series for page in (PAGE, more)]
    assert found[0] == found[1]


def test_its_counters_are_read_every_five_minutes() -> None:
    with FakeEngine("litellm") as engine:
        engine.put("GET /metrics/", PAGE)
        first = good(engine, "litellm")
        soon = good(engine, "litellm", first, 4 * MINUTE)
        later = good(engine, "litellm", soon, MINUTE)
    assert [len(reading.counted) for reading in (first, soon, later)] == [2, 0, 2]


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_without_its_prometheus_callback_nothing_is_counted_and_nothing_is_missed(status: int) -> None:
    with FakeEngine("litellm") as engine:
        engine.put("GET /metrics/", "no", status)
        reading = good(engine, "litellm")
    assert (reading.counted, reading.facts.warnings) == ((), ())


def test_a_recorded_page_shows_requests_refusals_and_the_first_token_of_those_streamed() -> None:
    with FakeEngine("litellm", "prometheus") as engine:
        good_one, bad_one = good(engine, "litellm").counted
    assert (good_one.model, good_one.counts) == (f"{BEHIND}127.0.0.1:27801", {"requests": 5, "refused": 0})
    assert (good_one.histograms["ttft"]["0.005"], good_one.histograms["ttft"]["+Inf"], good_one.teams) == (2, 2, {})
    assert (bad_one.counts, bad_one.histograms) == ({"requests": 2, "refused": 2}, {})
