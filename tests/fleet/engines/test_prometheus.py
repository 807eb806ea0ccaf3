"""Reading Prometheus text for a few names."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics_page import metrics_page
from fleet.engines import vllm_metrics
from fleet.engines.errors import BadAnswer, Cause
from fleet.engines.prometheus import METRICS_BYTES, Page
from tests.fake_engine import SAMPLES, load_samples
from tests.fleet.engines.expect import fails

A = ("a",)


def test_the_sets_of_labels_are_summed() -> None:
    assert Page('a{engine="0"} 2\na{engine="1"} 3.0\n', A).count(A) == 5


SGLANG = """
a{dp_rank="0",tp_rank="0",pp_rank="0"} 3
a{dp_rank="0",tp_rank="1",pp_rank="0"} 3
a{dp_rank="0",tp_rank="0",pp_rank="1"} 2
a{dp_rank="1",tp_rank="0",pp_rank="0"} 5
"""


def test_what_each_rank_repeats_is_counted_once_and_ranks_with_requests_of_their_own_are_summed() -> None:
    ranks = ("tp_rank", "pp_rank")
    assert Page(SGLANG, A).count(A, copies=ranks) == 3 + 5
    assert Page(SGLANG, A).count(A) == 3 + 3 + 2 + 5
    assert Page('a{tp_rank="0"} 1\na{tp_rank="1"} 4\n', A).count(A, copies=ranks) == 4
    assert Page('a{model="x",tp_rank="0"} 1\na{model="y",tp_rank="0"} 4\n', A).count(A, copies=ranks) == 5
    assert Page("a 3\n", A).count(A, copies=ranks) == 3
    assert Page('a{tp_rank="0"} NaN\na{tp_rank="1"} 4\n', A).count(A, copies=ranks) is None


def test_a_name_that_is_not_there_is_unknown() -> None:
    page = Page("b 1\n", A)
    assert (page.total(A), page.count(A), page.highest(A), page.counts_by("x", A)) == (None, None, None, {})


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "", "1,5", "abc"])
def test_one_value_that_is_no_number_makes_the_figure_unknown(value: str) -> None:
    page = Page(f'a{{x="1"}} 4\na{{x="2"}} {value}\n', A)
    assert (page.total(A), page.highest(A)) == (None, None)
    assert page.counts_by("x", A) == {"1": 4}


@pytest.mark.parametrize("value", ["-1", "1e30"])
def test_a_count_that_cannot_be_one_is_unknown(value: str) -> None:
    assert Page(f"a {value}\n", A).count(A) is None


def test_a_longer_name_is_another_metric() -> None:
    assert Page("ab 1\na_total 2\na 3\n", A).total(A) == 3


def test_names_that_begin_alike_are_each_read_wherever_they_are() -> None:
    names = ("a_total", "a", "a_by_b", "b")
    page = Page('a_total 1\na{x="1"} 2\na_by 9\na_by_b 3\nab 9\nb 4', names)
    assert [page.total((name,)) for name in names] == [1, 2, 3, 4]


def test_comments_and_timestamps_do_not_disturb() -> None:
    assert Page("# HELP a 7\n# TYPE a gauge\na 3 1395066363000\n", A).total(A) == 3


def test_the_first_alias_that_is_there_counts_alone() -> None:
    aliases = ("new", "old")
    assert Page("old 1\nnew 2\n", aliases).total(aliases) == 2
    assert Page("old 1\n", aliases).total(aliases) == 1


def test_labels_may_hold_braces_blanks_and_escapes() -> None:
    page = Page('a{x="one } two",y="say \\"hi\\", b\\\\c"} 1\n', A)
    assert page.samples(A)[0].labels == {"x": "one } two", "y": 'say "hi", b\\c'}


@given(st.text(alphabet=st.sampled_from('a{}="\\, \n1.eN#\t'), max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    page = Page(text, A)
    page.total(A), page.count(A), page.highest(A), page.counts_by("x", A)


def test_a_page_of_100_kilobytes_takes_less_than_two_milliseconds() -> None:
    page = load_samples(SAMPLES / "vllm")["GET /metrics"][2].decode()
    filler = "".join(f'vllm:e2e_request_latency_seconds_bucket{{engine="0",le="{n}"}} 0.0\n' for n in range(1700))
    page += filler
    assert len(page) > 100_000
    times = []
    for _ in range(15):
        began = time.process_time()
        vllm_metrics.read(page)
        times.append(time.process_time() - began)
    assert min(times) < 0.002


def test_the_page_of_64_engines_is_within_what_is_read() -> None:
    page = metrics_page(64)
    assert 3_500_000 < len(page) < METRICS_BYTES
    load, _ = vllm_metrics.read(page)
    assert (load.running, load.process_start) == (64 * 2, 1795368523.91)


@pytest.mark.parametrize("line", ["\n", "a 1\n", "\x0b\n", 'a{x="1"} 1\n'])
def test_a_page_that_would_take_seconds_is_refused_at_once(line: str) -> None:
    began = time.thread_time()
    with fails(BadAnswer, Cause.TOO_LARGE, "lines"):
        Page(line * (METRICS_BYTES // len(line)), A)
    assert time.thread_time() - began < 5  # 7 s and more where each line is read; the limit is for a slow machine


LONG = ["a" * 1_000_000, 'a="' * 300_000, 'a="' + "x" * 1_000_000, 'a="' + "\\" * 1_000_000]


@pytest.mark.parametrize("inside", LONG, ids=["name", "names", "value", "escapes"])
def test_labels_of_any_length_take_time_that_grows_with_it_only(inside: str) -> None:
    began = time.thread_time()
    assert Page(f"a{{{inside}}} 1\n", A).count(A) == 1
    assert time.thread_time() - began < 10  # seconds; minutes or hours where each character is tried as a beginning
