"""The guide's part about watching is made of the code's own lists, so it can't get stale."""

import pytest

from advisor.guide import pages
from fleet.verdict import causes, flapping
from fleet.verdict.status import Status
from tests.fleet.outages import watched

pytestmark = pytest.mark.django_db


def text(slug: str) -> str:
    page = pages.find(slug)
    assert page is not None
    return pages.markdown(page)


def test_every_status_has_a_row_and_a_heading_to_link_to(client):
    html = client.get("/guide/statuses/").content.decode()
    for status in Status:
        assert f'id="{status}"' in html and f'href="#{status}"' in html, status


def test_every_cause_is_listed_with_what_to_try():
    shown = text("statuses")
    for words in causes.WORDS.values():
        assert f"| {words.short} | {words.sentence} | {words.advice} |" in shown


def test_the_numbers_about_flapping_are_those_of_the_code():
    assert f"goes down {flapping.OUTAGES} times within {flapping.WITHIN // 60} minutes" in text("alerts")


def test_board_endpoint_and_alert_settings_link_there(client, alice, team):
    endpoint = watched(team, "gpu-1")
    client.force_login(alice)
    linked = {"/": "/guide/statuses/#load-help", "/teams/search/alerting/": "/guide/alerts/"}
    linked[endpoint.get_absolute_url()] = "/guide/statuses/#up"
    for path, to in linked.items():
        assert f'href="{to}"' in client.get(path).content.decode(), path
