"""Signing in: by any of one's names, not too often, and without revealing to strangers who has an account."""

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from config import settings as product
from teams.accounts.allauth_adapters import HELD_UP, WRONG
from tests.conftest import free_port

pytestmark = pytest.mark.django_db

PASSWORD = "a long password"
SIGN_IN = "/accounts/login/"
NOW = 1_800_000_000


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def sign_in(login: str, password: str = PASSWORD, address: str = "192.0.2.7", **more: str):
    """The answer to one try in a fresh browser."""
    return Client(REMOTE_ADDR=address).post(SIGN_IN, {"login": login, "password": password}, **more)


def said(answer) -> list[str]:
    """What the page says is wrong with the form; nothing after a redirect."""
    return answer.context["form"].non_field_errors() if answer.status_code == 200 else []


def is_in(answer) -> bool:
    return answer.status_code == 302 and answer.url == "/"


@pytest.mark.parametrize("login", ["alice", "ALICE", " Alice ", "alice@example.org", "Alice@Example.ORG"])
def test_a_person_signs_in_by_name_or_address_in_any_case(alice, login):
    assert is_in(sign_in(login))


def test_an_address_of_allauths_list_will_do_as_well(alice):
    EmailAddress.objects.create(user=alice, email="second@example.org", verified=True)
    assert is_in(sign_in("second@example.org"))


@pytest.mark.parametrize("login", ["alice", "alice@example.org", "nobody", "nobody@example.org"])
def test_a_wrong_password_reveals_nothing_about_whose_name_it_is(alice, login):
    answer = sign_in(login, "wrong")
    assert said(answer) == [WRONG]


def test_a_deactivated_person_hears_so_only_with_the_right_password(alice):
    User.objects.update(is_active=False)
    assert said(sign_in("alice", "wrong")) == [WRONG]
    answer = sign_in("alice")
    assert answer.url == reverse("account_inactive")
    assert answer.client.get(reverse("teams")).status_code == 302


@pytest.mark.parametrize("login", ["alice", "nobody"])
def test_after_five_wrong_tries_a_name_has_to_wait_whether_or_not_it_exists(alice, clock, login):
    assert [said(sign_in(login, "wrong")) for _ in range(5)] == [[WRONG]] * 5
    assert said(sign_in(login, "wrong")) == [HELD_UP]
    clock.shift(301)
    assert said(sign_in(login, "wrong")) == [WRONG]


def test_the_right_password_has_to_wait_as_well_and_others_need_not(alice, bob, clock):
    for _ in range(5):
        sign_in("alice", "wrong", address="198.51.100.1")
    assert said(sign_in("alice")) == [HELD_UP]
    assert "five minutes" in HELD_UP
    assert is_in(sign_in("bob", address="198.51.100.1"))
    clock.shift(301)
    assert is_in(sign_in("alice"))


def test_all_names_of_an_account_share_its_tries(alice, settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    for host in ("localhost", "127.0.0.1"):
        sign_in("alice", "wrong", headers={"host": host})
        sign_in("Alice@example.org", "wrong", headers={"host": host})
    sign_in("ALICE", "wrong", headers={"host": "localhost"})
    assert said(sign_in("alice", headers={"host": "127.0.0.1"})) == [HELD_UP]


def test_right_tries_do_not_count(alice):
    assert all(is_in(sign_in("alice")) for _ in range(8))


def test_an_address_that_tries_many_names_has_to_wait(alice, clock):
    assert [said(sign_in(f"name-{n}", "wrong")) for n in range(20)] == [[WRONG]] * 20
    assert said(sign_in("alice")) == [HELD_UP]
    assert is_in(sign_in("alice", address="192.0.2.8"))
    clock.shift(61)
    assert is_in(sign_in("alice"))


def test_an_address_that_sends_the_form_all_the_time_gets_a_page_of_its_own(alice, clock):
    answers = [sign_in("alice").status_code for _ in range(31)]
    assert answers == [302] * 30 + [429]
    page = sign_in("alice").content.decode()
    assert "That was too often" in page and "Wait a minute" in page


def test_asking_for_mails_and_checking_a_password_have_limits_too(alice, clock):
    reset, again = reverse("account_reset_password"), reverse("account_reauthenticate")
    client = Client(REMOTE_ADDR="192.0.2.7")
    codes = [client.post(reset, {"email": "alice@example.org"}).status_code for _ in range(4)]
    assert codes == [302] * 3 + [429]
    client.post(SIGN_IN, {"login": "alice", "password": PASSWORD})
    for _ in range(5):
        client.post(again, {"password": "wrong"})
    page = client.post(again, {"password": PASSWORD})
    assert page.status_code == 200 and HELD_UP in str(page.context["form"].errors)


@pytest.mark.parametrize("broker", ["runs", "is away"])
def test_tries_are_counted_in_the_products_own_cache_too(alice, bob, clock, settings, valkey, broker):
    url = settings.REDIS_URL if broker == "runs" else f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": product.CACHES["default"] | {"LOCATION": url}}
    for _ in range(5):
        sign_in("alice", "wrong", address="198.51.100.1")
    assert said(sign_in("alice")) == [HELD_UP]
    assert is_in(sign_in("bob", address="198.51.100.1"))
    assert bool(valkey.keys("plimsoll:*")) == (broker == "runs")


@pytest.mark.parametrize(
    ("next_page", "leads_to"),
    [
        ("/models/", "/models/"),
        ("https://plimsoll.example.org/models/", "https://plimsoll.example.org/models/"),
        ("http://testserver/models/", "http://testserver/models/"),
        ("http://127.0.0.1/x", "/"),
        ("http://localhost/x", "/"),
        ("//evil.example.org/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_sign_in_leads_to_this_site_only(alice, settings, next_page, leads_to):
    settings.SITE_URL = "https://plimsoll.example.org"
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", "plimsoll.example.org"]
    answer = Client().post(SIGN_IN, {"login": "alice", "password": PASSWORD, "next": next_page})
    assert (answer.status_code, answer.url) == (302, leads_to)
