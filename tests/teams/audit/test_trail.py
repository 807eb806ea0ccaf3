"""The audit trail itself: what an entry holds, that none is ever changed, and that a flood is bounded."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.urls import resolve

from teams import audit
from teams.audit.actions import ACTIONS
from teams.models import AuditEntry
from teams.models.audit import AppendOnly

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def answering(path: str = "/", user=None, **extra):
    """A request that is being answered."""
    request = RequestFactory().get(path, **extra)
    request.user = user or AnonymousUser()
    request.resolver_match = resolve(request.path)
    return audit.context.request_context(request)


def only() -> AuditEntry:
    return AuditEntry.objects.get()


def test_an_entry_says_who_did_what_to_what_from_where(alice, team):
    with answering(user=alice, REMOTE_ADDR="192.0.2.7"):
        audit.record("team.changed", team=team, what=team, detail={"changed": ["name"]})
    found = only()
    assert (found.actor_id, found.address, found.via) == (alice.pk, "192.0.2.7", "")
    assert (found.team_id, found.team_name, found.action) == (team.pk, "Search", "team.changed")
    assert (found.object_id, found.object_name, found.detail) == (team.pk, "Search", {"changed": ["name"]})


def test_people_are_kept_by_number_alone(alice, bob):
    audit.record("person.deactivated", what=bob, actor=alice)
    assert (only().object_id, only().object_name) == (bob.pk, "")


def test_an_address_of_a_person_is_kept_as_their_number(alice):
    User.objects.filter(pk=alice.pk).update(email="alice@example.org")
    assert audit.subject_of("Alice@Example.org") == {"person": alice.pk}
    assert audit.subject_of("oncall@example.org") == {"mail": "oncall@example.org"}


def test_an_unheard_action_is_a_mistake():
    with pytest.raises(KeyError):
        audit.record("endpoint.eaten")
    assert not AuditEntry.objects.exists()


def test_who_runs_a_command_has_no_number_and_no_address():
    with audit.acting_via("manage.py apply"):
        audit.record("team.created")
    assert (only().actor_id, only().address, only().via) == (None, None, "manage.py apply")


def test_a_forwarded_address_of_a_stranger_is_not_believed():
    with answering(REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="10.9.9.9", HTTP_X_REAL_IP="10.9.9.9"):
        audit.record("session.failed")
    assert only().address == "192.0.2.7"


def test_a_server_on_a_unix_socket_shows_no_address():
    with answering(REMOTE_ADDR=""):
        audit.record("session.failed")
    assert only().address is None


def test_what_is_rolled_back_leaves_no_entry(team):
    with transaction.atomic():
        audit.record("team.changed", team=team)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_differences_show_values_but_for_secrets():
    before = {"interval": 30, "api_key": "old-planted", "name": "a", "models": []}
    after = {"interval": 60, "api_key": "new-planted", "name": "a", "models": ["m"]}
    shown = audit.differences(before, after, {"api_key"})
    assert shown == {
        "interval": {"from": 30, "to": 60},
        "api_key": "changed",
        "models": {"from": [], "to": ["m"]},
    }
    assert audit.differences({"key": ""}, {"key": "x"}, {"key"}) == {"key": "set"}
    assert audit.differences({"key": "x"}, {"key": ""}, {"key"}) == {"key": "removed"}


def test_differences_hide_secrets_of_the_settings(settings):
    settings.EMAIL_HOST_PASSWORD = "planted-password"
    shown = audit.differences({"url": ""}, {"url": "http://gpu/planted-password"})
    assert "planted" not in str(shown)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows, row: rows.update(action="session.ended"),
        lambda rows, row: rows.delete(),
        lambda rows, row: rows.filter(pk=row.pk).delete(),
        lambda rows, row: rows.all()._raw_delete("default"),
        lambda rows, row: rows.bulk_update([row], ["action"]),
        lambda rows, row: rows.bulk_create(
            [AuditEntry(pk=row.pk, action="x")], update_conflicts=True, unique_fields=["pk"], update_fields=["action"]
        ),
        lambda rows, row: rows.append([AuditEntry(pk=row.pk, action="x")]),
        lambda rows, row: rows.update_or_create(pk=row.pk, defaults={"action": "x"}),
        lambda rows, row: row.save(),
        lambda rows, row: row.save(update_fields=["action"]),
        lambda rows, row: row.delete(),
    ],
)
@pytest.mark.parametrize("manager", ["objects", "_base_manager", "_default_manager"])
def test_code_can_not_change_an_entry(change, manager):
    audit.record("session.ended")
    with pytest.raises(AppendOnly), transaction.atomic():
        change(getattr(AuditEntry, manager), only())
    assert only().action == "session.ended"


def test_an_entry_can_not_be_written_over_by_its_number():
    audit.record("session.ended")
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry(pk=only().pk, action="x").save()
    assert only().action == "session.ended"


def test_nothing_refers_to_the_table_so_no_deletion_reaches_it():
    assert not AuditEntry._meta.related_objects
    assert not [field for field in AuditEntry._meta.concrete_fields if field.is_relation]


def test_no_code_of_ours_speaks_sql_to_the_table_or_goes_around_the_model():
    table = AuditEntry._meta.db_table
    ours = [path for app in ("config", "teams", "fleet", "advisor") for path in (ROOT / app).rglob("*.py")]
    assert len(ours) > 100
    direct = re.compile(rf"{table}|AuditEntry\.(_base_manager|_default_manager)|QuerySet\(AuditEntry")
    found = {str(p.relative_to(ROOT)) for p in ours if "migrations" not in p.parts and direct.search(p.read_text())}
    assert found == set()
    writing = re.compile(r"(?<!class )AuditEntry\(|AuditEntry\.objects\.(create|append)\(")
    writers = {str(p.relative_to(ROOT)) for p in ours if writing.search(p.read_text())}
    assert writers == {"teams/audit/trail.py"}


def test_a_flood_of_refusals_is_one_entry_a_minute_for_each_page(alice, bob):
    for user, path in [(alice, "/teams/"), (alice, "/teams/"), (bob, "/teams/"), (alice, "/models/")]:
        with answering(path, user):
            audit.record("access.refused")
    assert sorted((each.actor_id, each.detail["page"]) for each in AuditEntry.objects.all()) == sorted(
        [(alice.pk, "/teams/"), (bob.pk, "/teams/"), (alice.pk, "/models/")]
    )
    cache.clear()  # as a minute does
    with answering("/teams/", alice):
        audit.record("access.refused")
    assert AuditEntry.objects.count() == 4


def test_without_the_broker_refusals_are_written_all_the_same(alice, no_broker):
    for path in ("/teams/", "/teams/", "/models/"):
        with answering(path, alice):
            audit.record("access.refused")
    assert AuditEntry.objects.count() == 2


def test_the_page_of_a_refusal_has_no_token(alice):
    with answering("/join/planted-token/", alice):
        audit.record("access.refused")
    assert only().detail == {"page": "/join/<str:token>/"}


def test_once_in_holds_for_a_person_and_an_object(alice, bob, team):
    for user in (alice, alice, bob):
        audit.record("team.changed", team=team, what=team, actor=user, once_in=timedelta(hours=1))
    assert [each.actor_id for each in AuditEntry.objects.order_by("pk")] == [alice.pk, bob.pk]


def test_every_action_that_is_recorded_has_words_of_its_own():
    sources = [p.read_text() for app in ("teams", "fleet", "advisor") for p in (ROOT / app).rglob("*.py")]
    recorded = {name for text in sources for name in re.findall(r'record(?:_rule)?\(\s*"([a-z]+\.[a-z_]+)"', text)}
    assert len(recorded) > 30 and recorded <= set(ACTIONS)
    assert len(set(ACTIONS.values())) == len(ACTIONS)
