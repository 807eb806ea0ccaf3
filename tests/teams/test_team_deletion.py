"""Deleting a team: it asks for the name, says what goes, and takes all of it and nothing of others."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from advisor.models import Decision, Requirement
from fleet.models import Alert, Endpoint, EndpointState, Incident, Observation, Silence
from teams import invitations, team_lifecycle
from teams.models import ApiToken, AuditEntry, Invitation, Membership, Role, Team
from teams.team_lifecycle import new_team
from tests.advisor.decisions.decision_parts import record
from tests.fleet.outages import fail, good, watched
from tests.fleet.recording import record as record_reading
from tests.fleet.recording import state_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("valkey"),
]


@pytest.fixture
def rich(alice, bob, team) -> Team:
    """A team with one of everything, also with what refers to its own kind."""
    gpu, router = watched(team, "gpu-1"), watched(team, "router")
    Endpoint.objects.filter(pk=gpu.pk).update(depends_on=router)
    fail(router)
    fail(gpu)
    old = record(alice, team, status="accepted", endpoints=[gpu])
    record(alice, team, status="accepted", supersedes=old)
    record(bob, team)
    Requirement.objects.create(team=team, name="Ours", catalogue_version="1", created_by=bob)
    now = datetime.now(UTC)
    Silence.objects.create(team=team, endpoint=gpu, starts_at=now, ends_at=now + timedelta(hours=1))
    invitations.invite(team, "dora@example.org", Role.VIEWER, alice)
    ApiToken.objects.create(team=team, name="ci", scopes=[], start="x", token_hash="y", expires_at=now)
    return team


def test_the_page_says_what_goes_and_only_the_name_deletes(client, alice, rich):
    client.force_login(alice)
    page = client.get("/teams/search/delete/").content.decode()
    for said in ("2 endpoints", "2 incidents", "3 decisions", "1 requirement", "1 api token", "2 memberships"):
        assert said in page, said
    page = client.post("/teams/search/delete/", {"typed": "search"}).content.decode()
    assert "This is not “Search”" in page and Team.objects.exists()
    assert client.post("/teams/search/delete/", {"typed": "Search"}).url == "/teams/"
    assert not Team.objects.exists()


def test_all_of_it_goes_and_nothing_of_others(alice, charlie, rich):
    other = new_team(charlie, "Other", [])
    kept = watched(other, "kept")
    fail(kept)
    team_lifecycle.delete_team(alice, rich)
    assert list(Endpoint.objects.values_list("name", flat=True)) == ["kept"]
    assert {row.endpoint_id for row in Observation.objects.all()} == {kept.pk}
    assert [each.endpoint_id for each in Incident.objects.all()] == [kept.pk]
    for model in (Decision, Requirement, Silence, Invitation, ApiToken):
        assert not model.objects.exists(), model
    assert not Alert.objects.filter(team=None).exists()
    assert User.objects.count() == 3 and Membership.objects.get().user == charlie
    entry = AuditEntry.objects.get(action="team.deleted")
    assert (entry.actor_id, entry.team_name, entry.object_name) == (alice.pk, "Search", "Search")
    assert entry.detail["with"]["endpoints"] == 2


def test_a_decision_of_another_team_in_the_way_is_named_and_nothing_goes(alice, charlie, rich):
    """The pages do not allow it, but the database does."""
    other = new_team(charlie, "Other", [])
    theirs = record(charlie, other, title="Built on theirs")
    Decision.objects.filter(pk=theirs.pk).update(supersedes=Decision.objects.filter(team=rich).first())
    with pytest.raises(team_lifecycle.Refused, match="Built on theirs"):
        team_lifecycle.delete_team(alice, rich)
    assert Endpoint.objects.filter(team=rich).count() == 2
    assert not AuditEntry.objects.filter(action="team.deleted").exists()


def test_a_probe_that_is_under_way_stores_nothing_and_breaks_nothing(alice, team):
    endpoint = watched(team, "gpu-1")
    state = state_of(endpoint.pk)
    team_lifecycle.delete_team(alice, team)
    assert record_reading(state, good(), 0.0) is False
    assert not Observation.objects.exists() and not EndpointState.objects.exists()


def test_a_probe_that_is_stored_meanwhile_waits_and_then_finds_nothing(alice, team):
    """The reading comes when the deletion has begun, in another thread."""
    endpoint = watched(team, "gpu-1")
    state = state_of(endpoint.pk)

    def store() -> bool:
        try:
            return record_reading(state, good(), 0.0)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            for step in team_lifecycle.before_deletion:
                step(team)
            stored = pool.submit(store)
            Team.objects.filter(pk=team.pk).delete()
        assert stored.result(timeout=10) is False
    assert not Observation.objects.exists()
