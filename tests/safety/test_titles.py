"""Each page's title names the page and the product, for tabs, history and screen readers."""

import re
from html import unescape

import pytest
from django.test import Client

from tests.people import just_signed_in
from tests.safety.addresses import SmallFleet, every_address

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("signed_in", [True, False])
def test_every_title_names_page_and_product(db, valkey, monkeypatch, signed_in):
    monkeypatch.setattr("fleet.views.endpoint_edit.find_servers", lambda known, own_ports: [])
    fleet = SmallFleet()
    client = just_signed_in(fleet.user) if signed_in else Client()
    wrong, seen = [], 0
    for address in every_address():
        answer = client.get(fleet.path(address))
        if answer.streaming or not answer.get("Content-Type", "").startswith("text/html") or answer.status_code == 302:
            continue
        html = answer.content.decode()
        if "<html" not in html:
            continue  # a piece of a page
        seen += 1
        title = re.search(r"<title>(.*?)</title>", html, re.DOTALL)
        if title is None or not re.fullmatch(r"\S.* · Plimsoll", unescape(" ".join(title[1].split()))):
            wrong.append((address.name, title and title[1]))
    assert wrong == []
    assert seen > (60 if signed_in else 5)
