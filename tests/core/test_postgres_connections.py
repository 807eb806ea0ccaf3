"""How many connections PostgreSQL allows, and what is said when none is free."""

import pytest
from django.db import OperationalError, connection

from core import postgres
from core.database import give_back
from ops.backup import tables
from teams.models import Team


class PoolTimeout(Exception):
    """As psycopg_pool names it."""


@pytest.mark.django_db
def test_a_page_that_gets_no_connection_in_time_says_busy_and_not_broken(client, alice, monkeypatch):
    client.force_login(alice)
    client.raise_request_exception = False

    def no_connection(*_: object) -> None:
        raise OperationalError("couldn't get a connection after 5.00 sec") from PoolTimeout()

    monkeypatch.setattr("fleet.queries.board.board", no_connection)
    answer = client.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert b"Busy" in answer.content and b"Load the page again" in answer.content


@pytest.mark.django_db
def test_any_other_error_is_one_on_our_side(client, alice, monkeypatch):
    client.force_login(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("fleet.queries.board.board", lambda *_: 1 / 0)
    assert client.get("/").status_code == 500


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_connection_is_given_back_to_the_pool_and_kept_to_a_file():
    connection.ensure_connection()
    give_back()
    assert (connection.connection is None) == (connection.vendor == "postgresql")


@pytest.mark.django_db
@pytest.mark.postgres
def test_inside_a_transaction_nothing_is_given_back():
    give_back()
    assert connection.connection is not None


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_server_with_too_few_connections_is_reported_at_start(monkeypatch):
    if connection.vendor != "postgresql":
        assert postgres.shortage() == ""
        return
    monkeypatch.setattr(postgres, "PROCESSES", 1)
    assert postgres.shortage() == ""
    monkeypatch.setattr(postgres, "PROCESSES", 10_000)
    assert "Raise max_connections" in postgres.shortage()


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.parametrize("rows", [0, 2, 4, 5])
def test_a_backup_reads_every_row_once_whatever_the_size_of_its_chunks(rows, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(tables, "CHUNK", 2)
    made = [Team.objects.create(name=f"Team {n}", slug=f"team-{n}").pk for n in range(rows)]
    with django_assert_num_queries(rows // 2 + 1 + rows % 2):
        assert [row[0] for row in tables.Table(Team).rows()] == made


@pytest.mark.django_db
@pytest.mark.postgres
def test_no_query_keeps_a_cursor_on_the_server():
    Team.objects.create(name="Search", slug="search")
    assert [team.slug for team in Team.objects.iterator()] == ["search"]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors")
            assert cursor.fetchone() == (0,)
        assert connection.connection.prepare_threshold is None
