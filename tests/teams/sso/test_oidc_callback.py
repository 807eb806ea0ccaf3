"""The provider sends a browser back: once, to the browser that began, and with nothing for the log to keep."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.oidc_provider.__main__ import SECRET
from tests.teams.sso.oidc_walk import BEGIN, SITE, at_the_provider, away, text, who


def test_a_callback_works_once_and_in_the_browser_that_began(client, db, sso):
    back = at_the_provider(away(client.post(BEGIN)), "dora").removeprefix(SITE)
    elsewhere = Client()
    answer = elsewhere.get(back)
    assert answer.status_code == 401 and "in another browser" in text(answer)
    assert client.get(back).status_code == 302
    client.post("/accounts/logout/")
    assert client.get(back).status_code == 401
    assert (who(client), who(elsewhere)) == ("", "")


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=y", "?error=server_error"])
def test_a_callback_without_a_beginning_is_refused(client, db, sso, query):
    assert client.get(f"{BEGIN}callback/{query}").status_code == 401


def test_a_cancelled_and_a_failed_sign_in_are_distinguished(client, db, sso):
    def state() -> str:
        return parse_qs(urlsplit(away(client.post(BEGIN))).query)["state"][0]

    cancelled = client.get(f"{BEGIN}callback/?error=access_denied&state={state()}", follow=True)
    assert "Sign-in cancelled" in text(cancelled)
    failed = client.get(f"{BEGIN}callback/?error=server_error&error_description=Call+555-SCAM&state={state()}")
    assert failed.status_code == 401 and "says that it could not sign you in" in text(failed)
    assert "SCAM" not in text(failed)


def test_a_code_that_was_made_up_is_refused_and_no_secret_is_logged(client, db, sso, caplog):
    caplog.set_level("DEBUG")
    state = parse_qs(urlsplit(away(client.post(BEGIN))).query)["state"][0]
    answer = client.get(f"{BEGIN}callback/?code=made-up-code&state={state}")
    assert answer.status_code == 401 and "can't be used" in text(answer)
    assert "did not work" in caplog.text
    assert not [secret for secret in (SECRET, "made-up-code", state) if secret in caplog.text]


def test_nothing_of_a_whole_sign_in_is_logged(client, db, sso, caplog):
    caplog.set_level("DEBUG")
    back = at_the_provider(away(client.post(BEGIN)), "dora")
    caplog.clear()  # the test's own requests were logged, too
    client.get(back.removeprefix(SITE))
    assert who(client) == "dora"
    asked = parse_qs(urlsplit(back).query)
    assert not [part for part in (SECRET, asked["code"][0], asked["state"][0], "eyJ") if part in caplog.text]
