"""What is said about what is not there or not allowed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, with the sentence of the helper that refused where there is one."""
    return render(request, "404.html", {"said": _said(exception)}, status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: it is there, and who asks may see it, but not do this."""
    return render(request, "403.html", {"said": _said(exception)}, status=403)


def _said(exception: Exception) -> str:
    return exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
