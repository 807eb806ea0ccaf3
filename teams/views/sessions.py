"""Ending one of one's sessions. The list of them is allauth's page."""

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from .. import access


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a session of one's own. Ending the one that asks signs out."""
    user = access.person(request)
    session = access.one_of(UserSession.objects.filter(user=user), pk, "This session has ended already.")
    current = session.is_current()
    end_sessions(request, [session])
    if current:
        return redirect("account_login")
    messages.success(request, "The session has ended. Whoever used it has to sign in again.")
    return redirect("usersessions_list")
