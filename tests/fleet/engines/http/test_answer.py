"""Reading JSON from servers that cannot be trusted to send it."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engines.errors import BadAnswer, Cause
from fleet.engines.http.answer import Answer

from ..expect import fails


def _json(body: bytes) -> object:
    return Answer(200, {}, body, "http://x").json()


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not JSON"),
        (b"<!DOCTYPE html><title>Sign in</title>", "Sign in"),
        (b'{"version": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b"9" * 5000, "number"),
    ],
)
def test_what_is_not_json(body: bytes, word: str) -> None:
    with fails(BadAnswer, Cause.NOT_JSON, word):
        _json(body)


def test_json_values_can_always_be_stored() -> None:
    numbers = rb'"nan": NaN, "far": -1e999, "n": 1.5'
    strings = rb'"half": "\ud800x", "nul": ["a\u0000"], "pair": "\ud83d\ude00"'
    body = b"{" + numbers + b", " + strings + b"}"
    assert _json(body) == {
        "nan": None,
        "far": None,
        "half": "\ufffdx",
        "nul": ["a\ufffd"],
        "pair": "\U0001f600",
        "n": 1.5,
    }


CODES = ("0000", "d83d", "de00", "DBFF", "dfff", "0041")
ESCAPES = ("\\\\", '\\"', "\\n", "u", "d8", *(f"\\u{code}" for code in CODES))


@given(st.lists(st.sampled_from(ESCAPES), max_size=12).map("".join))
def test_of_all_escapes_only_lone_surrogates_and_nul_are_replaced(written: str) -> None:
    body = f'["{written}"]'.encode()
    assert _json(body) == [re.sub("[\ud800-\udfff\0]", "\ufffd", text) for text in json.loads(body)]


def test_a_byte_order_mark_does_no_harm() -> None:
    assert _json(b"\xef\xbb\xbf[1]") == [1]


def test_another_json_shape_is_named() -> None:
    with fails(BadAnswer, Cause.WRONG_SHAPE, "dict", "list"):
        Answer(200, {}, b"[]", "http://x").json(dict)


@given(st.binary(max_size=200))
def test_json_of_anything_is_a_value_or_not_json(body: bytes) -> None:
    try:
        _json(body)
    except BadAnswer as error:
        assert error.cause is Cause.NOT_JSON
