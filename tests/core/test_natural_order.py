"""Numbers in names sort as numbers, in Python and in both databases."""

from itertools import permutations

import pytest
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from core.natural_order import Natural, natural_key
from teams.models import Team

IN_ORDER = ["Chat", "chat-1", "Chat-1-a", "chat-01-b", "chat-2", "Chat-2a", "chat-10", "chat-100", "embed-9"]
WORDS = st.text("aBc-_. /ß", max_size=6)
NUMBERS = st.integers(0, 10**30)


@given(WORDS, NUMBERS, NUMBERS, st.integers(0, 3), WORDS, WORDS)
def test_where_names_differ_by_a_number_the_lower_one_is_first(before, one, other, zeros, after, other_after):
    keys = natural_key(f"{before}{'0' * zeros}{one}{after}"), natural_key(f"{before}{other}{other_after}")
    assert (keys[0] < keys[1]) == ((one, after.casefold()) < (other, other_after.casefold()))


@given(WORDS, WORDS)
def test_names_without_numbers_sort_by_their_letters_whatever_the_case(one, other):
    assert (natural_key(one) < natural_key(other)) == (one.casefold() < other.casefold())


def test_names_in_order_stay_so():
    for pair in permutations(IN_ORDER, 2):
        assert sorted(pair, key=natural_key) == sorted(pair, key=IN_ORDER.index)


@pytest.mark.django_db
@pytest.mark.postgres
def test_the_database_sorts_by_the_same_order():
    Team.objects.bulk_create(Team(name=name, slug=f"t{place}") for place, name in enumerate(reversed(IN_ORDER)))
    assert list(Team.objects.values_list("name", flat=True)) == IN_ORDER
    backwards = Team.objects.order_by(Natural(F("name")).desc())
    assert list(backwards.values_list("name", flat=True)) == IN_ORDER[::-1]
