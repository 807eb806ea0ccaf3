"""The second factor: asked for after the password, never by it, and each code good for once."""

import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import reverse

from teams import invitations
from teams.accounts.allauth_adapters import HELD_UP
from teams.models import Role
from tests.people import just_signed_in
from tests.safety.addresses import second_factors

pytestmark = pytest.mark.django_db

PASSWORD = "a long password"
SECRET = "JBSWY3DPEHPK3PXP"
FACTOR = "/accounts/2fa/authenticate/"


@pytest.fixture
def clock():
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        yield clock


@pytest.fixture
def app(alice) -> Authenticator:
    """Alice's authenticator app."""
    return totp.TOTP.activate(alice, SECRET).instance


def code() -> str:
    """What an app shows at this moment (RFC 6238)."""
    return totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) // 30))


def by_password(name: str = "alice") -> Client:
    """A browser that has given the password, and is asked for the second factor."""
    client = Client()
    assert client.post(reverse("account_login"), {"login": name, "password": PASSWORD}).url == FACTOR
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("teams")).status_code == 200


def give(client: Client, code: str):
    return client.post(FACTOR, {"code": code})


def test_the_password_alone_lets_nobody_in(app):
    client = by_password()
    assert not is_in(client)
    assert "Of your authenticator app" in client.get(FACTOR).content.decode()
    assert not is_in(client)


def test_the_apps_code_lets_in_once(app, clock):
    client, other = by_password(), by_password()
    assert give(client, code()).url == "/" and is_in(client)
    assert give(other, code()).status_code == 200 and not is_in(other)
    clock.shift(30)
    assert give(other, code()).url == "/" and is_in(other)


def test_a_wrong_or_old_code_does_not(app, clock):
    old = code()
    clock.shift(60)
    for wrong in ("000000", old, "", "x"):
        client = by_password()
        assert give(client, wrong).status_code == 200 and not is_in(client)


def test_guessing_codes_is_held_up_and_the_right_one_with_it(app, clock):
    client = by_password()
    for _ in range(5):
        give(client, "000000")
    answer = give(client, code())
    assert HELD_UP in answer.context["form"].errors["code"] and not is_in(client)
    clock.shift(301)
    assert is_in(client) is False
    fresh = by_password()
    assert give(fresh, code()).url == "/"


def test_each_recovery_code_lets_in_once(app, alice):
    codes = RecoveryCodes.activate(alice).get_unused_codes()
    client = by_password()
    assert give(client, codes[3]).url == "/" and is_in(client)
    again = by_password()
    assert give(again, codes[3]).status_code == 200 and not is_in(again)
    assert give(by_password(), codes[4]).url == "/"
    assert len(RecoveryCodes.activate(alice).get_unused_codes()) == 8


def test_setting_up_takes_the_password_and_a_code_of_that_secret(alice, clock):
    client = Client()
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    path = reverse("mfa_activate_totp")
    assert client.get(path).url.startswith(reverse("account_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(path)
    secret = page.context["form"].secret
    text = page.content.decode()
    assert "<svg" in text and "data:image" not in text and "<?xml" not in text
    assert client.post(path, {"code": code()}).status_code == 200
    assert not Authenticator.objects.exists()
    right = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    assert client.post(path, {"code": right}).url == reverse("mfa_view_recovery_codes")
    assert secret not in Authenticator.objects.get(type="totp").data["secret"]
    assert client.get(reverse("mfa_view_recovery_codes")).content.decode().count("\n") > 10


def test_removing_the_app_takes_the_recovery_codes_along(app, alice, clock):
    RecoveryCodes.activate(alice)
    client = by_password()
    give(client, code())
    remove = reverse("mfa_deactivate_totp")
    assert client.post(remove).status_code == 302 and Authenticator.objects.count() == 2
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.post(remove).url == reverse("mfa_index")
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("name", ["mfa_edit_webauthn", "mfa_remove_webauthn"])
def test_a_passkey_of_someone_else_is_not_there(alice, bob, name):
    key = second_factors(alice)
    client = Client()
    client.post(reverse("account_login"), {"login": "bob", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    for answer in (client.get(reverse(name, args=[key.pk])), client.post(reverse(name, args=[key.pk]), {"name": "x"})):
        assert answer.status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_a_new_passkey_is_called_after_its_browser(alice):
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    client = Client(headers={"user-agent": agent})
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert 'value="Firefox on Linux"' in client.get(reverse("mfa_add_webauthn")).content.decode()


def test_a_passkey_that_nobody_has_lets_nobody_in(alice):
    client = Client()
    challenge = client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"}).json()
    assert challenge["request_options"]["publicKey"]["challenge"]
    for sent in ("", "{}", "not json", '{"id": "x", "rawId": "x", "type": "public-key", "response": {}}'):
        assert client.post(reverse("mfa_login_webauthn"), {"credential": sent}).url == reverse("account_login")
        assert not is_in(client)


def test_a_factor_whose_key_is_gone_is_a_page_that_says_so(app, settings, caplog):
    client = by_password()
    settings.FIELD_KEYS = ["another key"]
    answer = give(client, code())
    assert answer.status_code == 500 and "Your second factor can't be read" in answer.content.decode()
    assert "FIELD_KEYS has no key that fits" in caplog.text
    assert not is_in(client)


def test_who_joined_by_a_link_that_was_shown_can_have_a_second_factor(team):
    """Without a mail server nobody's address is verified."""
    invitation, _ = invitations.invite(team, "dora@example.org", Role.OPERATOR, None)
    dora = invitations.register(invitation, "dora", PASSWORD, proved=False)
    browser = Client()
    just_signed_in(dora, browser)
    page = browser.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200
    secret = page.context["form"].secret
    shown = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    browser.post("/accounts/2fa/totp/activate/", {"code": shown})
    assert Authenticator.objects.filter(user=dora, type="totp").exists()
    assert browser.get("/accounts/2fa/webauthn/add/").status_code == 200
    assert by_password("dora")
