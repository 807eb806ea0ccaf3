"""Addresses of endpoints as people paste them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.engines.client import Client, parse_base_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://gpu-1:11434", "http://gpu-1:11434"),
        ("localhost:11434/v1", "http://localhost:11434"),
        ("  HTTPS://Gpu-1.Example/ollama//  ", "https://gpu-1.example/ollama"),
        ("http://gpu-1:8000/v1", "http://gpu-1:8000"),
        ("http://gpu-1:8000/v1/", "http://gpu-1:8000"),
        ("http://proxy/llm/v1", "http://proxy/llm"),
        ("http://proxy/v1beta", "http://proxy/v1beta"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
    ],
)
def test_addresses_as_people_paste_them(text: str, expected: str) -> None:
    assert parse_base_url(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "Write the address"),
        ("gpu-1", "begin with"),
        ("ftp://gpu-1", "Only http"),
        ("http://me:pw@gpu-1", "password"),
        ("http://gpu-1/?a=b", '"?"'),
        ("http://gpu-1/#top", '"#"'),
        ("http://", "no host"),
        ("http://:80", "no host"),
        ("http://gpu-1:0", "port"),
        ("http://gpu-1:99999", "port"),
        ("http://gpu-1:abc", "port"),
        ("http://gpu-1:", "port"),
        ("http://gpu 1", "space"),
        ("http://gpu-1\n/x", "control"),
        ("http://a..b", "host name"),
        ("http://" + "a" * 64, "host name"),
        ("http://[::1", "not a URL"),
        ("http://gpu-1/a\\b", "path"),
    ],
)
def test_addresses_that_are_refused_say_why(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.?") as caught:
        parse_base_url(text)
    assert word in str(caught.value)


@given(st.one_of(st.text(), st.text(alphabet="htps:/[]@?#.%:0189abv \\é").map("http://".__add__)))
@example("http://[v1.x]")
@example("http://ⅷ")
def test_an_address_is_a_string_or_a_value_error(text: str) -> None:
    try:
        result = parse_base_url(text)
    except ValueError:
        return
    Client(result).close()  # and what is accepted can be used


@pytest.mark.parametrize("url", ["", "gpu-1", "http://me:pw@gpu-1"])
def test_a_client_refuses_what_is_no_base_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        Client(url)
