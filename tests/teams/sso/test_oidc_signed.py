"""Whole sign-ins with a provider that signs, and with one whose keys, tokens or addresses are not as they should be."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core.http import outbound
from tests.hostile_server import HostileServer, answer, endless_body, hang_up, html, huge, redirect
from tests.teams.sso.oidc_walk import BEGIN, DESCRIPTION, away, description, text, use_provider, who
from tests.teams.sso.signing import Keys

pytestmark = pytest.mark.django_db


class Signing(HostileServer):
    """A provider with keys, which gives whoever comes back a token about Dora."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = Keys()
        self.on(DESCRIPTION, answer(200, description(self.url)))
        self.on("/u", answer(200, {"sub": "7", "preferred_username": "dora"}))
        self.publish()

    def publish(self) -> None:
        self.on("/k", answer(200, {"keys": self.keys.jwks}))

    def gives(self, nonce: str, keys: Keys | None = None, **claims: object) -> None:
        token = (keys or self.keys).token(**{"iss": self.url, "nonce": nonce, **claims})
        self.on("/t", answer(200, {"access_token": "x", "token_type": "Bearer", "id_token": token}))


@pytest.fixture
def server(settings) -> Iterator[Signing]:
    with Signing() as running:
        use_provider(settings, running.url)
        yield running


def begin(client: Client) -> tuple[str, str]:
    """The state and the nonce that the browser takes to the provider."""
    asked = parse_qs(urlsplit(away(client.post(BEGIN))).query)
    return asked["state"][0], asked["nonce"][0]


def back(client: Client, state: str):
    return client.get(f"{BEGIN}callback/?code=x&state={state}")


def sign_in(client: Client, server: Signing, **claims: object):
    state, nonce = begin(client)
    server.gives(**{"nonce": nonce, **claims})
    return back(client, state)


def refused(page) -> bool:
    return page.status_code == 401 and "can't be used" in text(page) and not User.objects.exists()


def test_a_signed_token_lets_its_owner_in_and_the_keys_are_fetched_once(client, server):
    sign_in(client, server)
    assert who(client) == "dora"
    assert server.asked().count("GET /k") == 1


def test_an_issuer_that_ends_in_a_slash_is_the_same_for_its_tokens(client, server):
    issuer = f"{server.url}/"
    server.on(DESCRIPTION, answer(200, {**description(server.url), "issuer": issuer}))
    sign_in(client, server, iss=issuer)
    assert who(client) == "dora"
    other = Client()
    assert sign_in(other, server, iss=server.url).status_code == 401 and who(other) == ""


def test_each_sign_in_has_a_nonce_of_its_own(client, server):
    nonces = {begin(client)[1] for _ in range(3)}
    assert len(nonces) == 3 and all(len(nonce) >= 32 for nonce in nonces)


def test_an_address_cannot_choose_the_nonce(client, server):
    asked = parse_qs(urlsplit(away(client.post(f"{BEGIN}?nonce=mine&auth_params=nonce%3Dmine"))).query)
    assert asked["nonce"] != ["mine"]


def test_a_token_of_another_session_is_refused(client, server):
    other = Client()
    (state, nonce), (state_2, nonce_2) = begin(client), begin(other)
    server.gives(nonce_2)
    assert refused(back(client, state))
    server.gives(nonce)
    assert refused(back(other, state_2))


def test_a_token_of_an_earlier_sign_in_of_the_same_session_is_refused(client, server):
    _, nonce = begin(client)
    server.gives(nonce)
    state_2, _ = begin(client)
    assert refused(back(client, state_2))


@pytest.mark.parametrize(
    ("claims", "logged"),
    [
        ({"aud": "another"}, "InvalidAudienceError"),
        ({"iss": "https://evil.example"}, "InvalidIssuerError"),
        ({"exp": 1}, "ExpiredSignatureError"),
        ({"iat": 4_000_000_000}, "ImmatureSignatureError"),
        ({"azp": "another"}, "issued to another client"),
        ({"nonce": None}, "another sign-in"),
        ({"keys": Keys()}, "none of the provider's keys"),
        ({"kid": "gone", "key": Keys().private["rsa"]}, "a key that the provider does not have"),
    ],
)
def test_a_token_that_does_not_hold_signs_nobody_in_and_the_log_says_why(client, server, caplog, claims, logged):
    assert refused(sign_in(client, server, **claims))
    assert logged in caplog.text and "eyJ" not in caplog.text
    assert "GET /u" not in server.asked()


def test_new_keys_of_the_provider_count_at_once_and_old_ones_no_more(client, server):
    sign_in(client, server)
    old, server.keys = server.keys, Keys()
    server.publish()
    again = Client()
    sign_in(again, server)
    assert (who(client), who(again)) == ("dora", "dora")
    late = Client()
    assert sign_in(late, server, keys=old).status_code == 401 and who(late) == ""


@pytest.mark.parametrize(
    "keys",
    [
        answer(200, {}),
        answer(200, {"keys": {}}),
        answer(200, {"keys": [None, "x", {"kty": "RSA", "kid": "rsa"}]}),
        answer(200, [1]),
        answer(404),
        answer(500, {"keys": []}),
        html(),
        huge(),
        endless_body(chunked=True),
        redirect("/elsewhere"),
    ],
)
def test_keys_that_cannot_be_used_sign_nobody_in(client, server, keys):
    server.on("/k", keys)
    assert refused(sign_in(client, server))
    assert "GET /elsewhere" not in server.asked()


def test_keys_that_do_not_come_sign_nobody_in(client, server):
    server.on("/k", hang_up())
    assert sign_in(client, server).status_code == 401 and not User.objects.exists()


def test_a_thousand_keys_are_no_trouble(client, server):
    many = [{**key, "kid": f"{key['kid']} {number}"} for number in range(200) for key in server.keys.jwks]
    server.on("/k", answer(200, {"keys": many + server.keys.jwks}))
    sign_in(client, server)
    assert who(client) == "dora"


@pytest.mark.parametrize("uri", [None, "", "/k", 7, ["https://login.example.org/k"], "file:///etc/passwd", "data:,{}"])
def test_a_provider_without_an_address_of_its_keys_is_refused_before_anyone_leaves(client, server, caplog, uri):
    server.on(DESCRIPTION, answer(200, description(server.url, jwks_uri=uri)))
    assert refused(client.post(BEGIN))
    assert "gives no jwks_uri that can be used" in caplog.text


@pytest.mark.parametrize("name", ["jwks_uri", "userinfo_endpoint"])
def test_neither_keys_nor_user_information_are_fetched_from_our_own_port(client, server, request, name):
    with HostileServer() as ours:
        before = outbound.configure(outbound.Rules(services=(outbound.Service("the web server", "", ours.port),)))
        request.addfinalizer(lambda: outbound.configure(before))
        server.on(DESCRIPTION, answer(200, description(server.url, **{name: f"{ours.url}/x"})))
        page = sign_in(client, server)
        assert "has an address that this installation may not call" in text(page)
        assert ours.connections == 0 and not User.objects.exists()
