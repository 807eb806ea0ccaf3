"""What an installation that was there before keeps."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from fleet.alerts import recipients
from teams.models import Team

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def before():
    """The models as they were when an alert was a mail of its own."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("fleet", "0002_notes")])
    yield executor.loader.project_state([("fleet", "0002_notes")]).apps
    MigrationExecutor(connection).migrate(newest)


def test_alerts_of_before_become_messages_and_nobody_is_notified_twice(before):
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
    shown = dict(after.get_model("fleet", "Incident").objects.values_list("pk", "told"))
    assert shown == {open_one.pk: "down", ended.pk: "recovered"}


def test_stored_addresses_get_the_form_that_typed_ones_have():
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("fleet", "0009_digest_time")])
    old = executor.loader.project_state([("fleet", "0009_digest_time"), ("teams", "0004_pending_addresses")]).apps
    too_long = f"a@{'ü' * 60}.de"
    lists = ["a@MÜNCHEN.de", "A.b@Example.ORG", too_long, "a@xn--mnchen-3ya.de"]
    team = old.get_model("teams", "Team").objects.create(name="Search", slug="search", mail_to=lists)
    for address in ("a@münchen.de", "a@xn--mnchen-3ya.de", too_long):
        old.get_model("fleet", "Recipient").objects.create(team=team, address=address, unsubscribed_at=AT)
    MigrationExecutor(connection).migrate(newest)
    assert Team.objects.get().mail_to == ["a@xn--mnchen-3ya.de", "A.b@example.org", too_long]
    assert recipients.active(Team.objects.get()) == ["A.b@example.org"]
