"""Questions whose SQL is made once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import CharField, DateTimeField, F
from django.db.models.functions import Concat

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


def test_an_update_changes_the_rows_of_each_list_and_the_sql_is_made_once(django_assert_num_queries):
    made = []

    def change():
        made.append(1)
        name = Concat(F("username"), prepared.Parameter("end", CharField()))
        return User.objects.filter(pk__in=prepared.Numbers("pks")), {"username": name, "is_active": False}

    update = prepared.update(change)
    alice, bob, _ = (User.objects.create(username=name) for name in ("alice", "bob", "charlie"))
    with django_assert_num_queries(3):
        update(pks=[alice.pk, bob.pk], end="-2")
        update(pks=[bob.pk], end="-3")
        update(pks=[], end="-4")
    assert made == [1]
    found = User.objects.order_by("pk").values_list("username", "is_active")
    assert list(found) == [("alice-2", False), ("bob-2-3", False), ("charlie", True)]


def test_rows_of_many_keys_take_few_statements(django_assert_num_queries):
    made = []

    def queryset(keys):
        made.append(len(keys))
        return User.objects.filter(pk__in=keys).values_list("username")

    ask = prepared.rows_by_key(queryset)
    users = [User.objects.create(username=f"user-{n}") for n in range(6)]
    with django_assert_num_queries(6):
        for many in range(7):
            assert sorted(ask(user.pk for user in users[:many])) == [(f"user-{n}",) for n in range(many)]
    assert made == [1, 2, 4, 8]
