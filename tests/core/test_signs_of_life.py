"""What parts leave in the broker for the health page."""

from core import signs_of_life
from core.redis_keys import key


def test_that_nothing_is_wrong_is_noted_seldom_and_after_a_trouble_at_once(valkey):
    signs_of_life.set_trouble("mail", "")
    assert valkey.get(key("mail")) == b""
    valkey.set(key("mail"), "by another process")
    signs_of_life.set_trouble("mail", "")
    assert valkey.get(key("mail")) == b"by another process"
    for trouble in ("The server is away.", "It is still away.", ""):
        signs_of_life.set_trouble("mail", trouble)
        assert valkey.get(key("mail")) == trouble.encode()


def test_a_trouble_that_another_process_noted_goes_with_the_next_note(valkey, monkeypatch):
    monkeypatch.setattr(signs_of_life, "FINE_FOR", 0.0)
    signs_of_life.set_trouble("mail", "")
    valkey.set(key("mail"), "by another process")
    signs_of_life.set_trouble("mail", "")
    assert valkey.get(key("mail")) == b""
