"""What htmx gets in place of a piece of a page."""

import pytest
from django.http import HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory

from core.web.fragments import FAULT, REFUSALS, REFUSED, FragmentMiddleware
from fleet import endpoints
from tests.people import just_signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

HTMX = {"HX-Request": "true"}

PIECES = [
    ("get", "/?status=down", "board"),
    ("get", "/changes/", "stream"),
    ("get", "/health/banner/", ""),
    ("get", "/incidents/", "incident-list"),
    ("get", "/endpoints/discovered/", ""),
    ("get", "/endpoints/1/now/?cursor=1&face=x", "now"),
    ("get", "/endpoints/1/?range=7d", "charts"),
    ("post", "/endpoints/check/", "check"),
    ("post", "/advisor/requirements/1/autosave/", "preview"),
]
"""Everything that htmx asks for on pages of people who are signed in."""


def _ask(client: Client, method: str, path: str, **headers: str) -> HttpResponse:
    return getattr(client, method)(path, headers=HTMX | headers)


@pytest.mark.parametrize(("method", "path", "target"), PIECES)
def test_an_ended_session_reloads_the_page_and_is_never_swapped_in(method, path, target):
    answer = _ask(Client(), method, path, **{"HX-Target": target})
    assert (answer.status_code, answer["HX-Refresh"]) == (401, "true")
    assert answer["Content-Type"].startswith("text/plain") and "Location" not in answer


@pytest.mark.parametrize(("method", "path", "target"), PIECES)
def test_the_page_of_somebody_else_gets_no_piece_of_mine(method, path, target, alice, bob):
    answer = _ask(just_signed_in(bob), method, path, **{"HX-Target": target, "X-Page-Of": str(alice.pk)})
    assert (answer.status_code, answer["HX-Refresh"]) == (401, "true")


def test_my_own_page_goes_on(alice):
    assert _ask(just_signed_in(alice), "get", "/health/banner/", **{"X-Page-Of": str(alice.pk)}).status_code == 200


def test_the_banner_brings_the_token_of_the_latest_sign_in(alice):
    page = Client(enforce_csrf_checks=True)
    just_signed_in(alice, page)
    answer = _ask(page, "get", "/health/banner/")
    check = {"path": "/endpoints/check/", "data": {"url": ""}}
    assert page.post(**check, headers=HTMX | {"X-CSRFToken": answer["X-CSRFToken"]}).status_code == 200
    old = page.post(**check, headers=HTMX | {"X-CSRFToken": "x" * 64})
    assert (old.status_code, old.content.decode()) == (403, REFUSALS[403])


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(400, REFUSED), (403, REFUSALS[403]), (404, REFUSALS[404]), (405, REFUSED), (429, REFUSALS[429]), (500, FAULT),
     (502, FAULT), (503, REFUSALS[503])],
)  # fmt: skip
def test_an_error_page_becomes_a_sentence_for_htmx_only(status, sentence):
    def answer(request) -> HttpResponse:
        return HttpResponse("<!doctype html><h1>A whole page", status=status, headers={"Retry-After": "5"})

    asked = FragmentMiddleware(answer)(RequestFactory().get("/", headers=HTMX))
    assert (asked.status_code, asked.content.decode(), asked["Retry-After"]) == (status, sentence, "5")
    assert asked["Content-Type"].startswith("text/plain")
    page = FragmentMiddleware(answer)(RequestFactory().get("/"))
    assert page.content.startswith(b"<!doctype html>") and page["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_other_redirects_move_the_browser(status):
    def answer(request) -> HttpResponse:
        response = HttpResponseRedirect("/accounts/reauthenticate/?next=/")
        response.status_code = status
        return response

    moved = FragmentMiddleware(answer)(RequestFactory().get("/", headers=HTMX))
    assert (moved.status_code, moved["HX-Redirect"]) == (204, "/accounts/reauthenticate/?next=/")
    assert FragmentMiddleware(answer)(RequestFactory().get("/"))["Location"]


def test_what_was_removed_and_what_breaks_is_no_page_in_a_page(team, alice, monkeypatch):
    client = just_signed_in(alice)
    client.raise_request_exception = False
    found = endpoints.add(team, name="gpu-1", url="http://gpu-1:8000")
    endpoints.remove(found)
    gone = _ask(client, "get", f"/endpoints/{found.pk}/now/?cursor=1&face=x")
    assert (gone.status_code, gone.content.decode()) == (404, REFUSALS[404])
    monkeypatch.setattr("fleet.views.board.query.board", lambda *_: 1 / 0)
    broken = _ask(client, "get", "/")
    assert (broken.status_code, broken.content.decode()) == (500, FAULT)
