"""Addresses of our pages: how they are written in full, and what none may have in it."""

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils.deprecation import MiddlewareMixin


def absolute(path: str) -> str:
    """The whole address of one of our paths, for mails and programs. A Host header is the sender's to choose, so it
    begins as the settings say.
    """
    return f"{settings.SITE_URL}{path}"


class NoNulMiddleware(MiddlewareMixin):
    """Nothing is where a NUL character leads. PostgreSQL refuses one in any text, so a look-up would be an error.

    In forms the fields themselves refuse it, with a sentence.
    """

    def process_request(self, request: HttpRequest) -> None:
        asked = (text for name, texts in request.GET.lists() for text in (name, *texts))
        if any("\0" in text for text in (request.path, *asked)):
            raise Http404("The address has a NUL character in it.")
