"""Every address of the site, with arguments from a small fleet, for tests that walk over all of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from fido2.cose import ES256
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)

from advisor.models import Requirement
from core.models import PutOff
from fleet.alerts import links
from fleet.alerts.gathering import gather
from fleet.endpoints.many import batch
from fleet.endpoints.many.pasted import Pasted
from fleet.models import MaintenanceWindow, Message, SavedView, Silence
from teams import confirmations, invitations, tokens
from teams.accounts import mail_address
from teams.models import Membership, PendingAddress, Role, Scope, Team
from teams.team_lifecycle import new_team
from tests.advisor.decisions.decision_parts import record
from tests.fleet.outages import fail, settle, watched

UNCOUNTED = {"sessions.Session", "contenttypes.ContentType", "auth.Permission", "teams.AuditEntry"}
"""Models whose rows do not keep still: sessions move with every sign-in, and exports are written in the audit trail."""


ENDPOINT = "whale-7"
"""The name of the fleet's endpoint, which stands on no page by itself."""


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

    def __init__(self, named: str = ENDPOINT) -> None:
        self.user = User.objects.create_superuser("root", "root@example.org", "a long password")
        self.team = new_team(self.user, "Search", ["oncall@example.org"])
        Team.objects.update(name="Search" if named == ENDPOINT else f"{named} team")
        self.team.refresh_from_db()
        now = datetime.now(UTC)
        endpoint = watched(self.team, named, url="http://127.0.0.1:9")
        incident = fail(endpoint)
        times = {"starts_at": now, "created_by": self.user}
        silence = Silence.objects.create(team=self.team, ends_at=now + timedelta(hours=1), **times)
        window = MaintenanceWindow.objects.create(team=self.team, name="Updates", minutes=30, **times)
        view = SavedView.objects.create(team=self.team, name=named[:60], query="team=search")
        message = _dead_letter()
        sweep = {"sweep": "digests", "key": "1", "name": "Search", "why": "ValueError: odd"}
        put_off = PutOff.objects.create(team=self.team, since=now, tried_at=now, next_try_at=now, **sweep)
        decision = record(self.user, self.team, endpoints=[endpoint])
        evidence = decision.evidence.create(since=now, judged_at=now, state="strained", confidence="low")
        pasted = batch.start(self.user, self.team, [Pasted(1, "http://127.0.0.1:9", named)])
        assert pasted
        requirement = Requirement.objects.create(
            team=self.team, name="Ours", catalogue_version="1", share_token="s" * 43
        )
        member = User.objects.create_user("member", "member@example.org", "a long password")
        Membership.objects.create(user=member, team=self.team, role=Role.VIEWER)
        invited, self.invitation = invitations.invite(self.team, "dora@example.org", Role.OPERATOR, self.user)
        own, _ = tokens.make("own", [Scope.STATUS], 30, self.user)
        theirs, _ = tokens.make("theirs", [Scope.STATUS], 30, self.user, self.team)
        key = second_factors(self.user)
        new_address = mail_address.change(self.user, "root@example.net")
        waits, _ = PendingAddress.objects.get_or_create(team=self.team, address="waits@example.org")
        self._by_name = {"account_reset_password_from_key": f"/accounts/password/reset/key/{_reset_key(self.user)}/"}
        # The first beginning that fits decides what the arguments are of, so longer ones come first.
        self._arguments: list[tuple[str, dict[str, object]]] = [
            ("alerts/acknowledge/", {"token": _token(links.acknowledge_path(incident.pk, "oncall@example.org"))}),
            ("alerts/unsubscribe/", {"token": _token(links.unsubscribe_path(self.team.pk, "oncall@example.org"))}),
            ("alerts/put-off/", {"pk": put_off.pk}),
            ("alerts/", {"pk": message.pk}),
            ("addresses/confirm/", {"token": _token(confirmations.link(waits))}),
            ("advisor/requirements/", {"pk": requirement.pk}),
            ("advisor/shared/", {"token": "s" * 43}),
            ("decisions/", {"pk": decision.pk, "row": evidence.pk}),
            ("endpoints/add/many/", {"key": pasted.key}),
            ("endpoints/", {"pk": endpoint.pk}),
            ("guide/", {"slug": "api"}),
            ("incidents/", {"pk": incident.pk}),
            ("maintenance/", {"pk": window.pk}),
            ("silences/", {"pk": silence.pk}),
            ("views/", {"pk": view.pk}),
            ("account/mail/", {"token": _token(mail_address.link(new_address))}),
            ("account/sessions/", {"pk": signed_in(self.user).pk}),
            ("account/tokens/", {"pk": own.pk}),
            ("api/", {"rest": "nowhere"}),
            ("accounts/2fa/webauthn/keys/", {"pk": key.pk}),
            ("accounts/oidc/", {"provider_id": "sso"}),
            ("join/", {"token": self.invitation}),
            ("people/", {"pk": member.pk}),
            ("start/", {"token": "used-up"}),
            ("teams/<slug:slug>/invitations/", {"slug": self.team.slug, "pk": invited.pk}),
            ("teams/<slug:slug>/members/", {"slug": self.team.slug, "pk": member.pk}),
            ("teams/<slug:slug>/tokens/", {"slug": self.team.slug, "pk": theirs.pk}),
            ("teams/", {"slug": self.team.slug}),
        ]

    def path(self, address: Address) -> str:
        """The path of this address; raises LookupError when nobody said what to fill in."""
        if address.name in self._by_name:
            return self._by_name[address.name]
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


def signed_in(user: User) -> UserSession:
    """A session of the person, on another device."""
    device = Client()
    device.force_login(user)
    key = device.session.session_key
    return UserSession.objects.create(user=user, ip="192.0.2.1", session_key=key, user_agent="Firefox")


def second_factors(user: User) -> Authenticator:
    """An authenticator app, recovery codes and a passkey; returns the passkey."""
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(user)
    data = {"name": "Laptop", "credential": _credential()}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)


def _credential() -> dict[str, Any]:
    """What a browser sends when a passkey is made, as allauth stores it."""
    key = AttestedCredentialData.create(bytes(16), b"number one", ES256.from_ctap1(b"\4" + bytes(range(64))))
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    made = AuthenticatorData.create(bytes(32), flags, 1, key)
    client = CollectedClientData.create("webauthn.create", bytes(32), "http://testserver")
    response = AuthenticatorAttestationResponse(
        client_data=client, attestation_object=AttestationObject.create("none", made, {})
    )
    return dict(RegistrationResponse(raw_id=b"number one", response=response))


def _reset_key(user: User) -> str:
    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


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
