"""A provider that is away, slow, or answers anything but what it should: a clear page, and nobody is signed in."""

from collections.abc import Iterator
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core.http import trust
from teams.sso import http
from teams.sso.facts import Unbelievable, check_description, person
from tests.authority import Authority
from tests.costly_answers import DECODES_TO_NOTHING, IN_FRAMING, IN_SMALL_CHUNKS
from tests.hostile_server import (
    HostileServer,
    answer,
    deep_json,
    dribble_body,
    dribble_headers,
    endless_body,
    full_backlog,
    garbage,
    gzip_bomb,
    hang,
    hang_up,
    html,
    redirect,
    reset,
    truncated,
)
from tests.teams.sso.oidc_walk import BEGIN, DESCRIPTION, away, description, use_provider


@pytest.fixture
def bad(settings, monkeypatch) -> Iterator[HostileServer]:
    """A server that the settings take for the provider. It has 0.5 seconds for an answer."""
    monkeypatch.setattr(http, "SECONDS", 0.5)
    with HostileServer() as server:
        use_provider(settings, server.url)
        yield server


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (hang(), "did not answer within"),
        (dribble_headers(), "did not answer within"),
        (dribble_body(), "did not answer within"),
        (hang_up(), "can't be reached"),
        (reset(), "can't be reached"),
        (truncated(), "can't be"),
        (garbage(), "can't be"),
        (endless_body(chunked=True), "can't be used"),
        (gzip_bomb(16_000_000), "can't be used"),
        (IN_FRAMING["interim answers"], "can't be used"),
        (IN_FRAMING["short trailers"], "can't be used"),
        (IN_SMALL_CHUNKS["chunks of one byte"], "can't be used"),
        (DECODES_TO_NOTHING["deflate blocks of no bytes"], "can't be used"),
        (deep_json(), "can't be used"),
        (html(), "can't be used"),
        (answer(200, [1, 2]), "can't be used"),
        (answer(200, {}), "can't be used"),
        (answer(200, {"issuer": "https://other.example"}), "can't be used"),
        (answer(503, b"later"), "can't be used"),
        (redirect("/elsewhere"), "can't be used"),
    ],
)
def test_a_description_that_cannot_be_used_ends_in_a_page(client: Client, db, bad, behaviour, words):
    bad.on(DESCRIPTION, behaviour)
    page = client.post(BEGIN)
    assert page.status_code == 401
    assert words in page.content.decode().replace("&#x27;", "'")
    assert len(bad.asked()) == 1


def test_a_provider_that_accepts_no_connection_in_time_ends_in_a_page(client: Client, db, bad, settings):
    with full_backlog() as url:
        use_provider(settings, url)
        page = client.post(BEGIN)
    assert page.status_code == 401 and "did not answer within" in page.content.decode()


def test_a_provider_that_does_not_listen_ends_in_a_page(client: Client, db, bad):
    bad.close()
    page = client.post(BEGIN)
    assert page.status_code == 401 and "be reached" in page.content.decode()


def test_a_certificate_counts_when_ca_bundle_has_its_authority(client: Client, db, settings, tmp_path, request):
    ours = Authority(tmp_path)
    request.addfinalizer(partial(trust.configure, trust.bundle()))
    with HostileServer(tls=ours.tls()) as server:
        server.on(DESCRIPTION, answer(200, description(server.url)))
        use_provider(settings, server.url)
        page = client.post(BEGIN)
        assert page.status_code == 401 and "CA_BUNDLE" in page.content.decode() and server.asked() == []
        trust.configure(str(ours.file))
        assert away(client.post(BEGIN)).startswith(f"{server.url}/a?")
        trust.configure(str(tmp_path / "gone.pem"))
        assert client.post(BEGIN).status_code == 401


@pytest.mark.parametrize(
    "token",
    [
        answer(200, ["access_token"]),
        answer(200, {"access_token": 7, "id_token": 7}),
        answer(200, {"access_token": "x"}),
        answer(200, {"access_token": "x", "id_token": "not.a.token", "expires_in": "soon"}),
        answer(200, b"access_token=x&id_token=y"),
        answer(400, {"error": "invalid_grant"}),
        html(),
        hang_up(),
    ],
)
def test_a_token_that_cannot_be_used_ends_in_a_page(client: Client, db, bad, token):
    bad.on(DESCRIPTION, answer(200, description(bad.url)))
    bad.on("/t", token)
    location = away(client.post(BEGIN))
    state = location.partition("&state=")[2].partition("&")[0]
    page = client.get(f"{BEGIN}callback/?code=x&state={state}")
    assert page.status_code == 401 and "POST /t" in bad.asked()
    assert not User.objects.exists() and "_auth_user_id" not in client.session


def test_nothing_of_a_refusal_is_logged_or_shown(client: Client, db, bad, caplog):
    bad.on(DESCRIPTION, answer(200, description(bad.url)))
    bad.on("/t", answer(400, {"error": "invalid_client", "error_description": "wrong: sekrit-echo"}))
    state = away(client.post(BEGIN)).partition("&state=")[2].partition("&")[0]
    page = client.get(f"{BEGIN}callback/?code=x&state={state}")
    assert "did not work: answer (OAuth2Error)" in caplog.text
    assert "sekrit-echo" not in caplog.text + page.content.decode()


def test_the_secret_goes_to_nobody_that_the_token_endpoint_points_to(client: Client, db, bad):
    bad.on(DESCRIPTION, answer(200, description(bad.url)))
    bad.on("/t", redirect(f"{bad.url}/elsewhere", status=307))
    state = away(client.post(BEGIN)).partition("&state=")[2].partition("&")[0]
    assert client.get(f"{BEGIN}callback/?code=x&state={state}").status_code == 401
    assert "POST /elsewhere" not in bad.asked()


@pytest.mark.parametrize(
    "other",
    [
        {"issuer": "https://login.example.org.evil.example"},
        {"token_endpoint": None},
        {"token_endpoint": "http://login.example.org/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": ["https://login.example.org/"]},
        {"jwks_uri": "/keys"},
    ],
)
def test_a_description_must_be_the_issuers_own_and_keep_to_tls(other):
    good = description("https://login.example.org")
    check_description(good, "https://login.example.org")
    with pytest.raises(Unbelievable):
        check_description({**good, **other}, "https://login.example.org")


@pytest.mark.parametrize("verified", [False, None, "false", "True ", 1, "yes", [True], {}])
def test_only_the_word_itself_verifies_an_address(verified):
    claims = {"iss": "https://login.example.org", "sub": "7", "email": "a@example.org", "email_verified": verified}
    assert "email" not in person(claims, {})
    assert person({**claims, "email_verified": True}, {})["email"] == "a@example.org"


@pytest.mark.parametrize(
    "subject", [None, "", " ", 7, ["7"], "7\n", "7\x00", "\t7", "7\x7f", "7\u0085", "7\u200b", "7\ud800", "7" * 256]
)
def test_nobody_in_particular_is_nobody(subject):
    with pytest.raises(Unbelievable):
        person({"iss": "x", "sub": subject}, {"sub": subject})


@pytest.mark.parametrize("subject", ["7 ", " 7", "7  7", "A", "a", "é", "7" * 255])
def test_a_subject_is_taken_as_it_is(subject):
    assert person({"iss": "x", "sub": subject}, {"sub": subject})["sub"] == subject
    assert person({"iss": "x", "sub": subject}, {})["sub"] == subject


@pytest.mark.parametrize("other", ["7 ", " 7", "7\n", 7, None, ""])
def test_two_subjects_that_look_alike_are_two_people(other):
    with pytest.raises(Unbelievable):
        person({"iss": "x", "sub": "7"}, {"sub": other})
