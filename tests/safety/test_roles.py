"""Walks every address as every role, and holds the answers against the table of what each may do."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from teams.models import Membership, Role
from teams.team_lifecycle import new_team
from tests.people import just_signed_in
from tests.safety.addresses import ENDPOINT, Address, SmallFleet, every_address
from tests.safety.roles import ROLES, RULES, May, refused

pytestmark = pytest.mark.slow

ADDRESSES = list(every_address())
USED_UP = {"start"}
"""Addresses that are 404 for everyone once there are people."""

UNSEEN = {"live"}
"""What scripts ask for: a redirect to the sign-in page would be followed unseen, so strangers get 401."""

OURS = ("config.", "teams.", "fleet.", "advisor.")
WALKS = [*((role, True) for role in ROLES), ("stranger", False), ("viewer", False), ("admin", False)]
"""(role, whether the fleet is open). Where it is not, all that counts is membership, and who runs the installation."""

WITHOUT_HELPER = {"health-live", "health-ready"}
"""Load balancers ask them; they know no people."""


class People:
    """A browser for each role: Search's members, the owner of another team, who runs the installation, and nobody."""

    def __init__(self, fleet: SmallFleet) -> None:
        for role in Role:
            user = User.objects.create_user(role.value, f"{role.value}@example.org", "a long password")
            Membership.objects.create(user=user, team=fleet.team, role=role)
        new_team(User.objects.create_user("stranger", "s@example.org", "a long password"), "Elsewhere", [])
        self._sessions: dict[str, str] = {}
        self._client = Client()  # one for all: each loads the middleware

    def sign_in(self, role: str) -> None:
        """Just now, so that no page asks for the password again. Nobody signs in as "anonymous"."""
        if role != "anonymous":
            client = just_signed_in(User.objects.get(username="root" if role == "admin" else role))
            self._sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value

    def client(self, role: str) -> Client:
        """A browser that has but the session of who signed in."""
        self._client.cookies.clear()
        if role in self._sessions:
            self._client.cookies[settings.SESSION_COOKIE_NAME] = self._sessions[role]
        return self._client


@pytest.fixture
def people(small_fleet: SmallFleet) -> People:
    return People(small_fleet)


@contextmanager
def undone() -> Iterator[None]:
    """What happens within did not happen: the next role finds the same fleet."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_address_has_a_rule_and_every_rule_an_address():
    assert {address.name for address in ADDRESSES} == RULES.keys()


@pytest.mark.parametrize(("role", "fleet_open"), WALKS)
def test_each_role_gets_where_it_may_and_nowhere_else(people, small_fleet, settings, role, fleet_open):
    settings.FLEET_OPEN = fleet_open
    people.sign_in(role)
    wrong, reads = {}, set()
    for address in ADDRESSES:
        rule = RULES[address.name]
        for method, may in (("get", rule.get), ("post", rule.post)):
            with undone():
                answer = getattr(people.client(role), method)(small_fleet.path(address), rule.data or {})
            got, expected = _refusal(answer), _expected(address, may, role, fleet_open)
            # Who has the object may hear that it can only be read; for all others it is not there.
            if got != expected and not (got == 405 and rule.post is May.SELF):
                wrong[address.name, method] = f"{got}, not {expected}"
            if method == "get" and not answer.streaming and ENDPOINT in answer.content.decode(errors="replace"):
                reads.add(address.name)
    assert wrong == {}
    if role == "anonymous" or (role == "stranger" and not fleet_open):
        assert reads <= {"acknowledge-link"}  # the link in the mail is the proof
    else:
        assert {"board", "endpoint", "incidents", "incident", "alerts", "models"} <= reads


def _expected(address: Address, may: May, role: str, fleet_open: bool) -> int | None:
    if address.name in USED_UP:
        return 404
    status = refused(may, role, fleet_open=fleet_open)
    if address.name == "socialaccount_login_error" and status is None and may is not May.NOBODY:
        return 401  # the page that says that a provider's sign-in failed says so by its status, too
    if status == 302 and address.name in UNSEEN:
        return 401
    # A view that is open to strangers refuses a method before it asks who calls.
    return 405 if may is May.NOBODY and not _needs_sign_in(address) else status


def _needs_sign_in(address: Address) -> bool:
    return getattr(address.view, "login_required", True)


def _refusal(answer: HttpResponse) -> int | None:
    """The status that refuses, 302 for the way to the sign-in page; None where the view did its work."""
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/?next="):
        return 302
    return answer.status_code if answer.status_code in (401, 403, 404, 405) else None


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
def test_the_first_line_of_a_view_asks_who_it_is_for(address):
    view = inspect.unwrap(address.view)
    if not view.__module__.startswith(OURS) or address.name in WITHOUT_HELPER:
        return
    called = _called_first(view)
    (only,) = called if len(called) == 1 else [""]
    if only.startswith("_"):  # both views for tokens go through one function of their own
        called = _called_first(inspect.getmodule(view).__dict__[only])
    assert called & _helpers(), called


def _called_first(view: object) -> set[str]:
    """The names of the functions that the first statement after the docstring calls."""
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(view))).body
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    first = function.body[1] if ast.get_docstring(function) else function.body[0]
    first = first.test if isinstance(first, ast.If) else first.body[0] if isinstance(first, ast.Try) else first
    return {_name(call) for call in ast.walk(first) if isinstance(call, ast.Call)}


def _helpers() -> set[str]:
    """The functions of the access modules, and the one that reads a token."""
    import advisor.access
    import fleet.access
    import teams.access

    modules = (teams.access, fleet.access, advisor.access)
    found = {name for module in modules for name, found in vars(module).items() if inspect.isfunction(found)}
    return {name for name in found if not name.startswith("_")} | {"bearer"}


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
