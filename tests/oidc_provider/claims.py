"""What the provider says about a person: allauth's claims, with those that the command line replaces."""

import json
from typing import Any

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from django.conf import settings


class Claims(DefaultOIDCAdapter):
    """`claims` of a user given on the command line replace allauth's; null takes one away."""

    def get_claims(self, purpose: str, user: Any, client: Any, scopes: Any, **kwargs: Any) -> dict[str, Any]:
        claims = super().get_claims(purpose, user, client, scopes, **kwargs)
        other = json.loads((settings.FOLDER / "claims.json").read_text()).get(user.username, {})
        return {name: value for name, value in {**claims, **other.get(purpose, {})}.items() if value is not None}
