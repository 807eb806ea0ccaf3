"""Every address of the site, with arguments from a small fleet, for tests that walk over all of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from advisor.models import Requirement
from fleet.alerts import links
from fleet.alerts.gathering import gather
from fleet.models import MaintenanceWindow, Message, Silence
from teams.people import new_team
from tests.advisor.decision_parts import record
from tests.fleet.outages import fail, settle, watched

UNCOUNTED = {"sessions.Session", "contenttypes.ContentType", "auth.Permission"}
"""Models whose rows are not ours to keep still: sessions move with every sign-in."""


@dataclass(frozen=True)
class Address:
    """One URL pattern: its name, its route from the root on, and the view behind it."""

    name: str
    route: str
    view: Any
    is_route: bool


def every_address() -> Iterator[Address]:
    """All URL patterns of the site, those of included lists too."""
    return _below(get_resolver(), "", True, "")


def _below(resolver: URLResolver, before: str, is_route: bool, space: str) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        plain = is_route and isinstance(pattern.pattern, RoutePattern)
        if isinstance(pattern, URLPattern):
            yield Address(space + (pattern.name or ""), route, pattern.callback, plain)
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _below(pattern, route, plain, inner)


class SmallFleet:
    """A superuser who owns one of everything; `path` fills in the numbers and tokens of it."""

    def __init__(self) -> None:
        self.user = User.objects.create_superuser("root", "root@example.org", "a long password")
        self.team = new_team(self.user, "Search", ["oncall@example.org"])
        now = datetime.now(UTC)
        endpoint = watched(self.team, "gpu-1", url="http://127.0.0.1:9")
        incident = fail(endpoint)
        times = {"starts_at": now, "created_by": self.user}
        silence = Silence.objects.create(team=self.team, ends_at=now + timedelta(hours=1), **times)
        window = MaintenanceWindow.objects.create(team=self.team, name="Updates", minutes=30, **times)
        message = _dead_letter()
        decision = record(self.user, self.team, endpoints=[endpoint])
        requirement = Requirement.objects.create(
            team=self.team, name="Ours", catalogue_version="1", share_token="s" * 43
        )
        # The first beginning that fits tells what the arguments are of, so longer ones come first.
        self._arguments: list[tuple[str, dict[str, object]]] = [
            ("alerts/acknowledge/", {"token": _token(links.acknowledge_path(incident.pk, "oncall@example.org"))}),
            ("alerts/unsubscribe/", {"token": _token(links.unsubscribe_path(self.team.pk, "oncall@example.org"))}),
            ("alerts/", {"pk": message.pk}),
            ("advisor/requirements/", {"pk": requirement.pk}),
            ("advisor/shared/", {"token": "s" * 43}),
            ("decisions/", {"pk": decision.pk}),
            ("endpoints/", {"pk": endpoint.pk}),
            ("guide/", {"slug": "api"}),
            ("incidents/", {"pk": incident.pk}),
            ("maintenance/", {"pk": window.pk}),
            ("password/", self._password_link()),
            ("silences/", {"pk": silence.pk}),
            ("start/", {"token": "used-up"}),
            ("teams/", {"slug": self.team.slug}),
        ]

    def _password_link(self) -> dict[str, object]:
        uid = urlsafe_base64_encode(force_bytes(self.user.pk))
        return {"uidb64": uid, "token": default_token_generator.make_token(self.user)}

    def path(self, address: Address) -> str:
        """The path of this address; raises LookupError when nobody said what to fill in."""
        if not address.is_route:
            raise LookupError(f"{address.name}: {address.route} is a regular expression, which nobody filled in")
        path = address.route
        for beginning, arguments in self._arguments:
            if address.route.startswith(beginning):
                for name, value in arguments.items():
                    path = _fill(path, name, value)
                break
        if "<" in path:
            raise LookupError(f"{address.name}: add what fills {address.route} to tests/safety/addresses.py")
        return f"/{path}"


def _dead_letter() -> Message:
    """The mail about the incident, given up."""
    settle()
    gather()
    Message.objects.update(state=Message.State.GIVEN_UP)
    return Message.objects.get()


def _fill(route: str, name: str, value: object) -> str:
    for hole in (f"<{name}>", *(f"<{kind}:{name}>" for kind in ("int", "str", "slug", "uuid", "path"))):
        route = route.replace(hole, str(value))
    return route


def _token(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def fingerprint() -> dict[str, str]:
    """Table -> a hash of all its rows, without the time of the last sign-in."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.label in UNCOUNTED:
            continue
        columns = [field.attname for field in model._meta.concrete_fields if field.name != "last_login"]
        rows = sorted(repr(row) for row in model._base_manager.values_list(*columns))
        found[model._meta.label] = f"{len(rows)} rows {hashlib.sha256(repr(rows).encode()).hexdigest()}"
    return found
