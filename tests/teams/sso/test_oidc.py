"""Sign-in by a real OpenID Connect provider in a process of its own: who gets in, as whom, and who does not."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client

from teams import invitations
from teams.models import AuditEntry, FormerName, Invitation, Membership, Role
from tests.oidc_provider.process import provider
from tests.teams.sso.oidc_walk import BEGIN, SITE, away, come_back, text, use_provider, who


def claim(user: User, email: str, verified: bool) -> None:
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)


def invited(team, email: str, days: int = 7) -> Invitation:
    until = datetime.now(UTC) + timedelta(days=days)
    return Invitation.objects.create(team=team, email=email, role=Role.OPERATOR, token_hash="x" * 64, expires_at=until)


# Who gets in


def test_a_new_person_gets_an_account_and_finds_it_again(client, db, sso):
    answer = come_back(client, "dora")
    assert (answer.status_code, answer["location"], who(client)) == (302, "/", "dora")
    dora = User.objects.get()
    assert (dora.email, dora.has_usable_password(), dora.is_staff, dora.is_superuser) == (
        "dora@example.org", False, False, False,
    )  # fmt: skip
    assert EmailAddress.objects.get().verified
    again = Client()
    come_back(again, "dora")
    assert (who(again), User.objects.count()) == ("dora", 1)


def test_the_provider_is_asked_with_pkce_and_one_fixed_redirect_uri(client, db, sso):
    asked = parse_qs(urlsplit(away(client.post(BEGIN, headers={"host": "127.0.0.1"}))).query)
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) >= 43
    assert asked["redirect_uri"] == [f"{SITE}/accounts/oidc/sso/login/callback/"]
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}


def test_an_address_cannot_change_what_the_provider_is_asked(client, db, sso):
    tampered = away(client.post(f"{BEGIN}?scope=admin&auth_params=redirect_uri%3Dhttp://evil.example%26prompt%3Dnone"))
    assert "admin" not in tampered and "evil" not in tampered
    assert "prompt" not in tampered


def test_a_get_asks_first(client, db, sso):
    page = client.get(BEGIN)
    assert page.status_code == 200 and "Sign in with Harbour ID" in text(page)


def test_the_page_that_was_wanted_comes_after_the_sign_in_but_no_other_site(client, db, sso):
    assert come_back(client, "dora", f"{BEGIN}?next=/models/")["location"] == "/models/"
    assert come_back(Client(), "dora", f"{BEGIN}?next=https://evil.example/")["location"] == "/"


def test_the_sign_in_page_has_the_button_only_with_a_provider(client, db, sso, settings):
    assert "Sign in with Harbour ID" in text(client.get("/accounts/login/"))
    use_provider(settings, "")
    page = client.get("/accounts/login/")
    assert page.status_code == 200 and "/oidc/" not in page.content.decode()


def test_nothing_of_it_is_there_without_a_provider(client, db, settings):
    use_provider(settings, "")
    assert client.get(BEGIN).status_code == client.post(BEGIN).status_code == 404
    assert client.get(f"{BEGIN}callback/?state=x&code=y").status_code == 404


def test_who_cannot_get_an_account_at_once_is_given_no_form_for_one(client, db, sso, monkeypatch):
    monkeypatch.setattr("teams.accounts.allauth_adapters.ProviderAccounts.is_auto_signup_allowed", lambda *_: False)
    answer = come_back(client, "dora")
    page = client.get(answer["location"])
    assert "The account could not be made" in text(page) and 'name="email"' not in page.content.decode()
    assert not User.objects.exists()


def test_a_user_name_that_is_taken_gets_a_number(client, db, sso):
    User.objects.create_user("dora", "another@example.org")
    come_back(client, "dora")
    assert re.fullmatch(r"dora\d+", who(client))


def test_a_user_name_that_someone_had_gets_a_number(client, db, sso):
    FormerName.objects.create(name="Dora", user=User.objects.create_user("theodora", "another@example.org"))
    come_back(client, "dora")
    assert re.fullmatch(r"dora\d+", who(client))


def test_neither_tokens_nor_more_claims_than_needed_are_stored(client, db, sso):
    come_back(client, "dora")
    (account,) = SocialAccount.objects.all()
    assert set(account.extra_data["userinfo"]) <= {
        "iss", "sub", "preferred_username", "name", "given_name", "family_name", "email", "email_verified",
    }  # fmt: skip
    assert set(account.extra_data) == {"userinfo"} and not account.socialtoken_set.exists()


# Accounts that are there already


def test_an_account_that_has_verified_the_address_is_opened_and_connected(client, alice, sso):
    claim(alice, "alice@example.org", verified=True)
    come_back(client, "alice")
    assert who(client) == "alice"
    assert SocialAccount.objects.get().user == alice
    assert alice.check_password("a long password")


@pytest.mark.parametrize("in_the_table", [True, False])
def test_an_account_that_only_claims_the_address_is_neither_opened_nor_doubled(client, charlie, sso, in_the_table):
    User.objects.filter(pk=charlie.pk).update(email="dora@example.org")
    if in_the_table:
        claim(charlie, "dora@example.org", verified=False)
    answer = come_back(client, "dora")
    assert answer.status_code == 403 and "in use already" in text(answer)
    assert (who(client), User.objects.count(), SocialAccount.objects.count()) == ("", 1, 0)


@pytest.mark.parametrize("name", ["unverified", "silent", "falsely", "split"])
def test_an_address_that_the_provider_has_not_verified_matches_nobody(client, charlie, sso, name):
    email = "alice@example.org" if name == "split" else f"{name}@example.org"
    claim(charlie, email, verified=True)
    come_back(client, name)
    assert who(client) == name
    assert not EmailAddress.objects.exclude(user=charlie).exists()
    assert User.objects.get(username=name).email == ""


def test_the_word_true_counts_as_verified(client, charlie, sso):
    claim(charlie, "texty@example.org", verified=True)
    come_back(client, "texty")
    assert who(client) == "charlie"


def test_without_an_address_in_the_userinfo_the_id_token_has_it(client, charlie, sso):
    claim(charlie, "bare@example.org", verified=True)
    come_back(client, "bare")
    assert who(client) == "charlie"


def test_an_account_that_was_closed_stays_closed(client, charlie, sso):
    claim(charlie, "dora@example.org", verified=True)
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    come_back(client, "dora")
    assert (who(client), User.objects.count()) == ("", 1)


def test_the_same_number_at_another_provider_is_another_person(client, charlie, settings, issuer):
    with provider(SITE, {"name": "mallory", "mail": "mallory@example.org"}) as first:
        use_provider(settings, first)
        come_back(client, "mallory")
    use_provider(settings, issuer)
    other = Client()
    come_back(other, "dora")  # number 1 there, as Mallory was here
    assert (who(client), who(other)) == ("mallory", "dora")


def test_claims_about_two_people_let_nobody_in(client, db, sso):
    answer = come_back(client, "two-faced")
    assert answer.status_code == 401 and User.objects.count() == 0


def test_claims_of_odd_types_are_left_out(client, db, sso):
    come_back(client, "odd")
    assert who(client) == "user"


def test_a_second_factor_is_asked_for_after_the_provider_too(client, charlie, sso):
    claim(charlie, "dora@example.org", verified=True)
    Authenticator.objects.create(user=charlie, type=Authenticator.Type.TOTP, data={"secret": "A" * 32})
    assert come_back(client, "dora")["location"] == "/accounts/2fa/authenticate/"
    assert who(client) == ""


def test_who_has_no_password_keeps_the_provider(client, db, sso):
    come_back(client, "dora")
    answer = client.post("/accounts/3rdparty/", {"account": SocialAccount.objects.get().pk})
    assert "Set a password first" in text(answer) and SocialAccount.objects.exists()


def test_a_signed_in_person_connects_and_disconnects_the_provider(client, charlie, sso):
    client.post("/accounts/login/", {"login": "charlie", "password": "a long password"})
    assert who(client) == "charlie"
    answer = come_back(client, "dora", f"{BEGIN}?process=connect")
    assert answer["location"] == "/accounts/reauthenticate/" and not SocialAccount.objects.exists()
    answer = client.post(answer["location"], {"password": "a long password"})
    assert answer["location"] == "/accounts/3rdparty/" and who(client) == "charlie"
    account = SocialAccount.objects.get(user=charlie)
    page = client.get("/accounts/3rdparty/")
    assert "dora" in text(page) and "Disconnect" in text(page)
    client.post("/accounts/3rdparty/", {"account": account.pk})
    assert not SocialAccount.objects.exists()


# Sign-up off


def test_a_stranger_is_refused_and_shown_what_to_do(client, db, sso, settings):
    settings.OIDC_SIGN_UP = False
    answer = come_back(client, "dora")
    assert answer.status_code == 403
    assert "Ask an owner of your team to invite dora@example.org" in text(answer)
    entry = AuditEntry.objects.get(action="access.refused")
    assert entry.detail["why"] == "closed" and "dora" not in str(entry.detail)
    assert (who(client), User.objects.count()) == ("", 0)


@pytest.mark.parametrize("sign_up", [True, False])
def test_an_invited_person_becomes_a_member_and_the_invitation_is_used_up(client, team, sso, settings, sign_up):
    settings.OIDC_SIGN_UP = sign_up
    invited(team, "dora@example.org")
    come_back(client, "dora")
    assert Membership.objects.get().role == Role.OPERATOR
    assert (who(client), Invitation.objects.count()) == ("dora", 0)


def test_an_invitation_that_is_too_old_lets_nobody_in(client, team, sso, settings):
    settings.OIDC_SIGN_UP = False
    invited(team, "dora@example.org", days=-1)
    assert come_back(client, "dora").status_code == 403
    assert (User.objects.count(), Invitation.objects.count()) == (0, 1)


def test_an_invitation_to_an_address_that_is_not_verified_is_not_theirs(client, team, sso, settings):
    settings.OIDC_SIGN_UP = False
    invited(team, "unverified@example.org")
    answer = come_back(client, "unverified")
    assert answer.status_code == 403 and "does not say that it has verified" in text(answer)
    settings.OIDC_SIGN_UP = True
    come_back(client, "unverified")
    assert who(client) == "unverified" and not Membership.objects.exists() and Invitation.objects.exists()


def test_an_invitation_that_goes_at_the_last_moment_leaves_no_account(client, team, sso, settings, monkeypatch):
    settings.OIDC_SIGN_UP = False
    invited(team, "dora@example.org")
    accept = invitations.accept

    def quicker(invitation, user):
        Invitation.objects.all().delete()
        return accept(invitation, user)

    monkeypatch.setattr(invitations, "accept", quicker)
    answer = come_back(client, "dora")
    assert answer.status_code == 403 and "could not be made" in text(answer)
    assert (User.objects.count(), Membership.objects.count()) == (0, 0)
