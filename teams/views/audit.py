"""The audit trail: of the installation, for who runs it, and of a team, for its owners."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from ..access import admin, team_of
from ..audit import export
from ..audit import search as queries
from ..models import Role, Team


@never_cache
@require_GET
def installation(request: HttpRequest) -> HttpResponse:
    """Everything, of all teams and of none."""
    admin(request)
    return _page(request, None)


@never_cache
@require_GET
def installation_csv(request: HttpRequest) -> StreamingHttpResponse:
    admin(request)
    return export.as_csv(None, queries.Filters.of(request.GET))


@never_cache
@require_GET
def installation_json(request: HttpRequest) -> StreamingHttpResponse:
    admin(request)
    return export.as_json(None, queries.Filters.of(request.GET))


@never_cache
@require_GET
def team_audit(request: HttpRequest, slug: str) -> HttpResponse:
    team = team_of(request, slug, Role.OWNER)
    return _page(request, team)


@never_cache
@require_GET
def team_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    team = team_of(request, slug, Role.OWNER)
    return export.as_csv(team, queries.Filters.of(request.GET))


@never_cache
@require_GET
def team_json(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    team = team_of(request, slug, Role.OWNER)
    return export.as_json(team, queries.Filters.of(request.GET))


def _page(request: HttpRequest, team: Team | None) -> HttpResponse:
    filters = queries.Filters.of(request.GET)
    page = queries.page_of_lines(team, filters, request.GET.get("page", "1"))
    shown = {"team": team, "filters": filters, "groups": queries.GROUPS, "page": page}
    return render(request, "teams/audit.html", shown)
