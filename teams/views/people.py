"""Data care of one's own, and all accounts for administrators."""

from collections.abc import Callable
from functools import partial

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from .. import access, tokens
from ..accounts import administrators, personal_data
from ..accounts import people as queries
from ..forms import TypedForm
from ..refusals import NotThere, Refused

ACTS: dict[str, tuple[Callable[[User, User], object], str]] = {
    "admin": (partial(administrators.make_admin, admin=True), "{} is an administrator now."),
    "no-admin": (partial(administrators.make_admin, admin=False), "{} is no administrator any more."),
    "activate": (partial(administrators.set_active, active=True), "{} can sign in again."),
    "deactivate": (
        partial(administrators.set_active, active=False),
        "{} is deactivated, and signed out everywhere.",
    ),
    "no-factor": (administrators.remove_factors, "{} signs in without a second factor until they set one up again."),
}
"""What the page's buttons send: what is done with (the administrator, the person), and what is said then."""


@require_GET
def data(request: HttpRequest) -> HttpResponse:
    """What is stored about oneself, to take away or to delete."""
    person = access.person(request)
    shown = {
        "obstacle": personal_data.why_not_deletable(person),
        "addresses": sorted(personal_data.addresses_of(person)),
    }
    return render(request, "teams/data.html", shown)


@require_POST
@never_cache
def export_own(request: HttpRequest) -> HttpResponse:
    person = access.person(request)
    return _download(person)


@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "POST"])
def delete_own(request: HttpRequest) -> HttpResponse:
    """Deletes one's own account, once the user name was typed and the password given."""
    person = access.person(request)
    form = TypedForm(request.POST or None, label="Type your user name", wanted=person.username)
    if request.method == "POST" and form.is_valid() and _deleted(form, person, person):
        request.session.flush()
        request.user = AnonymousUser()
        messages.success(request, "Your account is deleted.")
        return redirect("account_login")
    return _delete_page(request, person, form)


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    access.admin(request)
    search = request.GET.get("q", "").strip()
    page = queries.everyone(search, request.GET.get("page", 1))
    return render(request, "teams/people.html", {"page": page, "q": search})


@reauthentication_required
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes someone an administrator or not, lets them sign in or not, or takes lost second factors away."""
    admin = access.admin(request)
    user, act = _someone(pk), request.POST.get("act")
    if act not in ACTS:
        raise Http404("There is no such action.")
    do, done = ACTS[act]
    try:
        do(admin, user)
        messages.success(request, done.format(user))
        if act == "no-factor":
            get_adapter().send_notification_mail("mfa/email/factors_removed", user)
        elif act in ("deactivate", "no-admin") and (still := tokens.outliving(user)):
            messages.warning(request, still)
    except NotThere as refused:
        raise Http404(str(refused)) from None
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("people" if User.objects.filter(pk=admin.pk, is_superuser=True).exists() else "board")


@require_POST
@never_cache
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """All that is stored about someone, as a file."""
    access.admin(request)
    return _download(_someone(pk))


@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes someone's account, once the user name was typed and the admin's password given."""
    admin = access.admin(request)
    user = _someone(pk)
    if user == admin:
        return redirect("person-data")
    form = TypedForm(request.POST or None, label="Type the user name", wanted=user.username)
    if request.method == "POST" and form.is_valid() and _deleted(form, admin, user):
        messages.success(request, f"The account {user} is deleted.")
        return redirect("people")
    return _delete_page(request, user, form)


def _deleted(form: TypedForm, actor: User, user: User) -> bool:
    try:
        personal_data.delete_person(actor, user)
    except NotThere as refused:
        raise Http404(str(refused)) from None
    except Refused as refused:
        form.add_error(None, str(refused))
        return False
    return True


def _delete_page(request: HttpRequest, user: User, form: TypedForm) -> HttpResponse:
    shown = {
        "someone": user,
        "own": user == request.user,
        "form": form,
        "obstacle": personal_data.why_not_deletable(user),
    }
    return render(request, "teams/delete_person.html", shown)


def _someone(pk: int) -> User:
    return access.one_of(User.objects.all(), pk, "There is no such account (any more).")


def _download(user: User) -> HttpResponse:
    answer = JsonResponse(personal_data.export(user), json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="plimsoll-person-{user.pk}.json"'
    return answer
