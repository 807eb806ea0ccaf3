"""What is said about what is not there or not allowed."""

import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template

from core import disk
from core.postgres import busy


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, with the sentence of the helper that refused where there is one."""
    return render(request, "404.html", {"reason": _reason(exception)}, status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: it is there, and who asks may see it, but not do this."""
    return render(request, "403.html", {"reason": _reason(exception)}, status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """500; 503 where nothing is broken, but no connection to the database was free in time.

    Without the request's context, which may be what is broken.
    """
    if busy(sys.exception()):
        return HttpResponse(get_template("503.html").render(), status=503, headers={"Retry-After": "5"})
    full = disk.is_about_full_disk(sys.exception()) or disk.is_full(settings.DATA)
    page = get_template("500.html").render({"remedy": disk.REMEDY if full else ""})
    return HttpResponse(page, status=500)


def _reason(exception: Exception) -> str:
    return exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
