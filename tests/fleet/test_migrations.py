"""What an installation that was there before keeps."""

from datetime import UTC, datetime

import pytest

from fleet.alerts import recipients
from teams.models import Team
from tests.databases import in_place_of_ours, migrate, newest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_yet(transactional_db, tmp_path):
    """An empty database: to migrate ours back and forth takes several times as long."""
    with in_place_of_ours(tmp_path / "old.sqlite3"):
        yield


def test_alerts_of_before_become_messages_and_nobody_is_notified_twice():
    before = migrate(fleet="0002_notes")
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

    after = migrate(fleet="0005_alert_without_state")
    messages = after.get_model("fleet", "Message").objects.order_by("pk")
    assert [m.state for m in messages] == ["waiting", "sent", "sent", "no_server"]
    first = messages[0]
    assert (first.attempts, first.error, first.next_try_at, first.team_id) == (2, "451 later", AT, team.pk)
    assert list(first.alerts.values_list("incident", "kind")) == [(open_one.pk, "down")]
    shown = dict(after.get_model("fleet", "Incident").objects.values_list("pk", "told"))
    assert shown == {open_one.pk: "down", ended.pk: "recovered"}


def test_stored_addresses_get_the_form_that_typed_ones_have():
    old = migrate(fleet="0009_digest_time", teams="0004_pending_addresses")
    too_long = f"a@{'ü' * 60}.de"
    lists = ["a@MÜNCHEN.de", "A.b@Example.ORG", too_long, "a@xn--mnchen-3ya.de"]
    team = old.get_model("teams", "Team").objects.create(name="Search", slug="search", mail_to=lists)
    for address in ("a@münchen.de", "a@xn--mnchen-3ya.de", too_long):
        old.get_model("fleet", "Recipient").objects.create(team=team, address=address, unsubscribed_at=AT)
    migrate(**newest("fleet", "teams"))
    assert Team.objects.get().mail_to == ["a@xn--mnchen-3ya.de", "A.b@example.org", too_long]
    assert recipients.active(Team.objects.get()) == ["A.b@example.org"]
