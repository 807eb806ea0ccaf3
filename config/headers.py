"""Headers that neither Django nor django-csp sets."""

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

UNUSED = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"
)
"""What no page of ours asks a browser for. Passkeys and the copy buttons stay allowed."""


class PermissionsPolicyMiddleware(MiddlewareMixin):
    """Tells browsers what no script on our pages may use, should a foreign one ever get in."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", UNUSED)
        return response
