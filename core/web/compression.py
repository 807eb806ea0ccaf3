"""Pages go out compressed."""

from django.http import HttpRequest, HttpResponseBase
from django.middleware import gzip


class GZipMiddleware(gzip.GZipMiddleware):
    """As Django's, which pads against BREACH, but streams go out as they come: it would hold their events back."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return response if response.streaming else super().process_response(request, response)
