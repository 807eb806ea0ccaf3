"""Two URLs are for the same server when their origins are the same."""

import pytest

from core.http.origin import Origin, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://gpu", Origin("http", "gpu", 80)),
        ("https://gpu/v1?x=1", Origin("https", "gpu", 443)),
        ("HTTP://GPU:8000/", Origin("http", "gpu", 8000)),
        ("http://[::1]", Origin("http", "::1", 80)),
        ("http://gpu:/", Origin("http", "gpu", 80)),
        ("", Origin("", "", 80)),
    ],
)
def test_the_port_of_the_scheme_stands_in_for_one_that_is_left_out(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", ["http://gpu:port", "http://gpu:99999"])
def test_a_port_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="Port"):
        origin_of(url)
