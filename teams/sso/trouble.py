"""What went wrong between Plimsoll and the provider, in words that have nothing of what either sent."""

from collections.abc import Mapping
from typing import Any

import requests
from django.http import HttpRequest

from .http import Forbidden

SENTENCES = {
    "other browser": "This sign-in was begun more than 10 minutes ago, in another browser or at another address of "
    "this site, or it was used already. Begin again.",
    "error": "The provider says that it could not sign you in. Try again; if it goes on, ask whoever runs it.",
    "slow": "The provider did not answer within 5 seconds. Try again in a minute.",
    "forbidden": "The provider has an address that this installation may not call. The log names the rule; "
    "an administrator can change OUTBOUND_ALLOW and OUTBOUND_DENY.",
    "certificate": "The provider's certificate can't be verified. An administrator of this installation can give the "
    "authority that signed it in CA_BUNDLE.",
    "away": "The provider can't be reached. Try again in a minute; if it goes on, contact whoever runs it.",
    "answer": "The provider's answer can't be used, so nobody was signed in. Begin again; if it goes on, contact an "
    "administrator of this installation: the log says more.",
}
"""Cause -> what the page says of it."""


def cause(request: HttpRequest, exception: Exception | None, context: Mapping[str, Any]) -> str:
    """The key of SENTENCES."""
    match exception:
        case None:
            return "error" if context.get("state") else "other browser"
        case Forbidden():
            return "forbidden"
        case requests.Timeout():
            return "slow"
        case requests.exceptions.SSLError():
            return "certificate"
        case requests.ConnectionError():
            return "away"
    return "answer"


def kind(exception: Exception | None) -> str:
    """More about it for the log: our own words, or else the exception's class alone, for its text may have tokens."""
    if exception is None:
        return "no exception"
    own = type(exception).__module__.startswith("teams.")
    return str(exception) if own else type(exception).__name__
