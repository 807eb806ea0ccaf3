"""API tokens: made and shown once, kept as a hash, refused with a reason, revoked by their owners."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext

from teams import tokens
from teams.models import ApiToken, AuditEntry, Membership, Role, Scope, Team
from tests.html import flat
from tests.people import just_signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

OWN = "/account/tokens/"
OF_TEAM = "/teams/search/tokens/"
FORM = {"name": "Prometheus", "scopes": ["status:read", "metrics:read"], "days": "30"}


def ask(rf, secret: str = "", **options):
    """A request as a program sends it."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return rf.get("/api/v1/status", headers=headers, **options)


def refused(rf, secret: str, scope: Scope = Scope.STATUS, **options) -> tokens.TokenRefused:
    with pytest.raises(tokens.TokenRefused) as raised:
        tokens.bearer(ask(rf, secret, **options), scope)
    return raised.value


def secret_in(page: str) -> str:
    [found] = set(re.findall(r"plim_[\w-]{43}", page))
    return found


def test_a_token_opens_what_it_is_for_in_the_name_of_its_person(rf, alice):
    _, secret = tokens.make("ci", [Scope.STATUS], 30, alice)
    bearer = tokens.bearer(ask(rf, secret), Scope.STATUS)
    assert (bearer.user, bearer.team) == (alice, None)


def test_a_token_of_a_team_acts_for_the_team_and_for_no_person(rf, alice, team):
    _, secret = tokens.make("ci", [Scope.STATUS], 30, alice, team)
    bearer = tokens.bearer(ask(rf, secret), Scope.STATUS)
    assert (bearer.user, bearer.team) == (None, team)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YWxpY2U6eA==", "plim_abc"])
def test_without_a_token_it_is_said_how_to_send_one(rf, header):
    request = rf.get("/metrics", headers={"Authorization": header} if header else {})
    with pytest.raises(tokens.TokenRefused) as raised:
        tokens.bearer(request, Scope.METRICS)
    assert (raised.value.status, raised.value.code) == (401, "no_token")
    assert raised.value.headers == {"WWW-Authenticate": 'Bearer realm="Plimsoll"'}


def test_an_unknown_token_is_refused(rf, db):
    wrong = refused(rf, "plim_guessed")
    assert (wrong.status, wrong.code) == (401, "token_unknown")
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


def test_a_session_opens_nothing(client, alice):
    client.force_login(alice)
    assert client.get("/api/v1/status").status_code == 401


def test_a_token_without_the_scope_is_refused_with_its_name(rf, alice):
    _, secret = tokens.make("ci", [Scope.STATUS], 30, alice)
    lacking = refused(rf, secret, Scope.METRICS)
    assert (lacking.status, lacking.code) == (403, "scope_missing")
    assert "metrics:read" in lacking.sentence


def test_a_token_ends_on_its_day(rf, alice):
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False) as clock:
        _, secret = tokens.make("ci", [Scope.STATUS], 7, alice)
        clock.shift(timedelta(days=7, seconds=-1))
        tokens.bearer(ask(rf, secret), Scope.STATUS)
        clock.shift(1)
        ended = refused(rf, secret)
        assert (ended.status, ended.code) == (401, "token_expired")
        assert "2027-01-08" in ended.sentence


def test_the_token_of_a_deactivated_person_rests_until_they_are_back(rf, alice):
    _, secret = tokens.make("ci", [Scope.STATUS], 30, alice)
    alice.is_active = False
    alice.save()
    assert (refused(rf, secret).status, refused(rf, secret).code) == (401, "owner_inactive")
    alice.is_active = True
    alice.save()
    tokens.bearer(ask(rf, secret), Scope.STATUS)


def test_tokens_go_with_their_person_or_team(rf, alice, bob, team):
    _, of_bob = tokens.make("ci", [Scope.STATUS], 30, bob)
    _, of_team = tokens.make("ci", [Scope.STATUS], 30, bob, team)
    bob.delete()
    assert refused(rf, of_bob).code == "token_unknown"
    assert tokens.bearer(ask(rf, of_team), Scope.STATUS).team == team  # made by Bob, but not his
    Team.objects.filter(pk=team.pk).delete()
    assert refused(rf, of_team).code == "token_unknown"


def test_a_refused_token_is_in_the_audit_trail_once_an_hour(rf, alice):
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False) as clock:
        token, secret = tokens.make("ci", [Scope.STATUS], 7, alice)
        clock.shift(timedelta(days=8))
        for _ in range(5):
            refused(rf, secret)
        clock.shift(tokens.RECORD_EVERY + 1)
        refused(rf, secret)
    first, second = AuditEntry.objects.filter(action="token.refused")
    assert (first.actor_id, first.object_id, first.via) == (alice.pk, token.pk, "token ci")
    assert second.detail == {"why": "token_expired"}


def test_an_unknown_token_leaves_nothing_in_the_audit_trail(rf, db):
    refused(rf, "plim_guessed")
    assert not AuditEntry.objects.exists()


def test_wrong_tokens_are_throttled_by_address_and_good_ones_are_not(rf, alice):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        _, secret = tokens.make("ci", [Scope.STATUS], 30, alice)
        assert {refused(rf, "plim_wrong").status for _ in range(tokens.WRONG_A_MINUTE)} == {401}
        many = refused(rf, "plim_wrong")
        assert (many.status, many.headers) == (429, {"Retry-After": "60"})
        assert refused(rf, "plim_wrong", REMOTE_ADDR="10.9.9.9").status == 401
        assert tokens.bearer(ask(rf, secret), Scope.STATUS).user == alice
        clock.shift(60)
        assert refused(rf, "plim_wrong").status == 401


def test_without_the_broker_tokens_are_checked_all_the_same(rf, alice, no_broker):
    token, secret = tokens.make("ci", [Scope.STATUS], 30, alice)
    assert tokens.bearer(ask(rf, secret), Scope.STATUS).token == token
    assert refused(rf, "plim_wrong").status == 401
    assert refused(rf, secret, Scope.METRICS).status == 403


def test_the_last_use_is_kept_to_the_minute_with_one_write_a_minute(rf, alice):
    with time_machine.travel(datetime(2027, 1, 1, 12, 0, 40, tzinfo=UTC), tick=False) as clock:
        token, secret = tokens.make("ci", [Scope.STATUS], 30, alice)
        tokens.bearer(ask(rf, secret), Scope.STATUS)
        clock.shift(10)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            tokens.bearer(ask(rf, secret), Scope.STATUS)
        assert not any(query["sql"].startswith("UPDATE") for query in queries)
        token.refresh_from_db()
        assert token.last_used_at == datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
        clock.shift(10)
        tokens.bearer(ask(rf, secret), Scope.STATUS)
        token.refresh_from_db()
        assert token.last_used_at == datetime(2027, 1, 1, 12, 1, tzinfo=UTC)


def test_a_person_and_a_team_have_so_many_tokens_and_no_more(alice, team, settings):
    settings.TOKENS_PER_TEAM = 2
    for owner in (None, team):
        for number in range(2):
            tokens.make(f"ci {number}", [Scope.STATUS], 30, alice, owner)
        with pytest.raises(tokens.TooManyTokens, match=r"of 2 tokens.*can raise TOKENS_PER_TEAM"):
            tokens.make("one more", [Scope.STATUS], 30, alice, owner)
    assert ApiToken.objects.count() == 4


def test_the_secret_is_in_one_answer_and_nowhere_else(client, alice, caplog):
    client.force_login(alice)
    with caplog.at_level(logging.DEBUG):
        made = client.post(OWN, FORM)
    secret = secret_in(made.content.decode())
    assert "no-store" in made["Cache-Control"]
    assert secret not in client.get(OWN).content.decode()
    assert secret not in caplog.text
    assert secret not in str(dict(client.session.items()))
    stored = serializers.serialize("json", [*ApiToken.objects.all(), *AuditEntry.objects.all()])
    assert secret not in stored and secret[:12] in stored


def test_the_page_makes_a_token_that_works_and_shows_where(client, rf, alice):
    client.force_login(alice)
    page = client.post(OWN, FORM).content.decode()
    assert "/api/v1/status" in page and "/metrics" in page
    bearer = tokens.bearer(ask(rf, secret_in(page)), Scope.METRICS)
    assert (bearer.user, bearer.token.name, bearer.token.scopes) == (alice, "Prometheus", FORM["scopes"])
    assert bearer.token.expires_at.date() == (datetime.now(UTC) + timedelta(days=30)).date()
    entry = AuditEntry.objects.get(action="token.made")
    assert (entry.actor_id, entry.object_name, entry.detail["days"]) == (alice.pk, "Prometheus", 30)


@pytest.mark.parametrize(
    "bad",
    [{"name": " "}, {"scopes": []}, {"scopes": ["all"]}, {"days": "36500"}, {"days": "never"}, {"name": "x" * 61}],
)
def test_what_can_not_be_is_not_made(client, alice, bad):
    client.force_login(alice)
    page = client.post(OWN, FORM | bad)
    assert page.status_code == 200 and not ApiToken.objects.exists()
    assert "field-error" in page.content.decode()


def test_one_token_too_many_is_said_on_the_page(client, alice, settings):
    settings.TOKENS_PER_TEAM = 0
    client.force_login(alice)
    assert "Revoke one that nothing uses" in client.post(OWN, FORM).content.decode()


def test_a_revoked_token_opens_nothing(client, rf, alice):
    token, secret = tokens.make("ci", [Scope.STATUS], 30, alice)
    client.force_login(alice)
    assert client.post(f"{OWN}{token.pk}/revoke/").status_code == 302
    assert refused(rf, secret).code == "token_unknown"
    assert AuditEntry.objects.get(action="token.revoked").object_name == "ci"
    assert client.get(f"{OWN}{token.pk}/revoke/").status_code == 405


def test_tokens_of_others_are_not_there(client, alice, bob, team):
    of_alice, _ = tokens.make("hers", [Scope.STATUS], 30, alice)
    of_team, _ = tokens.make("ours", [Scope.STATUS], 30, alice, team)
    client.force_login(bob)
    assert "hers" not in client.get(OWN).content.decode()
    for path in (f"{OWN}{of_alice.pk}", f"{OWN}{of_team.pk}", f"{OF_TEAM}{of_alice.pk}"):
        assert client.post(f"{path}/revoke/").status_code == 404
    assert ApiToken.objects.count() == 2


def test_owners_alone_make_and_revoke_tokens_of_the_team(client, rf, alice, bob, charlie, team):
    Membership.objects.filter(user=bob).update(role=Role.OPERATOR)
    client.force_login(alice)
    secret = secret_in(client.post(OF_TEAM, FORM).content.decode())
    token = tokens.bearer(ask(rf, secret), Scope.STATUS).token
    assert AuditEntry.objects.get(action="token.made").team_id == team.pk
    for user, status in ((charlie, 404), (bob, 403)):
        client.force_login(user)
        assert client.get(OF_TEAM).status_code == client.post(OF_TEAM, FORM).status_code == status
        assert client.post(f"{OF_TEAM}{token.pk}/revoke/").status_code == status
    client.force_login(alice)
    client.post(f"{OF_TEAM}{token.pk}/revoke/")
    assert not ApiToken.objects.exists()


def test_tokens_of_the_team_that_outlive_their_maker_are_mentioned(client, alice, bob, team):
    tokens.make("still good", [Scope.STATUS], 30, bob, team)
    gone, _ = tokens.make("expired", [Scope.STATUS], 30, bob, team)
    ApiToken.objects.filter(pk=gone.pk).update(expires_at=datetime.now(UTC))
    tokens.make("of alice", [Scope.STATUS], 30, alice, team)
    client.force_login(alice)
    assert "no member any more" not in client.get(OF_TEAM).content.decode()
    answer = client.post(f"/teams/search/members/{bob.pk}/remove/", follow=True).content.decode()
    assert "1 API token of Search that bob made still works." in answer
    cards = flat(client.get(OF_TEAM).content.decode()).split('<div class="row-what">')[1:]
    assert ["made by bob, who is no member any more" in card for card in cards] == [False, True, True]


def test_who_removes_someone_without_tokens_reads_of_none(client, alice, bob, team):
    tokens.make("his own", [Scope.STATUS], 30, bob)
    client.force_login(alice)
    answer = client.post(f"/teams/search/members/{bob.pk}/remove/", follow=True).content.decode()
    assert "bob is no member of Search any more." in answer and "API token" not in answer.split("<h1>")[0]


def test_who_deactivates_an_account_reads_of_the_tokens_it_made_for_teams(admin_user, alice, bob, team):
    for name in ("one", "two"):
        tokens.make(name, [Scope.STATUS], 30, bob, team)
    answer = just_signed_in(admin_user).post(f"/people/{bob.pk}/", {"act": "deactivate"}, follow=True).content.decode()
    assert "2 API tokens of Search that bob made still work." in answer
    tokens.make("hers", [Scope.STATUS], 30, admin_user, team)
    tokens.make("of who runs it", [Scope.STATUS], 30, admin_user, team)
    ApiToken.objects.filter(name="hers").update(created_by=None)
    page = flat(just_signed_in(alice).get(OF_TEAM).content.decode())
    assert "made by bob, whose account is deactivated" in page
    assert "made by someone who is no member any more" in page
    assert "made by admin</span>" in page
