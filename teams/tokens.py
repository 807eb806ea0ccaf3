"""API tokens: made, shown once, taken back, and checked with each request of a program."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from core import rate_limits, twice

from . import audit, members, quotas
from .browsers import address
from .models import ApiToken, Scope, Team

PREFIX = "plim_"
START = 12
"""Characters of a token that are kept and shown, to distinguish tokens."""

DAYS = (7, 30, 90, 365)
WRONG_A_MINUTE = 20
"""Wrong tokens from one address that are answered one by one."""

RECORD_EVERY = 3600
"""Seconds after which the audit trail records the same refused token again."""


class TooManyTokens(Exception):
    """There are TOKENS_PER_TEAM already; the text is a sentence for the page."""


class TokenRefused(Exception):
    """A program may not have what it asks for. `status` is the HTTP status, `code` is for programs."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence

    @property
    def headers(self) -> dict[str, str]:
        """What HTTP wants to be said with this status (RFC 6750, section 3, and RFC 6585, section 4)."""
        if self.status == 429:
            return {"Retry-After": "60"}
        error = {"no_token": "", "scope_missing": ', error="insufficient_scope"'}.get(
            self.code, ', error="invalid_token"'
        )
        return {"WWW-Authenticate": f'Bearer realm="Plimsoll"{error}'}


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a request with a good token acts for: a person, or a team. One of them is None."""

    token: ApiToken
    user: User | None
    team: Team | None


@sensitive_variables("secret")
def make(name: str, scopes: Iterable[str], days: int, by: User, team: Team | None = None) -> tuple[ApiToken, str]:
    """A new token of the person, or of a team, and its secret, which can't be shown again.

    The same one again a moment later is a form that was sent twice. It takes the place of the first, whose secret the
    browser did not show. Raises TooManyTokens, and NotThere for someone who does not own the team (any more).
    """
    scopes, now = [Scope(scope).value for scope in scopes], datetime.now(UTC)
    same = {"name": name, "user": None if team else by, "team": team, "created_by": by, "last_used_at": None}
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        if team:
            members.require_owner(by, team)
        else:
            list(User.objects.select_for_update(no_key=True).filter(pk=by.pk))  # of two tokens one is the last
        for twin in ApiToken.objects.filter(**same, created_at__gt=now - twice.WITHIN):
            if twin.scopes == scopes and abs(twin.expires_at - now - timedelta(days=days)) < twice.WITHIN:
                twin.delete()
        there = ApiToken.objects.filter(team=team, user=None if team else by).count()
        if why := quotas.full("TOKENS_PER_TEAM", there, "tokens", "Revoke one that nothing uses any more."):
            raise TooManyTokens(why)
        token = ApiToken.objects.create(
            name=name,
            user=None if team else by,
            team=team,
            created_by=by,
            scopes=scopes,
            start=secret[:START],
            token_hash=_hash(secret),
            expires_at=now + timedelta(days=days),
        )
        audit.record("token.made", team=team, what=token, name=name, detail={"scopes": token.scopes, "days": days})
    return token, secret


def revoke(token: ApiToken, by: User) -> None:
    """The token opens nothing from now on. One that somebody else revoked meanwhile is fine.

    Raises NotThere for a token of a team that the person does not own (any more).
    """
    with transaction.atomic():
        if token.team:
            members.require_owner(by, token.team)
        gone, _ = ApiToken.objects.filter(pk=token.pk).delete()
        if gone:
            audit.record("token.revoked", team=token.team, what=token, name=token.name)


def outliving(maker: User, team: Team | None = None) -> str:
    """A sentence about the good tokens that the person made for the team, or for any; "" when there are none.

    They go on without their maker, who may have kept them.
    """
    made = ApiToken.objects.filter(created_by=maker, expires_at__gt=datetime.now(UTC))
    found = made.filter(team=team) if team else made.exclude(team=None)
    names = list(found.values_list("team__name", flat=True))
    whose = ", ".join(sorted(set(names)))
    if len(names) == 1:
        return f"1 API token of {whose} that {maker} made still works. Owners can revoke it under API tokens."
    warning = (
        f"{len(names)} API tokens of {whose} that {maker} made still work. Owners can revoke them under API tokens."
    )
    return warning if names else ""


@sensitive_variables("scheme", "secret")
def bearer(request: HttpRequest, scope: Scope) -> Bearer:
    """Who the request's `Authorization: Bearer` header speaks for. Cookies and sessions count for nothing here.

    Raises TokenRefused: 401 without a token that is good, 403 for one that lacks the scope, 429 after many wrong ones.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise TokenRefused(401, "no_token", "Send a token: the header is 'Authorization: Bearer plim_...'.")
    # Found by the hash of the whole token, so how long it takes reveals nothing about how much of it was right.
    hashed = _hash(secret.strip())
    token = ApiToken.objects.select_related("user", "team").filter(token_hash=hashed).first()
    if token is None:
        raise _wrong(request)
    if refused := _why_not(token, scope):
        # One line in the audit trail, at most every RECORD_EVERY seconds.
        if cache.add(f"token-refused:{token.pk}:{refused.code}", 1, timeout=RECORD_EVERY):
            with audit.acting_via(f"token {token.name}"):
                detail = {"why": refused.code}
                audit.record(
                    "token.refused", team=token.team, what=token, name=token.name, detail=detail, actor=token.user
                )
        raise refused
    # Notes the minute: at most one write a minute, however often it is used.
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    if token.last_used_at is None or token.last_used_at < minute:
        # The condition keeps a second request of the same minute from writing, too.
        ApiToken.objects.filter(pk=token.pk).exclude(last_used_at__gte=minute).update(last_used_at=minute)
    return Bearer(token, token.user, token.team)


def _why_not(token: ApiToken, scope: Scope) -> TokenRefused | None:
    if token.expires_at <= datetime.now(UTC):
        day = f"{token.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return TokenRefused(401, "token_expired", f"This token expired on {day}. Make a new one.")
    if token.user is not None and not token.user.is_active:
        return TokenRefused(401, "owner_inactive", "The account that this token acts for is deactivated.")
    if scope.value not in token.scopes:
        return TokenRefused(403, "scope_missing", f"This token lacks the scope {scope.value}. Make one that has it.")
    return None


def _wrong(request: HttpRequest) -> TokenRefused:
    """Counts one more wrong token from this address.

    A good token is never held up by it: behind a proxy many programs may share an address, and 256 random bits are
    not guessed. The limit makes a program that has gone wild wait.
    """
    if not rate_limits.allowed(f"wrong-tokens:{address(request)}", WRONG_A_MINUTE, 60):
        return TokenRefused(429, "too_many", f"More than {WRONG_A_MINUTE} wrong tokens in a minute. Wait for one.")
    return TokenRefused(401, "token_unknown", "This token is not known: mistyped, or revoked. Make a new one.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
