"""A person who left traces everywhere."""

from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User

from advisor.models import Requirement
from fleet.alerts.gathering import gather
from fleet.incidents import actions as incident_actions
from fleet.models import AlertPolicy, Recipient
from fleet.muting import actions
from teams import invitations
from teams.models import ApiToken, Role, Team
from teams.team_lifecycle import new_team
from tests.advisor.decisions.decision_parts import record
from tests.fleet.outages import fail, settle, watched


def leave_traces(bob: User, alice: User, team: Team) -> None:
    """Has Bob, an owner of the team besides Alice, do something of every kind."""
    Team.objects.filter(pk=team.pk).update(mail_to=["oncall@example.org", "Bob@Example.org"])
    team.refresh_from_db()
    endpoint = watched(team, "gpu-1")
    incident = fail(endpoint)
    settle()
    gather()
    AlertPolicy.objects.create(team=team, escalate_to=["bob@example.org", "lead@example.org"])
    incident_actions.acknowledge(incident, "bob", "looking")
    incident_actions.add_note(incident, "bob@example.org", "restarted it")
    actions.silence(team, bob, ends_at=datetime.now(UTC) + timedelta(hours=1), endpoint=endpoint)
    record(bob, team, deciders="bob, alice", context="bob knows")
    Requirement.objects.create(team=team, name="Ours", catalogue_version="1", created_by=bob, updated_by=bob)
    EmailAddress.objects.create(user=bob, email="bob@example.org", verified=True, primary=True)
    Authenticator.objects.create(user=bob, type="totp", data={"secret": "planted-secret"})
    Recipient.objects.create(team=team, address="bob@example.org", bounced_at=datetime.now(UTC), bounce="no bob here")
    invitations.invite(team, "dora@example.org", Role.VIEWER, bob)
    invitations.invite(new_team(alice, "Other", []), "bob@elsewhere.example", Role.VIEWER, alice)
    now = datetime.now(UTC)
    ApiToken.objects.create(
        user=bob, name="bob's laptop", scopes=[], start="plm_abc", token_hash="planted-hash", expires_at=now
    )
    ApiToken.objects.create(
        team=team, created_by=bob, name="ci", scopes=[], start="plm_x", token_hash="b", expires_at=now
    )
