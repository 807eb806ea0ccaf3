"""Whether an ID token is the provider's word to us, about this sign-in (OpenID Connect Core 3.1.3.7)."""

from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

from .facts import Unbelievable

KEY_TYPES = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}
"""Signature algorithm -> type of its key. No other is believed: not "none", and none whose key is no secret here."""

LEEWAY = 60
"""Seconds by which the provider's clock and ours may differ."""

MOST_KEYS = 10
"""Keys that are tried at most; more than one fits only where the token or the keys have no ID."""

_PUBLIC = ("kty", "crv", "n", "e", "x", "y")
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
_MALFORMED = (ValueError, TypeError, KeyError, OverflowError, RecursionError, UnsupportedAlgorithm)
"""What the libraries raise for keys and tokens of odd types, besides their own errors."""


def verified(token: str, keys: Any, *, issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that one of `keys` (of the provider's JWK set) has signed for this sign-in.

    `nonce` is what the authorization request had. Raises Unbelievable.
    """
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, *_MALFORMED):
        raise Unbelievable("The ID token is no signed JWT.") from None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in KEY_TYPES:
        raise Unbelievable("The ID token's signature is of a kind that is not accepted.")
    claims = _signed(token, algorithm, _candidates(keys, algorithm, header.get("kid")), issuer, client_id)
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", client_id if len(audiences) == 1 else None) != client_id:
        raise Unbelievable("The ID token was issued to another client.")
    if not nonce or claims.get("nonce") != nonce:
        raise Unbelievable("The ID token belongs to another sign-in.")
    return claims


def _candidates(keys: Any, algorithm: str, kid: Any) -> list[dict[str, Any]]:
    """The keys that may have signed it. Chosen before any is parsed, which takes time for each."""
    found = [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict)
        and key.get("kty") == KEY_TYPES[algorithm]
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        and (kid is None or key.get("kid") == kid)
    ]
    if not found:
        raise Unbelievable("The ID token names a key that the provider does not have.")
    if len(found) > MOST_KEYS:
        raise Unbelievable(f"More than {MOST_KEYS} of the provider's keys fit the ID token.")
    return found


def _signed(
    token: str, algorithm: str, candidates: list[dict[str, Any]], issuer: str, client_id: str
) -> dict[str, Any]:
    for key in candidates:
        try:
            public = jwt.PyJWK({name: key[name] for name in _PUBLIC if name in key}, algorithm)
            return jwt.decode(
                token,
                public,
                algorithms=[algorithm],
                issuer=issuer,
                audience=client_id,
                leeway=LEEWAY,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError, jwt.PyJWKError):
            continue
        except jwt.PyJWTError as error:
            raise Unbelievable(f"The ID token does not hold: {type(error).__name__}.") from None
        except _MALFORMED:
            continue
    raise Unbelievable("The ID token is signed by none of the provider's keys.")
