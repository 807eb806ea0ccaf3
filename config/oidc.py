"""What the settings of the sign-in by an OpenID Connect provider come to."""

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

ID = "sso"
"""What the provider is called in addresses and in the database, whichever one it is."""


def problems(values: Mapping[str, Any]) -> list[str]:
    """One sentence for each setting that can't be right beside the others."""
    if not (url := values.get("OIDC_URL")):
        return []
    found = []
    if not values.get("OIDC_CLIENT_ID"):
        found.append("OIDC_URL is set, but OIDC_CLIENT_ID is not: give the client ID that the provider gave you.")
    if urlsplit(url).query:
        found.append("OIDC_URL has a question mark in it: give the issuer alone, as the provider's own pages write it.")
    if urlsplit(url).scheme != "https" and not _is_this_machine(url):
        found.append(
            "OIDC_URL is http, so the provider's keys, and with them who signs in, could be forged on the way: "
            "give https. Only a provider on this machine (localhost) may be http."
        )
    return found


def issuer(url: str | None) -> str:
    """OIDC_URL without what people may or may not write behind it; "" for none."""
    return (url or "").rstrip("/").removesuffix("/.well-known/openid-configuration").rstrip("/")


def apps(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The provider as django-allauth wants it in SOCIALACCOUNT_PROVIDERS; none while OIDC_URL is empty."""
    if not values.get("OIDC_URL"):
        return []
    return [
        {
            "provider_id": ID,
            "name": values["OIDC_NAME"],
            "client_id": values["OIDC_CLIENT_ID"],
            "secret": values["OIDC_CLIENT_SECRET"] or "",
            "settings": {"server_url": issuer(values["OIDC_URL"]), "oauth_pkce_enabled": True},
        }
    ]


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
