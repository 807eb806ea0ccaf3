"""The two addresses of a sign-in by the provider. Both are 404 while no provider is set."""

from typing import Any

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse

from teams import access

from .exchange import Exchange
from .provider import Provider


@login_not_required
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sends the browser to the provider, by POST; GET asks first."""
    access.anyone(request)
    return _answer(OAuth2LoginView, request, provider_id)


@login_not_required
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The provider sent the browser back, with a code or with an error."""
    access.anyone(request)
    return _answer(_Callback, request, provider_id)


class _Callback(OAuth2CallbackView):
    def _get_state(self, request: HttpRequest, provider: Provider) -> tuple[dict[str, Any] | None, HttpResponse | None]:
        """allauth hands the state on to nobody, and the ID token must have the nonce that is kept in it."""
        state, response = super()._get_state(request, provider)
        self.adapter.nonce = (state or {}).get("nonce", "")
        return state, response


def _answer(view: type[OAuth2LoginView | OAuth2CallbackView], request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        return view.adapter_view(Exchange(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404("no provider is set") from None
