"""Where a form leads when it was sent from more than one page."""

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def back(request: HttpRequest, otherwise: str) -> str:
    """The page of this site that the form was on, where its field `back` names it."""
    path = request.POST.get("back", "")
    return path if path and url_has_allowed_host_and_scheme(path, None) else otherwise


def to_board(request: HttpRequest) -> str:
    """The board as it was when the form was sent, by its field `query`."""
    query = QueryDict(request.POST.get("query", "")).urlencode()
    return f"{reverse('board')}?{query}" if query else reverse("board")
