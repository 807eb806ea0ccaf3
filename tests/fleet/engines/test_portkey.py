"""Portkey's gateway, which shows no more than that it runs."""

from tests.fake_engine import FakeEngine

from .ask import good, probed, requests


def test_portkey_shows_nothing_and_says_what_to_do_instead() -> None:
    with FakeEngine("portkey") as gateway:
        reading = good(gateway, "portkey")
    assert requests(reading) == ["GET /"]
    assert reading.facts.models == ()
    assert "Watch the servers behind it" in reading.facts.warnings[0]


def test_something_else_in_the_place_of_portkey_is_trouble() -> None:
    with FakeEngine("portkey") as gateway:
        gateway.put("GET /", "Welcome", **{"Content-Type": "text/plain"})
        assert probed(gateway, "portkey").failure is not None
