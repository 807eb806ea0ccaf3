"""Every form of the site, sent empty and with wrong values: no page has an error in Django's or allauth's own words."""

import re
import time
from collections.abc import Iterator

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django import forms
from django.test import Client

from tests.html import flat
from tests.safety.addresses import SmallFleet, every_address
from tests.safety.roles import RULES, May
from tests.safety.test_roles import undone

POSTED = [address for address in every_address() if RULES[address.name].post not in (May.NOBODY, May.TOKEN)]


def _stock() -> set[str]:
    """Of each error that Django's form fields and allauth's forms bring along, the longest part without a value."""
    kinds = [kind for kind in vars(forms).values() if isinstance(kind, type) and issubclass(kind, forms.Field)]
    texts = [text for kind in kinds for text in vars(kind).get("default_error_messages", {}).values()]
    texts += [*DefaultAccountAdapter.error_messages.values(), *DefaultMFAAdapter.error_messages.values()]
    parts = {max(re.split(r"%\(\w+\)[sd]|%d", str(text)), key=len) for text in texts}
    return {part for part in parts if part} | {"Ensure this value", "Ensure this filename", "valid email address"}


def _browser(fleet: SmallFleet, who: str) -> Client:
    client = Client()
    if who != "nobody":
        client.force_login(fleet.user)
    if who == "just signed in":
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session.save()
    return client


def _answers(fleet: SmallFleet, who: str) -> Iterator[tuple[str, str]]:
    """(address, page) of each form that was sent: with nothing, with wrong values, with values that are too long."""
    for address in POSTED:
        path = fleet.path(address)
        with undone():
            page = _browser(fleet, who).get(path)
            names = set() if page.streaming else set(re.findall(r'\bname="([\w-]+)"', page.content.decode()))
        for value in ("", "nope", "x" * 6000):
            with undone():
                answer = _browser(fleet, who).post(path, dict.fromkeys(names, value))
                if not answer.streaming:
                    yield f"{address.name} {value[:4]}", flat(answer.content.decode())


@pytest.mark.parametrize("who", ["nobody", "signed in", "just signed in"])
def test_every_form_words_its_errors_as_we_do(small_fleet, settings, who):
    settings.EMAIL_URL, settings.EMAIL_CONFIGURED = "smtp://localhost", True
    stock, found, pages = _stock(), {}, 0
    for address, page in _answers(small_fleet, who):
        pages += "error" in page
        if words := [words for words in stock if words in page]:
            found[address] = words
    assert found == {} and pages > 5


def test_the_walk_knows_what_it_must_not_find():
    for text in ("This field is required.", " is not one of the available choices.", "Incorrect password."):
        assert text in _stock()
