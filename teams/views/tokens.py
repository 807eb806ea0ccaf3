"""The pages on which people make API tokens, for themselves or for their team, and take them back."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from core.site_url import absolute

from .. import access
from .. import tokens as acting
from ..forms import TokenForm
from ..models import ApiToken, Membership, Role, Scope, Team
from ..refusals import NotThere

GONE = "There is no such token (any more)."
_ADDRESSES = {Scope.STATUS: "api-status", Scope.METRICS: "metrics"}


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    user = access.person(request)
    return _tokens(request, user)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user = access.person(request)
    _revoke(request, access.one_of(ApiToken.objects.filter(user=user), pk, GONE))
    return redirect("tokens")


@never_cache
@require_http_methods(["GET", "POST"])
def team_tokens(request: HttpRequest, slug: str) -> HttpResponse:
    """The team's tokens; owners alone see them."""
    team = access.team_of(request, slug, Role.OWNER)
    return _tokens(request, access.person(request), team)


@require_POST
def team_token_revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    team = access.team_of(request, slug, Role.OWNER)
    _revoke(request, access.one_of(ApiToken.objects.filter(team=team), pk, GONE))
    return redirect("team-tokens", team.slug)


@sensitive_variables("secret")
def _tokens(request: HttpRequest, user: User, team: Team | None = None) -> HttpResponse:
    """Lists and makes. A new secret is in the answer to the POST that made it, and nowhere else."""
    form, made, secret = TokenForm(request.POST or None), None, ""
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            made, secret = acting.make(chosen["name"], chosen["scopes"], chosen["days"], user, team)
            form = TokenForm()
        except acting.TooManyTokens as error:
            form.add_error(None, str(error))
        except NotThere as refused:
            raise Http404(str(refused)) from None
    shown = {
        "form": form,
        "team": team,
        "tokens": _rows(user, team),
        "now": timezone.now(),
        "made": made,
        "secret": secret,
        "examples": [absolute(reverse(_ADDRESSES[Scope(scope)])) for scope in (made.scopes if made else Scope)],
        "most": settings.TOKENS_PER_TEAM,
    }
    return render(request, "teams/tokens.html", shown)


def _rows(user: User, team: Team | None) -> QuerySet[ApiToken]:
    if team is None:
        return ApiToken.objects.filter(user=user)
    member = Exists(Membership.objects.filter(team=team, user=OuterRef("created_by")))
    rows = ApiToken.objects.filter(team=team).select_related("created_by")
    return rows.annotate(maker_belongs=member | Q(created_by__is_superuser=True))


def _revoke(request: HttpRequest, token: ApiToken) -> None:
    try:
        acting.revoke(token, access.person(request))
    except NotThere as refused:
        raise Http404(str(refused)) from None
    messages.success(request, f"The token “{token.name}” is revoked: it opens nothing any more.")
