"""What an installation that was there before keeps."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def before():
    """The models as they were when an alert was a mail of its own."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("fleet", "0002_notes")])
    yield executor.loader.project_state([("fleet", "0002_notes")]).apps
    MigrationExecutor(connection).migrate(newest)


def test_alerts_of_before_become_messages_and_nobody_is_told_twice(before):
    team = before.get_model("teams", "Team").objects.create(name="Search", slug="search")
    endpoint = before.get_model("fleet", "Endpoint").objects.create(team=team, name="gpu-1", url="http://gpu-1:8000")
    make = before.get_model("fleet", "Incident").objects.create
    common = {"cause": "timed_out", "began_at": AT, "opened_at": AT, "status": "down"}
    open_one = make(endpoint=endpoint, **common)
    ended = make(endpoint=endpoint, resolved_at=AT, **common)
    write = before.get_model("fleet", "Alert").objects.create
    mail = {"recipient": "oncall@example.org", "facts": {}, "created_at": AT}
    write(incident=open_one, kind="down", state="waiting", next_try_at=AT, attempts=2, error="451 later", **mail)
    write(incident=ended, kind="down", state="sent", sent_at=AT, **mail)
    write(incident=ended, kind="recovered", state="sent", sent_at=AT, **mail)
    write(kind="review", key="review-1", state="no_server", **mail)

    executor = MigrationExecutor(connection)
    executor.migrate([("fleet", "0005_alert_without_state")])
    after = executor.loader.project_state([("fleet", "0005_alert_without_state")]).apps
    messages = after.get_model("fleet", "Message").objects.order_by("pk")
    assert [m.state for m in messages] == ["waiting", "sent", "sent", "no_server"]
    first = messages[0]
    assert (first.attempts, first.error, first.next_try_at, first.team_id) == (2, "451 later", AT, team.pk)
    assert list(first.alerts.values_list("incident", "kind")) == [(open_one.pk, "down")]
    told = dict(after.get_model("fleet", "Incident").objects.values_list("pk", "told"))
    assert told == {open_one.pk: "down", ended.pk: "recovered"}
