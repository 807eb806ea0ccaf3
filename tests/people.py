"""People in front of a browser."""

import time

from django.contrib.auth.models import User
from django.test import Client


def just_signed_in(user: User, client: Client | None = None) -> Client:
    """A browser in which the person gave the password a moment ago, so that no page asks for it again."""
    client = client or Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client
