"""A real OpenID Connect provider, a site whose settings name it, and a person who left traces everywhere."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from config import settings as product
from tests.broker import free_port
from tests.oidc_provider.process import provider
from tests.teams.sso.oidc_walk import SITE, use_provider
from tests.teams.traces import leave_traces


def _person(login: str, verified: bool = True, **claims: object) -> dict:
    both = {"id_token": claims, "userinfo": claims}
    return {"name": login, "mail": f"{login}@example.org", "verified": verified, "claims": both}


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """The provider, with a person for each kind of claims."""
    with provider(
        SITE,
        _person("dora"),
        _person("alice"),
        _person("unverified", verified=False),
        _person("silent", email_verified=None),
        _person("falsely", email_verified="false"),
        _person("texty", email_verified="true"),
        _person("odd", preferred_username=["a", "list"], email={"not": "text"}, name=7),
        {
            "name": "two-faced",
            "mail": "two@example.org",
            "claims": {"userinfo": {"sub": "1", "email": "dora@example.org"}},
        },
        {
            "name": "split",
            "mail": "split@example.org",
            "claims": {"userinfo": {"email": "alice@example.org", "email_verified": None}},
        },
        {
            "name": "bare",
            "mail": "bare@example.org",
            "claims": {"userinfo": {"email": None, "email_verified": None}},
        },
    ) as url:
        yield url


@pytest.fixture
def sso(settings, issuer) -> str:
    """The provider, and a site whose settings name it."""
    settings.SITE_URL = SITE
    use_provider(settings, issuer)
    return issuer


@pytest.fixture
def no_broker(settings) -> None:
    """The product's own cache, with nothing at its server's address."""
    settings.CACHES = {"default": product.CACHES["default"] | {"LOCATION": f"redis://127.0.0.1:{free_port()}/0"}}


@pytest.fixture
def busy(alice, bob, team) -> User:
    """Bob, an owner besides Alice, who left traces everywhere."""
    leave_traces(bob, alice, team)
    return bob
