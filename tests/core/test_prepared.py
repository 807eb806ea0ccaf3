"""Questions whose SQL is made once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import CharField, DateTimeField

from core import prepared

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_rows_are_those_of_each_calls_parameters_and_the_sql_is_made_once(django_assert_num_queries):
    made = []

    def queryset():
        made.append(1)
        return User.objects.filter(username=prepared.Parameter("name", CharField())).values_list(
            "username", "is_active"
        )

    ask = prepared.rows(queryset)
    User.objects.create(username="alice")
    with django_assert_num_queries(2):
        assert ask(name="alice") == [("alice", True)]
        assert ask(name="charlie") == []
    assert made == [1]


def test_one_statement_says_which_of_several_exist(django_assert_num_queries):
    joined = prepared.Parameter("joined", DateTimeField())
    ask = prepared.exist(lambda: [User.objects.filter(date_joined__gt=joined), User.objects.filter(username="bob")])
    User.objects.create(username="alice")
    now = datetime.now(UTC)
    with django_assert_num_queries(2):
        assert ask(joined=now - timedelta(hours=1)) == [True, False]
        assert ask(joined=now + timedelta(hours=1)) == [False, False]
