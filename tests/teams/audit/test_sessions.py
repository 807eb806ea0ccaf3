"""Sign-ins, failed ones, sign-outs and changes to how one signs in are in the audit trail, without what was typed."""

import json

import pytest
from allauth.account import signals as accounts
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.signals import authentication_failed
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount import signals as providers
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import User
from django.urls import reverse

from teams.accounts import personal_data
from teams.models import AuditEntry, Membership, Role
from tests.people import just_signed_in

pytestmark = pytest.mark.django_db

HOME = "192.0.2.7"
PASSWORD = "a long password"


def sign_in(client, login: str, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": login, "password": password}, REMOTE_ADDR=HOME)


def shown() -> list[tuple]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "actor_id", "object_id", "address"))


def test_signing_in_and_out(client, alice):
    assert sign_in(client, "alice").status_code == 302
    client.post(reverse("account_logout"), REMOTE_ADDR=HOME)
    assert shown() == [("session.started", alice.pk, None, HOME), ("session.ended", alice.pk, None, HOME)]
    assert AuditEntry.objects.get(action="session.started").detail == {"by": ["password"]}


def test_signing_out_without_being_signed_in_is_not_recorded(client, alice):
    client.post(reverse("account_logout"))
    assert shown() == []


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.org"])
def test_a_failed_sign_in_of_a_known_name_shows_whose_it_was(client, alice, login):
    sign_in(client, login, "planted-guess")
    assert shown() == [("session.failed", None, alice.pk, HOME)]
    assert "planted" not in json.dumps(AuditEntry.objects.get().detail)


def test_a_failed_sign_in_of_an_unknown_name_does_not_keep_it(client, alice):
    sign_in(client, "planted-password-in-the-wrong-field", "x")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_name, entry.detail) == (
        "session.failed", None, "", {"name": "unknown"},
    )  # fmt: skip


def test_a_forwarded_address_of_a_stranger_is_not_believed(client, alice):
    form = {"login": "alice", "password": "wrong"}
    client.post(reverse("account_login"), form, REMOTE_ADDR=HOME, HTTP_X_FORWARDED_FOR="10.6.6.6")
    assert AuditEntry.objects.get().address == HOME


def test_who_tries_too_often_is_reported_once_a_minute(client, alice):
    for _ in range(9):
        sign_in(client, "alice", "wrong")
    actions = [action for action, *_ in shown()]
    assert actions.count("session.held_up") == 1 and actions.count("session.failed") < 9
    assert AuditEntry.objects.get(action="session.held_up").object_id == alice.pk


def test_a_changed_password_is_reported_without_it(client, alice):
    sign_in(client, "alice")
    form = {"oldpassword": PASSWORD, "password1": "planted-new-password", "password2": "planted-new-password"}
    client.post(reverse("account_change_password"), form, REMOTE_ADDR=HOME)
    assert shown()[-1] == ("account.password_changed", alice.pk, alice.pk, HOME)
    assert "planted" not in json.dumps(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_a_second_factor_that_comes_and_goes(transactional_db, client, alice):
    sign_in(client, "alice")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))
    client.post(reverse("mfa_activate_totp"), {"code": code}, REMOTE_ADDR=HOME)
    assert ("account.factor_added", alice.pk, alice.pk, HOME) in shown()
    authenticator = Authenticator.objects.get(type="totp")
    assert {"kind": "totp"} in AuditEntry.objects.values_list("detail", flat=True)
    client.post(reverse("mfa_deactivate_totp"), REMOTE_ADDR=HOME)
    assert ("account.factor_removed", alice.pk, alice.pk, HOME) in shown()
    authentication_failed.send(sender=Authenticator, request=None, user=alice, authenticator=authenticator)
    assert AuditEntry.objects.latest("pk").detail == {"by": ["totp"]}
    assert secret not in json.dumps(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_recovery_codes_are_reported_without_them(client, alice):
    codes = RecoveryCodes.activate(alice).get_unused_codes()
    accounts.password_reset.send(sender=User, request=None, user=alice)
    assert shown()[-1] == ("account.password_reset", alice.pk, alice.pk, None)
    assert not any(code in json.dumps(list(AuditEntry.objects.values_list("detail", flat=True))) for code in codes)


def test_an_account_of_the_provider_is_reported_without_its_number(alice):
    account = SocialAccount(user=alice, provider="openid_connect", uid="planted-uid")
    login = SocialLogin(user=alice, account=account)
    providers.social_account_added.send(sender=SocialLogin, request=None, sociallogin=login)
    providers.social_account_removed.send(sender=SocialAccount, request=None, socialaccount=account)
    assert [action for action, *_ in shown()] == ["account.provider_connected", "account.provider_removed"]
    assert {each.object_id for each in AuditEntry.objects.all()} == {alice.pk}
    assert "planted" not in json.dumps(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_refusals_are_reported_with_the_page_and_the_role(client, team, charlie):
    viewer = User.objects.create_user("vera", password=PASSWORD)
    Membership.objects.create(user=viewer, team=team, role=Role.VIEWER)
    for user in (viewer, charlie):
        client.force_login(user)
        start = AuditEntry.objects.count()
        for _ in range(3):
            client.get("/teams/search/audit/", REMOTE_ADDR=HOME)
        client.get("/audit/", REMOTE_ADDR=HOME)
        found = list(AuditEntry.objects.order_by("pk")[start:])
        assert [(each.action, each.actor_id, each.address) for each in found] == [("access.refused", user.pk, HOME)] * 2
        assert [each.detail["page"] for each in found] == ["/teams/search/audit/", "/audit/"]
        assert [each.team_id for each in found] == [team.pk, None]


def test_the_export_does_not_show_from_where_others_acted(admin_user, bob):
    browser = just_signed_in(admin_user)
    for act in ("admin", "no-admin"):
        browser.post(f"/people/{bob.pk}/", {"act": act}, REMOTE_ADDR=HOME)
    assert AuditEntry.objects.filter(address=HOME).count() >= 2
    found = personal_data.export(bob)
    assert [row["action"] for row in found["audit_trail_about"]].count("person.admin_changed") == 2
    assert HOME not in json.dumps(found, default=str)
