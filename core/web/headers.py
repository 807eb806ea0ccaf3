"""Headers that neither Django nor django-csp sets."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"
)
"""What no page of ours asks a browser for. Passkeys and the copy buttons stay allowed."""


class PermissionsPolicyMiddleware(MiddlewareMixin):
    """Forbids browsers what no script on our pages may use, should a foreign one ever get in."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response


class PrivateMiddleware(MiddlewareMixin):
    """Keeps what a signed-in person gets out of every cache but the browser's own, which asks again before it uses it.

    Not `no-store`: going back to a form would lose what was typed. Pages that show a secret say `no-store` themselves.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
