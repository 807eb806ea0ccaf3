"""What engines count themselves, off the page of metrics that the load is read from."""

import pytest

from fleet.engines import llamacpp, sglang, tgi, vllm_metrics
from fleet.engines.counters import EVERY, Figures, read
from fleet.engines.reading import BUCKETS
from tests.fake_engine import SAMPLES as RECORDED
from tests.fake_engine import FakeEngine, load_samples

from .ask import good, requests

VLLM = vllm_metrics.COUNTERS
PAGE = """
vllm:request_success_total{engine="0",finished_reason="stop",model_name="m"} 7.0
vllm:request_success_total{engine="0",finished_reason="abort",model_name="m"} 2.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.5",model_name="m"} 4.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="m"} 7.0
"""


def test_a_recorded_page_of_vllm_has_every_figure_and_edges_as_it_writes_them() -> None:
    page = load_samples(RECORDED / "vllm" / "busy")["GET /metrics"][2].decode()
    [counted] = read(page, VLLM)
    assert (counted.model, counted.counts["generation_tokens"], counted.counts["aborted"]) == ("tiny", 647, 0)
    assert counted.counts.keys() == VLLM.counts.keys() | VLLM.parts.keys()


def test_requests_given_up_are_part_of_those_that_are_over() -> None:
    [counted] = read(PAGE, VLLM)
    assert counted.counts == {"requests": 9, "aborted": 2}
    assert counted.histograms == {"ttft": {"0.5": 4, "+Inf": 7}}


def test_engines_are_added_up_and_another_one_makes_another_series() -> None:
    [one], [two] = read(PAGE, VLLM), read(PAGE + PAGE.replace('engine="0"', 'engine="1"'), VLLM)
    assert (two.counts["requests"], two.histograms["ttft"]["+Inf"]) == (18, 14)
    assert one.series != two.series


def test_a_reason_to_finish_that_comes_later_is_the_same_series() -> None:
    later = PAGE + 'vllm:request_success_total{engine="0",finished_reason="error",model_name="m"} 1.0\n'
    assert [each.series for each in read(later, VLLM)] == [each.series for each in read(PAGE, VLLM)]


def test_models_are_counted_apart() -> None:
    found = read(PAGE + PAGE.replace('"m"', '"lora"').replace(" 7.0", " 8.0"), VLLM)
    assert [(each.model, each.counts["requests"]) for each in found] == [("lora", 10), ("m", 9)]


@pytest.mark.parametrize(
    "page",
    [
        "",
        'vllm:time_to_first_token_seconds_bucket{le="0.5",model_name="m"} NaN\n',
        'vllm:time_to_first_token_seconds_bucket{le="soon",model_name="m"} 1\n',
        'vllm:time_to_first_token_seconds_bucket{engine="0",le="1"} 1\n'
        'vllm:time_to_first_token_seconds_bucket{engine="1",le="2"} 1\n'
        'vllm:time_to_first_token_seconds_bucket{engine="1",le="1"} 1\n',
        "".join(f'vllm:time_to_first_token_seconds_bucket{{le="{n}"}} 1\n' for n in range(BUCKETS + 1)),
        "vllm:num_preemptions_total NaN\n",
        "vllm:num_preemptions_total 1e30\n",
    ],
    ids=[
        "nothing",
        "no number",
        "no edge",
        "engines with other edges",
        "too many buckets",
        "a counter without number",
        "more than any",
    ],
)
def test_what_cannot_be_read_is_left_out(page: str) -> None:
    assert read(page, VLLM) == ()


def test_older_names_are_understood() -> None:
    page = 'vllm:time_per_output_token_seconds_bucket{le="+Inf",model_name="m"} 3\nvllm:gpu_prefix_cache_hits 5\n'
    found = {each.model: each for each in read(page, VLLM)}
    assert found["m"].histograms == {"itl": {"+Inf": 3}}
    assert found[""].counts == {"cached_tokens": 5}


def test_ranks_of_sglang_that_show_the_same_requests_count_once() -> None:
    page = "".join(
        f'sglang:queue_time_seconds_bucket{{le="1.0",model_name="m",dp_rank="{dp}",tp_rank="{tp}"}} 3\n'
        for dp in "01"
        for tp in "01"
    )
    page += 'sglang:num_requests_total{model_name="m"} 6\nsglang:prompt_tokens_total{model_name="m"} 90\n'
    [counted] = read(page, sglang.COUNTERS)
    assert counted.histograms == {"queue": {"1.0": 6}}
    assert counted.counts == {"requests": 6, "prompt_tokens": 90, "queried_tokens": 90}


def test_tgi_counts_what_it_refused_and_llamacpp_its_tokens() -> None:
    page = 'tgi_request_failure{err="overloaded"} 4\ntgi_request_failure{err="generation"} 1\ntgi_request_success 9\n'
    [counted] = read(page, tgi.COUNTERS)
    assert (counted.model, counted.counts) == ("", {"requests": 9, "rejected": 4})
    [counted] = read("llamacpp:prompt_tokens_total 12\n", llamacpp.COUNTERS)
    assert counted.counts == {"prompt_tokens": 12}


@pytest.mark.parametrize("name", ["vllm", "llamacpp"])
def test_they_are_read_every_five_minutes_without_another_request(name: str) -> None:
    with FakeEngine(name, "metrics" if name == "llamacpp" else "busy") as engine:
        first = good(engine, name)
        soon = good(engine, name, first, EVERY - 1)
        later = good(engine, name, soon, 1)
    assert (bool(first.counted), bool(soon.counted), bool(later.counted)) == (True, False, True)
    assert all(requests(reading).count("GET /metrics") == 1 for reading in (first, soon, later))


def test_without_metrics_nothing_is_counted_and_nothing_is_missed() -> None:
    with FakeEngine("vllm") as engine:
        engine.put("GET /metrics", "no", 404)
        reading = good(engine, "vllm")
    assert reading.counted == ()
    assert not any("counters" in warning for warning in reading.facts.warnings)


def test_a_page_for_another_model_label_is_about_the_whole_server() -> None:
    assert [each.model for each in read('a{model_name="m"} 1\n', Figures({"requests": ("a",)}, model="model"))] == [""]
