"""Sessions: listed with where they are from, ended for good, and cleared away when they are over."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from teams import tokens, upkeep
from teams.accounts import administrators
from teams.browsers import UNKNOWN, browser
from teams.models import ApiToken, AuditEntry, Invitation, Role, Scope

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PASSWORD = "a long password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LIST = "usersessions_list"


def signed_in(name: str, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    """A browser in which this person has signed in."""
    client = Client(REMOTE_ADDR=address, headers={"user-agent": agent})
    answer = client.post(reverse("account_login"), {"login": name, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client


def is_in(client: Client) -> bool:
    """Whether this browser is let in; if not, it is sent to the sign-in page."""
    answer = client.get(reverse("teams"))
    assert answer.status_code == 200 or answer.url.startswith(reverse("account_login"))
    return answer.status_code == 200


def session_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


def end(client: Client, session: UserSession):
    return client.post(reverse("session-end", args=[session.pk]))


def test_a_person_sees_their_own_sessions_only(alice, bob):
    here, there, other = signed_in("alice"), signed_in("alice", address="192.0.2.8"), signed_in("bob")
    shown = here.get(reverse(LIST)).context["sessions"]
    assert {session.pk for session in shown} == {session_of(here).pk, session_of(there).pk}
    assert {session.ip for session in shown} == {"192.0.2.7", "192.0.2.8"}
    assert session_of(other).user == bob


def test_ending_a_session_shuts_its_browser_out_and_no_other(alice):
    here, there = signed_in("alice"), signed_in("alice")
    assert end(here, session_of(there)).url == reverse(LIST)
    assert (is_in(here), is_in(there)) == (True, False)
    found = AuditEntry.objects.get(action="session.closed")
    assert (found.actor_id, found.detail) == (alice.pk, {"browser": "Firefox on Linux"})


def test_ending_the_current_session_signs_out(alice):
    here, there = signed_in("alice"), signed_in("alice")
    assert end(here, session_of(here)).url == reverse("account_login")
    assert (is_in(here), is_in(there)) == (False, True)
    assert AuditEntry.objects.filter(action="session.ended").count() == 1
    assert not AuditEntry.objects.filter(action="session.closed").exists()


def test_nobody_ends_a_session_of_someone_else(alice, bob):
    alices, bobs = signed_in("alice"), signed_in("bob")
    assert end(bobs, session_of(alices)).status_code == 404
    assert end(Client(), session_of(alices)).url.startswith(reverse("account_login"))
    assert alices.get(reverse("session-end", args=[session_of(alices).pk])).status_code == 405
    assert is_in(alices)


def test_all_others_end_at_once(alice, bob):
    here, there, elsewhere, bobs = (signed_in(name) for name in ("alice", "alice", "alice", "bob"))
    here.post(reverse(LIST))
    assert [is_in(each) for each in (here, there, elsewhere, bobs)] == [True, False, False, True]
    assert AuditEntry.objects.filter(action="session.closed", actor_id=alice.pk).count() == 2


def test_a_new_password_ends_the_other_sessions(alice):
    here, there = signed_in("alice"), signed_in("alice")
    new = {"oldpassword": PASSWORD, "password1": "another long one", "password2": "another long one"}
    assert here.post(reverse("account_change_password"), new).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert [session.pk for session in here.get(reverse(LIST)).context["sessions"]] == [session_of(here).pk]


def test_a_session_ends_fourteen_days_after_the_sign_in_whatever_happened_in_it(alice, time_machine):
    start = datetime.now(UTC).replace(microsecond=0)
    time_machine.move_to(start)
    by_password, by_other_means = signed_in("alice"), Client()
    by_other_means.force_login(alice)
    for each in (by_password, by_other_means):
        time_machine.move_to(start + timedelta(days=10))
        assert is_in(each)
        each.post(reverse("own-delete"), {"typed": "alice"})  # asks for the password, and keeps what was typed
        assert each.session["account_reauthentication_state"]
        time_machine.move_to(start + timedelta(days=14, minutes=-1))
        assert is_in(each)
        time_machine.move_to(start + timedelta(days=14, minutes=1))
        assert not is_in(each)


def test_a_deactivated_person_is_out_at_once(alice, admin_user):
    here = signed_in("alice")
    administrators.set_active(admin_user, alice, False)
    assert not is_in(here)
    assert not UserSession.objects.filter(user=alice).exists()


def test_clearing_up_takes_what_is_over_and_nothing_else(alice):
    lasting, over, ended = signed_in("alice"), signed_in("alice"), signed_in("alice")
    kept = session_of(lasting).pk
    Session.objects.filter(pk=over.session.session_key).update(expire_date=datetime.now(UTC) - timedelta(seconds=1))
    Session.objects.get(pk=ended.session.session_key).delete()
    upkeep.clear_up()
    assert [session.pk for session in UserSession.objects.all()] == [kept]
    assert Session.objects.count() == 1 and is_in(lasting)


def test_clearing_up_keeps_invitations_and_tokens_for_a_while_after_their_end(alice, team):
    now = datetime.now(UTC)
    for days in (29, 31):
        Invitation.objects.create(
            team=team, email=f"{days}@example.org", role=Role.VIEWER, token_hash=days, expires_at=now - timedelta(days)
        )
    for days in (89, 91):
        token, _ = tokens.make(str(days), [Scope.STATUS], 1, alice)
        ApiToken.objects.filter(pk=token.pk).update(expires_at=now - timedelta(days))
    upkeep.clear_up()
    assert [invitation.email for invitation in Invitation.objects.all()] == ["29@example.org"]
    assert [token.name for token in ApiToken.objects.all()] == ["89"]


WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "Chrome on ChromeOS"),
        (f"Mozilla/5.0 (Linux; Android 16; Pixel 9) {CHROME} Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.5 Safari/605.1.15", "Safari on macOS"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {WEBKIT} CriOS/142.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPad",
        ),
        ("Firefox/1.0", "Firefox"),
        ("curl/8.5.0", UNKNOWN),
        ("<script>alert(1)</script>", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_browser_is_named_in_words(agent, words):
    assert browser(agent) == words
