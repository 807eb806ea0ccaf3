"""SGLang: recognised by its server info, of which only two fields are kept."""

from fleet.engines.errors import Cause
from fleet.engines.reading_json import to_json
from tests.fake_engine import FakeEngine

from .ask import MINUTE, good, probed, requests


def test_the_first_probe_learns_model_version_and_slots() -> None:
    with FakeEngine("sglang") as engine:
        reading = good(engine, "sglang")
    assert [(m.name, m.context_length) for m in reading.facts.models] == [("qwen/qwen2.5-0.5b-instruct", 32768)]
    assert (reading.facts.version, reading.load.slots, reading.load.running) == ("0.5.8", 128, None)


def test_the_key_in_its_settings_is_not_kept() -> None:
    with FakeEngine("sglang") as engine:
        assert "sk-never-stored" not in str(to_json(good(engine, "sglang")))


def test_its_metrics_are_read_where_it_has_them() -> None:
    with FakeEngine("sglang", "metrics") as engine:
        first = good(engine, "sglang")
        second = good(engine, "sglang", first, 30)
    assert (second.load.running, second.load.waiting, second.load.kv_cache_usage) == (12, 2, 0.28)
    assert second.load.slots == 128
    assert requests(second) == ["GET /health", "GET /metrics"]


def test_metrics_that_are_off_are_asked_again_after_an_hour() -> None:
    with FakeEngine("sglang") as engine:
        first = good(engine, "sglang")
        assert requests(good(engine, "sglang", first, 30)) == ["GET /health"]
        assert "GET /metrics" in requests(good(engine, "sglang", first, 60 * MINUTE))


def test_an_older_one_has_its_info_elsewhere() -> None:
    with FakeEngine("sglang", "old") as engine:
        assert good(engine, "sglang").facts.version == "0.4.6"


def test_a_503_of_its_health_is_a_start() -> None:
    with FakeEngine("sglang") as engine:
        engine.put("GET /health", "", 503)
        failure = probed(engine, "sglang").failure
    assert failure is not None
    assert failure.cause is Cause.LOADING
