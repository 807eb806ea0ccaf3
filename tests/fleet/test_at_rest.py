"""What the schedule asks of the database in a fleet in which nothing happens: a count, so that it can't creep back."""

import time

import pytest

from config.celery import app
from fleet.alerts import calling, delivery
from fleet.incidents import sweep
from fleet.models import EndpointState
from fleet.muting import marks
from fleet.probing import dispatch, overdue
from tests.fleet.outages import watched

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def fleet(team, valkey, monkeypatch):
    """Three endpoints that were up a moment ago; this process has ticked before."""
    app.loader.import_default_modules()
    monkeypatch.setattr(overdue, "_last_said", "")
    for name in ("gpu-1", "gpu-2", "gpu-3"):
        watched(team, name)
    EndpointState.objects.update(due_at=time.time() + 60)
    dispatch.tick()


def test_a_tick_with_nothing_due_asks_four_questions(django_assert_max_num_queries):
    with django_assert_max_num_queries(4):  # trouble, due, missed, overdue
        dispatch.tick()


def test_a_tick_with_something_due_claims_it_and_asks_no_more(django_assert_max_num_queries):
    EndpointState.objects.update(due_at=int(time.time()))
    with django_assert_max_num_queries(12):  # put off, shares, savepoint, lock, an update for each, release
        dispatch.tick()
    assert not EndpointState.objects.filter(due_at__lte=time.time()).exists()


@pytest.mark.parametrize(
    "work",
    [delivery.deliver, calling.deliver_calls, sweep.sweep, marks.refresh],
    ids=["mails", "calls", "reminders", "marks"],
)
def test_other_work_asks_one_question(work, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        work()
