"""A provider's keys, and ID tokens that they sign."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER, CLIENT, NONCE = "https://login.example.org", "plimsoll", "the nonce of this sign-in"


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Keys:
    """One private key of each type; `jwks` publishes them, each under its own name as its ID."""

    def __init__(self) -> None:
        self.private: dict[str, Any] = {
            "rsa": rsa_key(),
            "p256": ec.generate_private_key(ec.SECP256R1()),
            "p384": ec.generate_private_key(ec.SECP384R1()),
            "p521": ec.generate_private_key(ec.SECP521R1()),
            "ed": ed25519.Ed25519PrivateKey.generate(),
        }

    @property
    def jwks(self) -> list[dict[str, Any]]:
        return [jwk(key, kid) for kid, key in self.private.items()]

    def token(self, algorithm: str = "RS256", kid: str | None = "rsa", key: Any = None, **claims: object) -> str:
        """Signed by `key`, or else by the one of that ID. None takes a claim away."""
        headers = {"kid": kid} if kid is not None else {}
        content = json.dumps(payload(**claims)).encode()  # jwt.encode would refuse claims of odd types
        return jwt.api_jws.encode(content, key or self.private[kid or "rsa"], algorithm, headers)


def payload(**claims: object) -> dict[str, Any]:
    """The claims of a good token, with these in place of its own; None takes one away."""
    now = int(time.time())
    good = {"iss": ISSUER, "sub": "7", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": NONCE}
    return {name: value for name, value in {**good, **claims}.items() if value is not None}


def jwk(private: Any, kid: str) -> dict[str, Any]:
    """The public part, as a provider publishes it."""
    kinds = {
        rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm,
        ed25519.Ed25519PrivateKey: jwt.algorithms.OKPAlgorithm,
    }
    kind = next(kind for of, kind in kinds.items() if isinstance(private, of))
    return {**json.loads(kind.to_jwk(private.public_key())), "kid": kid}


def pem(private: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.PEM, form)
