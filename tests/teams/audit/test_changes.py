"""Each kind of change leaves its entry, with person, address and team, and nothing secret in it."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from advisor import catalogue, requirements
from advisor.decisions import actions
from fleet import endpoints
from fleet.alerts import links, recipients
from fleet.incidents import lifecycle
from fleet.models import (
    AlertPolicy,
    Channel,
    Endpoint,
    Incident,
    MaintenanceWindow,
    Message,
    Recipient,
    Silence,
)
from teams.models import AuditEntry, Membership, Role, Team
from tests.advisor import golden
from tests.advisor.decisions.decision_parts import record, typed

pytestmark = [pytest.mark.usefixtures("valkey"), pytest.mark.django_db]

HOME = "192.0.2.7"
ONCALL = "oncall@example.org"
PLANTED = "sk-planted-4711"
FORM = {
    "interval": 30, "timeout": 5, "fail_after": 3, "recover_after": 2, "fail_of": 0, "fail_for": 0, "canary_every": 600,
    "verify_tls": "on",
}  # fmt: skip


@pytest.fixture
def page(client, alice):
    """Alice's browser, at home. Her sign-in is not checked here."""
    client.force_login(alice)
    client.defaults["REMOTE_ADDR"] = HOME
    return client


@pytest.fixture
def gpu(team) -> Endpoint:
    return endpoints.add(team, name="gpu-1", url="http://gpu-1:8000", api_key=f"{PLANTED}-old")


@pytest.fixture
def incident(gpu) -> Incident:
    now = datetime.now(UTC)
    return Incident.objects.create(endpoint=gpu, status="down", cause="timed_out", began_at=now, opened_at=now)


class Trail:
    """What was written after it was made."""

    def __init__(self) -> None:
        self.start = AuditEntry.objects.count()

    def entries(self) -> list[AuditEntry]:
        return list(AuditEntry.objects.order_by("pk")[self.start :])

    def only(self, action: str) -> AuditEntry:
        found = self.entries()
        assert [each.action for each in found] == [action]
        return found[0]


@pytest.fixture
def by_alice(page, alice, team):
    """Does something in Alice's browser and returns its one entry, which has her, her address and her team."""

    def act(action: str, path: str, data: dict | None = None) -> AuditEntry:
        trail = Trail()
        answer = page.post(path, data or {})
        assert answer.status_code in (200, 302), answer.content.decode()
        found = trail.only(action)
        assert (found.actor_id, found.address, found.via) == (alice.pk, HOME, "")
        assert (found.team_id, found.team_name) == (team.pk, "Search")
        assert timezone.now() - found.at < timedelta(minutes=1)
        return found

    return act


def test_adding_changing_pausing_and_removing_an_endpoint(by_alice, team):
    typed_in = {**FORM, "url": "http://gpu-1:8000", "name": "gpu-1", "team": team.pk, "api_key": f"{PLANTED}-old"}
    added = by_alice("endpoint.added", "/endpoints/add/", typed_in)
    gpu = Endpoint.objects.get()
    assert (added.object_id, added.object_name, added.detail) == (gpu.pk, "gpu-1", {"url": "http://gpu-1:8000"})
    edited = {**typed_in, "interval": 60, "api_key": f"{PLANTED}-new"}
    changed = by_alice("endpoint.changed", f"/endpoints/{gpu.pk}/edit/", edited)
    assert changed.detail == {"interval": {"from": 30, "to": 60}, "api_key": "changed"}
    by_alice("endpoint.paused", f"/endpoints/{gpu.pk}/pause/")
    by_alice("endpoint.resumed", f"/endpoints/{gpu.pk}/resume/")
    removed = by_alice("endpoint.removed", f"/endpoints/{gpu.pk}/remove/")
    assert (removed.object_id, removed.object_name) == (gpu.pk, "gpu-1")


def test_what_changes_nothing_is_not_recorded(page, gpu):
    trail = Trail()
    page.post(f"/endpoints/{gpu.pk}/probe/")
    page.post(f"/endpoints/{gpu.pk}/resume/")
    endpoints.change(gpu, name="gpu-1")
    assert trail.entries() == []


def test_a_change_that_fails_leaves_no_entry(page, gpu, team, monkeypatch):
    trail = Trail()
    assert page.post("/endpoints/add/", {**FORM, "url": gpu.url, "name": "twin", "team": team.pk}).status_code == 422

    def fails(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(lifecycle, "stop_watching", fails)  # after the entry was written
    with pytest.raises(RuntimeError):
        endpoints.pause(gpu)
    with pytest.raises(RuntimeError):
        endpoints.change(gpu, url="http://gpu-2:8000", api_key="")
    assert trail.entries() == []


def test_what_is_done_about_an_incident(by_alice, incident):
    url = incident.get_absolute_url()
    taken = by_alice("incident.acknowledged", f"{url}acknowledge/", {"lasts": "60", "note": "on it"})
    assert (taken.object_id, taken.object_name) == (incident.pk, f"gpu-1 ({incident.pk})")
    assert taken.detail["until"].endswith(" UTC")
    by_alice("incident.unacknowledged", f"{url}unacknowledge/")
    by_alice("incident.noted", f"{url}note/", {"text": "the fuse"})


def test_silences_and_maintenance(by_alice, gpu):
    silenced = {"target": f"endpoint-{gpu.pk}", "lasts": "60", "reason": "moving house"}
    started = by_alice("silence.started", "/silences/", silenced)
    assert (started.object_name, started.detail["reason"]) == ("gpu-1", "moving house")
    by_alice("silence.ended", f"/silences/{Silence.objects.get().pk}/end/")
    begins = timezone.now() + timedelta(days=1)
    window = {
        "target": f"endpoint-{gpu.pk}", "name": "Updates", "starts": f"{begins:%Y-%m-%dT%H:%M}",
        "ends": f"{begins + timedelta(hours=1):%Y-%m-%dT%H:%M}", "repeats": "once", "time_zone": "UTC",
    }  # fmt: skip
    planned = by_alice("maintenance.planned", "/maintenance/", window)
    assert (planned.object_name, planned.detail["minutes"]) == ("Updates: gpu-1", 60)
    by_alice("maintenance.removed", f"/maintenance/{MaintenanceWindow.objects.get().pk}/remove/")


def test_a_link_in_a_mail_shows_of_whom_it_was_sent_to(client, incident, alice, team):
    trail = Trail()
    client.post(links.acknowledge_path(incident.pk, ONCALL), REMOTE_ADDR=HOME)
    found = trail.only("incident.acknowledged")
    assert (found.actor_id, found.via, found.address) == (None, "link in a mail", HOME)
    assert (found.detail, found.team_id) == ({"mail": ONCALL}, team.pk)
    client.post(links.acknowledge_path(incident.pk, alice.email))
    assert trail.entries()[-1].detail == {"person": alice.pk}


def test_unsubscribing_by_a_link_is_reported_once(client, team):
    trail = Trail()
    for _ in range(2):
        client.post(links.unsubscribe_path(team.pk, ONCALL), REMOTE_ADDR=HOME)
    found = trail.only("recipient.unsubscribed")
    assert (found.actor_id, found.via, found.detail) == (None, "link in a mail", {"mail": ONCALL})


def test_a_change_of_the_notifications(by_alice, team):
    path = "/teams/search/alerting/"
    rules = {
        "remind_every": "6", "escalate_after": "45", "escalate_to": "boss@example.org", "time_zone": "UTC",
        "digest_at": "08:00", "webhook_url": f"http://127.0.0.1:9/{PLANTED}", "apprise_url": "",
    }  # fmt: skip
    changed = by_alice("alerting.changed", path, rules)
    assert changed.detail["webhook_url"] == changed.detail["webhook_secret"] == "set"
    assert changed.detail["remind_every"]["to"] == 6 and changed.detail["escalate_to"] == "set"
    assert AlertPolicy.objects.get().webhook_secret not in json.dumps(changed.detail)
    trail = Trail()
    AlertPolicy.objects.get().save()
    assert trail.entries() == []
    recipients.unsubscribe(team, ONCALL)
    by_alice("recipient.subscribed", f"{path}recipient/", {"address": ONCALL, "act": "subscribe"})
    recipients.bounced(team, ONCALL, "no such mailbox")
    cleared = by_alice("recipient.cleared", f"{path}recipient/", {"address": ONCALL, "act": "clear"})
    assert cleared.detail == {"mail": ONCALL}


def test_a_test_message_and_one_that_is_sent_again(by_alice, team, smtp):
    tested = by_alice("alerting.tested", "/teams/search/alerting/test/", {"channel": "mail"})
    assert tested.detail == {"channel": "mail", "addresses": 1}
    now = datetime.now(UTC)
    lost = Message.objects.create(team=team, recipient=ONCALL, created_at=now, state=Message.State.GIVEN_UP)
    again = by_alice("message.sent_again", f"/alerts/{lost.pk}/again/")
    assert (again.object_id, again.detail) == (lost.pk, {"mail": ONCALL})


def test_a_worker_leaves_no_entry(gpu, team):
    Recipient.objects.create(team=team, address=ONCALL)
    trail = Trail()
    recipients.bounced(team, ONCALL, "no such mailbox")
    recipients.clear_bounce(team, ONCALL)
    lifecycle.stop_watching([gpu.pk], "Because.")
    assert trail.entries() == []


def test_requirements_are_recorded_once_an_hour_however_often_they_are_saved(page, team, alice, bob, time_machine):
    trail = Trail()
    current = catalogue.load().version
    saved = requirements.create(uuid4(), team, alice, "Assistant", golden.answers("GC-04"), current)
    assert (trail.only("requirement.created").actor_id, trail.only("requirement.created").object_name) == (
        alice.pk,
        "Assistant",
    )
    trail = Trail()
    began = timezone.now()
    for minute, user, name in [(0, alice, "b"), (1, alice, "c"), (2, bob, "d"), (59, alice, "e"), (61, alice, "f")]:
        time_machine.move_to(began + timedelta(minutes=minute), tick=False)
        requirements.save(saved, saved.version, user, golden.answers("GC-04"), current, name)
    assert [(each.action, each.actor_id, each.object_name) for each in trail.entries()] == [
        ("requirement.changed", alice.pk, "b"),
        ("requirement.changed", bob.pk, "d"),
        ("requirement.changed", alice.pk, "f"),
    ]
    with pytest.raises(requirements.Stale):
        requirements.save(saved, 1, charlie_like(team), golden.answers("GC-04"), current, "stale")
    assert len(trail.entries()) == 3


def charlie_like(team: Team):
    """Another member."""
    member = Membership.objects.create(
        team=team, role=Role.OPERATOR, user=team.members.model.objects.create_user("dora")
    )
    return member.user


def test_a_public_link_of_a_requirement(by_alice, team, alice):
    saved = requirements.create(uuid4(), team, alice, "Ours", golden.answers("GC-04"), catalogue.load().version)
    shared = by_alice("requirement.shared", f"/advisor/requirements/{saved.pk}/share/")
    saved.refresh_from_db()
    assert saved.share_token not in json.dumps(shared.detail)
    by_alice("requirement.withdrawn", f"/advisor/requirements/{saved.pk}/withdraw/")


def test_decisions_are_reported_from_record_to_export(page, by_alice, team, alice):
    trail = Trail()
    made = record(alice, team)
    assert trail.only("decision.recorded").object_name == str(made)[:200]
    path = f"/decisions/{made.pk}/"
    version = {"version": str(made.version)}
    edited = by_alice("decision.edited", f"{path}edit/", typed(team, title="Another title") | version)
    assert "title" in edited.detail["changed"]
    made.refresh_from_db()
    moved = by_alice("decision.moved", f"{path}move/", {"status": "proposed", "version": str(made.version)})
    assert moved.detail == {"status": {"from": "draft", "to": "proposed"}}
    made.refresh_from_db()
    by_alice("decision.moved", f"{path}move/", {"status": "accepted", "version": str(made.version)})
    made.refresh_from_db()
    next_on = timezone.localdate() + timedelta(days=90)
    reviewed = {"next_on": next_on.isoformat(), "note": "fine", "version": str(made.version)}
    by_alice("decision.reviewed", f"{path}reviewed/", reviewed)
    trail = Trail()
    assert page.get("/decisions/export.zip").status_code == 200
    exported = trail.only("decision.exported")
    assert (exported.actor_id, exported.team_id, exported.detail) == (alice.pk, team.pk, {"decisions": 1})
    trail = Trail()
    with pytest.raises(actions.NotAllowed):
        actions.move(alice, made, made.version + 1, "nonsense")
    assert trail.entries() == []


def test_no_key_is_anywhere_in_the_trail(page, gpu, team, incident, tmp_path):
    page.post(f"/endpoints/{gpu.pk}/edit/", {**FORM, "url": gpu.url, "name": gpu.name, "api_key": f"{PLANTED}-new"})
    page.post(f"/endpoints/{gpu.pk}/edit/", {**FORM, "url": gpu.url, "name": gpu.name, "forget_key": "on"})
    page.post(f"/endpoints/{gpu.pk}/remove/")
    page.post("/teams/search/alerting/test/", {"channel": Channel.WEBHOOK.value})
    everything = json.dumps(list(AuditEntry.objects.values("detail", "object_name", "via")))
    assert "endpoint.removed" in set(AuditEntry.objects.values_list("action", flat=True))
    assert PLANTED not in everything
