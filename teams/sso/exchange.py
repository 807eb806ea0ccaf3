"""The talk with the provider: its description, the code for a token, its keys, and who it is."""

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.urls import reverse

from core.site_url import absolute

from . import facts
from .id_token import verified


class Exchange(OpenIDConnectOAuth2Adapter):
    """Raises OAuth2Error or RequestException for everything the provider does wrong."""

    nonce = ""
    """What the authorization request of this sign-in had."""

    @property
    def openid_config(self) -> dict[str, Any]:
        description = super().openid_config
        facts.check_description(description, self.get_provider().app.settings["server_url"])
        return description

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """By SITE_URL, which the provider knows; the request's own host may be another name of the site."""
        return absolute(reverse("openid_connect_callback", args=[self.provider_id]))

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """The access token alone: it is used once, to ask who it is, and not stored."""
        return SocialToken(token=str(data["access_token"]))

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        id_token = kwargs["response"].get("id_token")
        if not isinstance(id_token, str):
            raise facts.Unbelievable("The provider sent no ID token.")
        description = self.openid_config
        claims = verified(
            id_token, self._keys(), issuer=description["issuer"], client_id=app.client_id, nonce=self.nonce
        )
        asks = "userinfo_endpoint" in description
        person = facts.person(claims, self._fetch_user_info(token.token) if asks else {})
        return self.get_provider().sociallogin_from_response(request, {"userinfo": person})

    def _keys(self) -> Any:
        """The provider's keys as they are now: fetched with each sign-in, so a change of keys needs no restart."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        return answer.json().get("keys")
