"""The provider as django-allauth's registry knows it. The registry finds this module by its name."""

import hashlib
from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import get_random_string
from requests import RequestException

from .exchange import Exchange


class Provider(OpenIDConnectProvider):
    """The one provider that the settings name."""

    oauth2_adapter_class = Exchange

    def redirect(self, request: HttpRequest, process: str, next_url: str | None = None, **kwargs: Any) -> HttpResponse:
        """Sends the browser to the provider, or shows why that can't be: allauth would answer 500.

        By a page, not by a redirect: a browser holds the redirects of a form to the policy's form-action, and a
        provider may pass it on to more places than its own description names.
        """
        nonce = get_random_string(32)
        kwargs["auth_params"] = {**self.get_auth_params(), "nonce": nonce}
        try:
            away = super().redirect(request, process, next_url=next_url, nonce=nonce, **kwargs)
        except (OAuth2Error, RequestException) as error:
            return render_authentication_error(request, self, exception=error)
        page = render(request, "socialaccount/leave.html", {"address": away["location"], "provider": self})
        add_never_cache_headers(page)
        return page

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """What the settings say; allauth would add what the address asks for."""
        return self.get_scope()

    def extract_uid(self, data: dict[str, Any]) -> str:
        """The issuer is a part of it: another provider's number 7 is another person (OpenID Connect Core 5.7)."""
        facts = data["userinfo"]
        return hashlib.sha256(f"{facts['iss']} {facts['sub']}".encode()).hexdigest()


provider_classes = [Provider]
