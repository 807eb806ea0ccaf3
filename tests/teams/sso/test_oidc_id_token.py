"""ID tokens: only what the provider signed, for us and for this sign-in, is believed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import jwt
import pytest
import time_machine

from teams.sso.facts import Unbelievable
from teams.sso.id_token import LEEWAY, MOST_KEYS, verified
from tests.teams.sso.signing import CLIENT, ISSUER, NONCE, Keys, jwk, payload, pem, rsa_key

NOW = 1_800_000_000  # unix seconds


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="module")
def strangers() -> Keys:
    """Keys that the provider does not have, under the same IDs."""
    return Keys()


def verify(token: str, jwks: object, nonce: str = NONCE) -> dict:
    return verified(token, jwks, issuer=ISSUER, client_id=CLIENT, nonce=nonce)


def forged(header: dict, claims: dict, secret: bytes | None = None) -> str:
    """A token by hand: libraries refuse to make these. With a secret it has an HMAC, or else no signature."""
    parts = [_encoded(json.dumps(part).encode()) for part in (header, claims)]
    signature = hmac.new(secret, ".".join(parts).encode(), hashlib.sha256).digest() if secret else b""
    return ".".join([*parts, _encoded(signature)])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# What is believed


@pytest.mark.parametrize(
    ("algorithm", "kid"),
    [("RS256", "rsa"), ("RS512", "rsa"), ("PS384", "rsa"), ("ES256", "p256"), ("ES384", "p384"), ("ES512", "p521"),
     ("EdDSA", "ed")],
)  # fmt: skip
def test_what_the_provider_signed_is_believed(keys, algorithm, kid):
    assert verify(keys.token(algorithm, kid), keys.jwks)["sub"] == "7"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
        {"azp": CLIENT},
        {"iat": NOW + LEEWAY},
        {"exp": NOW - LEEWAY + 1},
    ],
)
def test_several_audiences_and_clocks_that_differ_a_little_are_fine(keys, claims):
    assert verify(keys.token(**claims), keys.jwks)


def test_a_token_without_a_key_id_is_tried_with_the_keys_of_its_type(keys):
    assert verify(keys.token(kid=None), [jwk(rsa_key(), "other"), *keys.jwks])


def test_the_key_is_found_among_a_thousand(keys):
    many = [{**jwk(keys.private["p256"], f"key {number}")} for number in range(1000)]
    assert verify(keys.token(), [*many, *keys.jwks])


# Signatures that are not the provider's


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 7, ["RS256"]])
def test_a_token_without_a_signature_is_refused(keys, algorithm):
    with pytest.raises(Unbelievable):
        verify(forged({"alg": algorithm, "kid": "rsa"}, payload()), keys.jwks)


@pytest.mark.parametrize("published", [[], [{"kty": "oct", "kid": "rsa", "k": _encoded(b"x" * 32), "alg": "HS256"}]])
def test_a_public_key_is_no_shared_secret(keys, published):
    public = keys.private["rsa"]
    for secret in (
        pem(public),
        pem(public).strip(),
        json.dumps(jwk(public, "rsa")).encode(),
        b"x" * 32,
        CLIENT.encode(),
    ):
        with pytest.raises(Unbelievable, match="not accepted"):
            verify(forged({"alg": "HS256", "kid": "rsa"}, payload(), secret), [*keys.jwks, *published])


@pytest.mark.parametrize(("algorithm", "kid"), [("RS256", "rsa"), ("ES256", "p256"), ("EdDSA", "ed")])
def test_another_key_of_the_same_id_is_refused(keys, strangers, algorithm, kid):
    with pytest.raises(Unbelievable, match="none of the provider's keys"):
        verify(strangers.token(algorithm, kid), keys.jwks)


@pytest.mark.parametrize("where", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_does_not_count(keys, strangers, where):
    brought = {"jwk": strangers.jwks[0], "jku": "https://evil.example/k", "x5u": "https://evil.example/c", "x5c": ["x"]}
    header, _, signature = strangers.token().split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(header + "==")), where: brought[where]}
    with pytest.raises(Unbelievable):
        verify(".".join([_encoded(json.dumps(changed).encode()), _, signature]), keys.jwks)


def test_claims_that_were_changed_after_signing_are_refused(keys):
    header, _, signature = keys.token().split(".")
    with pytest.raises(Unbelievable, match="none of the provider's keys"):
        verify(".".join([header, _encoded(json.dumps(payload(sub="8")).encode()), signature]), keys.jwks)


@pytest.mark.parametrize(
    ("algorithm", "change"),
    [
        ("RS256", {"kid": "another"}),
        ("RS256", {"kty": "EC"}),
        ("RS256", {"use": "enc"}),
        ("RS256", {"alg": "RS512"}),
        ("RS256", {"n": 7}),
        ("RS256", {"n": "!"}),
        ("RS256", {"n": None}),
        ("RS256", {"n": ""}),
        ("RS256", {"n": "A" * 500_000}),
        ("RS256", {"e": "A" * 500_000}),
        ("RS256", {"e": ["AQAB"]}),
        ("ES256", {"crv": "P-384"}),
        ("ES256", {"crv": "secp256k1"}),
        ("ES256", {"x": _encoded(b"\x01" * 32)}),
        ("ES256", {"y": {}}),
        ("EdDSA", {"crv": "X25519"}),
        ("EdDSA", {"x": _encoded(b"short")}),
    ],
)
def test_a_key_of_the_wrong_type_or_form_is_none(keys, algorithm, change):
    kid = {"RS256": "rsa", "ES256": "p256", "EdDSA": "ed"}[algorithm]
    with pytest.raises(Unbelievable):
        verify(keys.token(algorithm, kid), [{**jwk(keys.private[kid], kid), **change}])


def test_a_token_whose_algorithm_does_not_go_with_the_key_of_its_id_is_refused(keys):
    with pytest.raises(Unbelievable, match="does not have"):
        verify(keys.token("ES256", "rsa", key=keys.private["p256"]), keys.jwks)


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
def test_a_key_that_is_too_short_is_refused(keys):
    short = rsa_key(1024)
    with pytest.raises(Unbelievable, match="none of the provider's keys"):
        verify(keys.token(key=short), [jwk(short, "rsa")])


def test_a_token_without_a_key_id_is_not_tried_with_keys_without_end(keys):
    many = [jwk(keys.private["rsa"], str(number)) for number in range(MOST_KEYS + 1)]
    with pytest.raises(Unbelievable, match="More than"):
        verify(keys.token(kid=None), many)


@pytest.mark.parametrize("jwks", [None, {}, [], "keys", 7, [None, 7, "x", []], {"rsa": "-----BEGIN CERTIFICATE-----"}])
def test_without_keys_nothing_is_believed(keys, jwks):
    with pytest.raises(Unbelievable, match="does not have"):
        verify(keys.token(), jwks)


NO_TOKENS = ["", ".", "..", "a.b.c", "a.b.c.d.e", "\ud800.b.c", _encoded(b"[" * 100_000) + ".e30.e30", "W10.e30."]


@pytest.mark.parametrize("token", NO_TOKENS, ids=range(len(NO_TOKENS)))
def test_what_is_no_token_is_refused(keys, token):
    with pytest.raises(Unbelievable):
        verify(token, keys.jwks)


def test_signed_claims_that_are_no_object_are_refused(keys):
    for content in (b"[1]", b"[" * 100_000, b"7", b"\xff"):
        token = jwt.api_jws.encode(content, keys.private["rsa"], "RS256", {"kid": "rsa"})
        with pytest.raises(Unbelievable):
            verify(token, keys.jwks)


# Claims that are not about this sign-in


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": f"{ISSUER}.evil.example"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"sub": None},
        {"sub": 7},
        {"aud": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": CLIENT, "azp": "another"},
        {"aud": [CLIENT], "azp": [CLIENT]},
        {"aud": {CLIENT: 1}},
        {"aud": []},
        {"nonce": None},
        {"nonce": ""},
        {"nonce": "of another sign-in"},
        {"nonce": [NONCE]},
        {"exp": None},
        {"exp": "soon"},
        {"exp": [NOW]},
        {"exp": True},
        {"exp": NOW - LEEWAY},
        {"iat": None},
        {"iat": "now"},
        {"iat": NOW + LEEWAY + 1},
        {"nbf": NOW + LEEWAY + 1},
    ],
)
def test_claims_that_do_not_hold_are_refused(keys, claims):
    with pytest.raises(Unbelievable):
        verify(keys.token(**claims), keys.jwks)


def test_a_sign_in_that_sent_no_nonce_believes_no_token(keys):
    for claims in ({"nonce": None}, {"nonce": ""}):
        with pytest.raises(Unbelievable, match="another sign-in"):
            verify(keys.token(**claims), keys.jwks, nonce="")
