"""The learned load line, and what a change of a server did."""

from fleet.evidence.compare import compare
from fleet.evidence.judge import Case
from fleet.evidence.line import Line, learned
from fleet.evidence.target import Target
from fleet.evidence.verdict import State

from .weeks import MONDAY, OFFICE, WEEK, canaries, queue, week

CHAT = Target(first_token=1.0)


def hours(*callers_and_bucket):
    rows = week(queue(1))[: len(callers_and_bucket)]
    office = [row for row in week(queue(1)) if OFFICE.has(row.start)]
    made = []
    for row, (callers, bucket) in zip(office, callers_and_bucket, strict=False):
        counts = queue(callers)(True) | {f"ttft.{bucket}": 100}
        made.append(type(row)(row.start, row.model, counts, row.edges))
    assert len(rows) == len(made)
    return made


GOOD, BAD, WIDE = 1, 4, 2


def test_the_line_parts_good_hours_from_bad_ones():
    rows = hours((2, GOOD), (3, GOOD), (4, GOOD), (8, BAD), (8, BAD), (12, BAD))
    assert learned(rows, CHAT) == Line(callers=4, met=3, missed=3, exceptions=0)


def test_a_single_bad_hour_below_it_does_not_move_it():
    rows = hours((2, GOOD), (3, BAD), (4, GOOD), (4, GOOD), (8, BAD), (8, BAD), (12, BAD))
    assert learned(rows, CHAT) == Line(callers=4, met=3, missed=3, exceptions=1)


def test_without_bad_hours_no_line_is_known():
    assert learned(hours((2, GOOD), (3, GOOD), (4, GOOD), (8, GOOD)), CHAT) is None


def test_without_a_target_no_line_is_known():
    assert learned(hours((2, GOOD), (8, BAD)), Target()) is None


def test_a_change_is_compared_over_equal_windows():
    before, after = week(canaries(6), "m"), week(canaries(0), "m", MONDAY + WEEK)
    case = Case("ollama", (*before, *after), MONDAY + 2 * WEEK)
    (found,) = compare(case, MONDAY + WEEK)
    assert (found.before.state, found.after.state, found.seconds) == (State.TUNE_FIRST, State.FINE, WEEK)
    waited = next(each for each in found.figures if each.before and each.before.name == "waited_much")
    assert (waited.before.value, waited.after.value) == ("50 %", "0 %")


def test_a_change_of_just_now_is_not_compared_yet():
    assert compare(Case("ollama", tuple(week(canaries(6), "m")), MONDAY + WEEK), MONDAY + WEEK - 60) == ()
