"""What a tick costs in a fleet in which nothing happens."""

import time

import pytest

from config.celery import app
from fleet.models import EndpointState
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


def test_with_nothing_due_it_asks_four_small_questions(django_assert_max_num_queries):
    with django_assert_max_num_queries(4):  # trouble, due, missed, overdue
        dispatch.tick()


def test_with_something_due_it_claims_and_asks_nothing_more(django_assert_max_num_queries):
    EndpointState.objects.update(due_at=int(time.time()), stretch=1)
    with django_assert_max_num_queries(12):
        dispatch.tick()
    assert not EndpointState.objects.filter(due_at__lte=time.time()).exists()
