"""A fence round each item of a sweep."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError

from core import fence
from core.fence import Item
from core.models import PutOff
from teams.models import Team

pytestmark = pytest.mark.django_db


def sweep(rows, bad=(), team=None):
    """Runs a sweep that raises at `bad`; returns what it did."""
    done = []

    def work(row):
        if row in bad:
            raise TypeError(f"{row} is poison, key sk-abcdefghijklmnop")
        done.append(row)
        return True

    count = fence.each("tests", rows, work, lambda row: Item(row, f"item {row}", team and team.pk))
    assert count == len(done)
    return done


def test_one_item_that_raises_does_not_stop_the_others_and_is_written_down(team, caplog):
    assert sweep("abc", bad="b", team=team) == ["a", "c"]
    row = PutOff.objects.get()
    assert (row.sweep, row.key, row.name, row.team, row.attempts) == ("tests", "b", "item b", team, 1)
    assert row.why.startswith("TypeError: b is poison")
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_it_is_tried_again_later_and_later_and_logged_with_a_traceback_once(caplog):
    with time_machine.travel(datetime(2026, 11, 28, 9, tzinfo=UTC), tick=False) as clock:
        for _ in range(3):
            sweep("b", bad="b")
            assert PutOff.objects.get().next_try_at > datetime.now(UTC)
            before = PutOff.objects.get().attempts
            sweep("b", bad="b")  # not yet its time
            assert PutOff.objects.get().attempts == before
            clock.shift(timedelta(minutes=20))
    assert PutOff.objects.get().attempts == 3
    assert len(caplog.records) == 1


def test_what_works_again_is_forgotten():
    with time_machine.travel(datetime(2026, 11, 28, 9, tzinfo=UTC), tick=False) as clock:
        sweep("b", bad="b")
        clock.shift(timedelta(minutes=20))
        assert sweep("b") == ["b"]
    assert not PutOff.objects.exists()


def test_it_is_given_up_after_a_day_until_someone_wants_it_again():
    with time_machine.travel(datetime(2026, 11, 28, 9, tzinfo=UTC), tick=False) as clock:
        sweep("b", bad="b")
        clock.shift(timedelta(days=1, minutes=1))
        sweep("b", bad="b")
        assert PutOff.objects.get().next_try_at is None
        clock.shift(timedelta(days=1))
        assert sweep("b") == []
        fence.try_again(PutOff.objects.get())
        assert sweep("b") == ["b"]


def test_a_database_that_is_away_is_no_items_fault():
    def work(row):
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        fence.each("tests", "ab", work, lambda row: Item(row, row))
    assert not PutOff.objects.exists()


def test_what_is_gone_is_not_listed_for_ever(team):
    sweep("b", bad="b", team=team)
    fence.forget_old(datetime.now(UTC) + timedelta(days=31))
    assert not PutOff.objects.exists()


def test_it_goes_with_its_team(team):
    sweep("b", bad="b", team=team)
    Team.objects.filter(pk=team.pk).delete()
    assert not PutOff.objects.exists()


def test_what_is_not_to_be_tried_now_is_known_by_its_key():
    with time_machine.travel(datetime(2026, 11, 28, 9, tzinfo=UTC), tick=False) as clock:
        sweep("b", bad="b")
        assert fence.waiting("tests") == {"b"} and not fence.waiting("others")
        clock.shift(timedelta(minutes=20))
        assert not fence.waiting("tests")
        clock.shift(timedelta(days=2))
        sweep("b", bad="b")
        assert fence.waiting("tests") == {"b"}, "given up"


def test_an_item_that_nobody_came_by_with_again_is_dropped_and_one_given_up_stays():
    with time_machine.travel(datetime(2026, 11, 28, 9, tzinfo=UTC), tick=False) as clock:
        sweep("ab", bad="ab")
        clock.shift(timedelta(days=2))
        sweep("a", bad="a")
        clock.shift(timedelta(hours=1))
        fence.forget_old(datetime.now(UTC))
        assert [row.key for row in PutOff.objects.all()] == ["a"]
        fence.forget("tests", "a")
    assert not PutOff.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_item_whose_team_is_removed_meanwhile_does_not_stop_the_others(team):
    seen = []

    def work(row):
        Team.objects.all().delete()
        seen.append(row)
        raise TypeError("it is gone")

    fence.each("tests", "ab", work, lambda row: Item(row, row, team.pk))
    assert seen == ["a", "b"] and not PutOff.objects.exists()
