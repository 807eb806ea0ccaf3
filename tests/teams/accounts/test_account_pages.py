"""The pages of django-allauth: all of them look like ours and say what holds here, and those of no use are gone."""

from pathlib import Path

import pytest
from django.conf import settings as product
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.html import flat
from tests.safety.addresses import second_factors

pytestmark = pytest.mark.django_db

PASSWORD = "a long password"
STRANGERS = (
    "account_login", "account_signup", "account_inactive", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key_done",
)  # fmt: skip
PERSONS = (
    "account_logout", "account_change_password", "account_reauthenticate", "mfa_index", "mfa_activate_totp",
    "mfa_generate_recovery_codes", "mfa_list_webauthn", "mfa_add_webauthn", "usersessions_list",
)  # fmt: skip
WITH_FACTORS = (
    "mfa_index", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_list_webauthn",
    "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_reauthenticate",
)  # fmt: skip
GONE = ("account_email", "account_confirm_email", "account_email_verification_sent", "account_confirm_login_code")


def page_of(client: Client, name: str, *arguments: object) -> str:
    """The page, which no template of allauth's own had a part in."""
    answer = client.get(reverse(name, args=arguments))
    assert answer.status_code == 200, f"{name}: {answer.status_code}"
    made_by = {template.origin.name for template in answer.templates if template.origin}
    foreign = {path for path in made_by if "allauth" in Path(path).parts and "site-packages" in path}
    assert foreign == set(), name
    assert made_by & {str(product.BASE_DIR / "templates/base.html")}
    return flat(answer.content.decode())


@pytest.fixture
def alices(client, alice) -> Client:
    """Alice's browser, in which she has just shown that it is her."""
    client.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.mark.parametrize("name", STRANGERS)
def test_what_strangers_see_is_made_by_templates_of_ours(client, name):
    page_of(client, name)


def test_what_persons_see_is_made_by_templates_of_ours(alices):
    for name in PERSONS:
        page_of(alices, name)


def test_what_persons_with_a_second_factor_see_is_too(alices, alice):
    key = second_factors(alice)
    for name in WITH_FACTORS:
        page_of(alices, name)
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        page_of(alices, name, key.pk)
    stranger = Client()
    stranger.post(reverse("account_login"), {"login": "alice", "password": PASSWORD})
    page_of(stranger, "mfa_authenticate")


def test_who_has_no_password_gets_the_page_to_set_one(client, alice):
    alice.set_unusable_password()
    alice.save()
    client.force_login(alice)
    answer = client.get(reverse("account_change_password"), follow=True)
    assert answer.redirect_chain == [(reverse("account_set_password"), 302)]
    assert "Set a password" in page_of(client, "account_set_password")


@pytest.mark.parametrize("name", GONE)
def test_pages_of_no_use_have_no_address(client, alice, name):
    with pytest.raises(NoReverseMatch):
        reverse(name)
    client.force_login(alice)
    assert client.get("/accounts/email/").status_code == client.get("/accounts/social/signup/").status_code == 404


def test_the_menu_leads_those_who_run_the_installation_to_people_and_audit_trail(client, alice):
    client.force_login(alice)
    for runs_it in (False, True):
        User.objects.update(is_superuser=runs_it)
        page = client.get(reverse("account_change_password")).content.decode()
        assert [f'<a href="{reverse(name)}">' in page for name in ("people", "audit")] == [runs_it] * 2


def test_nobody_signs_up_by_themselves(client, alice):
    form = {"username": "mallory", "email": "m@example.org", "password1": PASSWORD, "password2": PASSWORD}
    for answer in (client.get(reverse("account_signup")), client.post(reverse("account_signup"), form)):
        assert "An owner of a team invites you" in flat(answer.content.decode())
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.parametrize("name", ["account_reset_password", "account_reset_password_done"])
@pytest.mark.parametrize("is_set", [True, False])
def test_without_a_mail_server_the_page_says_so_and_what_helps(client, settings, name, is_set):
    settings.EMAIL_CONFIGURED = is_set
    page = page_of(client, name)
    assert ("can send no mail" in page) != is_set
    assert "manage.py changepassword NAME" in page
    assert ("Email address of your account" in page) == (is_set and name == "account_reset_password")


def test_a_link_that_is_used_up_offers_a_new_one(client):
    page = client.get("/accounts/password/reset/key/1-bad/").content.decode()
    assert "used up or too old" in page and reverse("account_reset_password") in page


def test_the_sign_in_page_leads_back_to_where_one_wanted_to_go(client, alice):
    login = f"{reverse('account_login')}?next=/models/"
    page = client.get(login).content.decode()
    assert page.count('<input type="hidden" name="next" value="/models/"') == 2  # by password, and by passkey
    answer = client.post(login, {"login": "alice", "password": PASSWORD, "next": "/models/"})
    assert answer.url == "/models/"
    elsewhere = {"login": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post(login, elsewhere).url == "/"


def test_wrong_fields_are_announced_to_screen_readers(client, alice):
    page = client.post(reverse("account_login"), {"login": "", "password": ""}).content.decode()
    assert page.count('aria-invalid="true"') == 2 and page.count("field-error") == 2
