"""What the provider says, reduced to what can be believed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from core import mail_addresses

LONGEST_SUBJECT = 255
"""Characters of `sub` (Core 2)."""


class Unbelievable(OAuth2Error):
    """The provider's answer breaks a rule; the text says which, in words for the log."""


def check_description(description: Mapping[str, Any], issuer: str) -> None:
    """Raises Unbelievable unless it is the issuer's own, with the endpoints (OpenID Connect Discovery 4.3)."""
    if str(description.get("issuer")).rstrip("/") != issuer:
        raise Unbelievable("The provider's issuer is not OIDC_URL.")
    needed = ["authorization_endpoint", "token_endpoint", "jwks_uri"]
    for name in needed + ["userinfo_endpoint"] * ("userinfo_endpoint" in description):
        address = description.get(name)
        scheme = urlsplit(address).scheme if isinstance(address, str) else ""
        if scheme not in ("https", urlsplit(issuer).scheme):
            raise Unbelievable(f"The provider gives no {name} that can be used.")


def person(id_token: Mapping[str, Any], userinfo: Mapping[str, Any]) -> dict[str, Any]:
    """Who signs in: `iss` and `sub`, names, and `email` only when the provider says that it is verified.

    `sub` is taken as it is, since spaces and capitals distinguish people (Core 2). Raises Unbelievable when nobody in
    particular signs in, or the two are about different people (Core 5.3.2).
    """
    subject = id_token.get("sub")
    if not isinstance(subject, str) or not subject.strip() or (userinfo and userinfo.get("sub") != subject):
        raise Unbelievable("The provider's answers are not about one person.")
    if len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        raise Unbelievable("The provider's number of the person is too long or has control characters.")
    found = {"iss": _text(id_token, "iss").rstrip("/"), "sub": subject}
    for name in ("preferred_username", "name", "given_name", "family_name"):
        found[name] = _text(userinfo, name) or _text(id_token, name)
    # The address and the word that it is verified must come from the same answer.
    source = userinfo if "email" in userinfo else id_token
    return {**found, **_verified_address(source)}


def _verified_address(source: Mapping[str, Any]) -> dict[str, Any]:
    """Some providers send the text "true"; the text "false" must not count as true."""
    word = source.get("email_verified")
    if not (word is True or word == "true"):
        return {}
    try:
        return {"email": mail_addresses.usable(_text(source, "email")).lower(), "email_verified": True}
    except mail_addresses.Unmailable:  # the person signs in all the same, without an address
        return {}


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name)
    return value.strip() if isinstance(value, str) else ""
