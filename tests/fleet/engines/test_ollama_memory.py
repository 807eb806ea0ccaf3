"""Whether a request made Ollama load a model again. Figures of a real 0.9.3: found in 1 ms, loaded again in 260 ms."""

import pytest

from fleet.engines.ollama_memory import InMemory, in_memory, loaded_again, moment

FOUND, LOADED, LONG = 900_000, 260_000_000, 9_000_000_000
BEFORE = {"m": InMemory(100, 4096, 1000.0)}


@pytest.mark.parametrize(
    ("load_ns", "after", "again"),
    [
        (FOUND, {"m": InMemory(100, 4096, 1010.0)}, False),
        (LOADED, {"m": InMemory(300, 8192, 1010.0)}, True),  # another num_ctx
        (LOADED, {"m": InMemory(100, 4096, 500.0)}, True),  # the default keep_alive in place of a longer one
        (LONG, {"m": InMemory(100, 4096, 1010.0)}, True),  # another num_thread
        (LONG, {"m": InMemory(100, 4096, 1010.0), "n": InMemory(70)}, False),  # waited while another was loaded
        (LONG, {"m": InMemory(300, 4096, 1010.0), "n": InMemory(70)}, True),
        (LONG, {}, True),  # unloaded at once, as with keep_alive 0
        (FOUND, {"m": InMemory(300, 4096, 1010.0)}, False),  # somebody else's
        (None, {"m": InMemory(300, 4096, 1010.0)}, True),
        (None, {"m": InMemory(100, 4096, 500.0)}, False),
        (None, {}, True),
    ],
)
def test_what_shows_that_a_request_loaded_the_model_again(load_ns, after, again) -> None:
    assert loaded_again("m", load_ns, BEFORE, after) is again


def test_an_odd_list_is_read_as_far_as_it_goes() -> None:
    answer = {"models": [{"model": "m", "size": "x", "expires_at": "0001-01-01T00:00:00Z"}, {"size": 3}, 7, None]}
    assert in_memory(answer) == {"m": InMemory()}
    assert in_memory({"models": None}) == in_memory({}) == {}


def test_a_moment_has_a_zone_or_is_utc() -> None:
    assert moment("2319-03-10T11:05:43.184277326Z") == pytest.approx(11_019_236_743.184, abs=0.01)
    assert moment("2026-11-28T12:00:00+01:00") == moment("2026-11-28T11:00:00")
    assert moment("soon") is moment(None) is moment("0001-01-01T00:00:00Z") is None
