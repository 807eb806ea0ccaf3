"""Values that are not what they should be."""

import pytest

from fleet.engines import lenient
from fleet.engines.reading import Model


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), (7.0, 7), (0, 0)])
def test_a_whole_number_is_read_in_any_of_its_forms(value: object, number: int) -> None:
    assert lenient.whole(value) == number


@pytest.mark.parametrize("value", [None, True, -1, 1.5, "x", "", "1e3", "٣", 2**63, 10**400, float("inf"), [], {}])
def test_what_is_no_count_is_unknown(value: object) -> None:
    assert lenient.whole(value) is None


@pytest.mark.parametrize("value", [None, "", "  ", 7, [], {}])
def test_what_is_no_text_is_unknown(value: object) -> None:
    assert lenient.text(value) is None


def test_endless_text_is_cut() -> None:
    assert lenient.text("x" * 5000) == "x" * 300


def test_lists_pass_over_what_does_not_belong() -> None:
    assert list(lenient.mappings([{"a": 1}, None, 7, []])) == [{"a": 1}]
    assert lenient.texts(["a", None, 7, "b"]) == ("a", "b")
    assert list(lenient.mappings("abc")) == []


def test_the_first_model_of_a_name_is_kept() -> None:
    models, warnings = lenient.keep([Model("a", size=1), Model("b"), Model("a", size=2)])
    assert models == (Model("a", size=1), Model("b"))
    assert warnings == ()
