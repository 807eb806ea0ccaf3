"""Answers to htmx, which puts what it gets into a page: a piece of it, or a sentence, never a whole page."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.deprecation import MiddlewareMixin

REFUSALS = {
    401: "You are not signed in here any more, so nothing was changed. What you typed is still on this page: sign in "
    "in another tab, then go on here.",
    403: "Nothing was changed: your role does not reach so far, or you signed in again since this page was opened. "
    "Copy what you typed and reload the page.",
    404: "What this page is about was removed, or belongs to a team that you are not in. Reload the page.",
    429: "Nothing was changed: too many requests of this kind came from you or your network. Try again in a minute.",
    503: "The server is busy, so nothing was changed. Try again in some seconds.",
}
FAULT = "Something broke on our side; the log of the web server has the reason. Try again, or reload the page."
REFUSED = "The server refused this request, so nothing was changed. Reload the page and try again."


class FragmentMiddleware(MiddlewareMixin):
    """The one place for what htmx gets in place of the piece it asked for.

    An ended session is a 401 that reloads the page, which leads to the sign-in page and back; a page with a form to
    fill in is kept (plimsoll.js). So is the page of a person in whose place somebody else is signed in meanwhile:
    pages send whose they are as X-Page-Of. Other redirects move the browser, other errors are a plain sentence.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        whose = request.headers.get("X-Page-Of")
        if _asks_for_a_piece(request) and whose and whose != str(request.user.pk):
            return _signed_out()
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not _asks_for_a_piece(request) or not isinstance(response, HttpResponse):
            return response
        if to := response.headers.get("Location"):
            sign_in = urlsplit(to).path == resolve_url(settings.LOGIN_URL)
            return _signed_out() if sign_in else HttpResponse(status=204, headers={"HX-Redirect": to})
        if response.status_code >= 400 and "html" in response.headers.get("Content-Type", ""):
            otherwise = FAULT if response.status_code >= 500 else REFUSED
            response.content = REFUSALS.get(response.status_code, otherwise)
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
        return response


def _asks_for_a_piece(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _signed_out() -> HttpResponse:
    return HttpResponse(
        REFUSALS[401], status=401, content_type="text/plain; charset=utf-8", headers={"HX-Refresh": "true"}
    )
