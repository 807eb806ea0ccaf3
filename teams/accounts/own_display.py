"""A person's own display goes with the account into every browser that they sign in with."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from core.display import COOKIE, Display

from ..models import ShownAs


def choose(request: HttpRequest, user: User, chosen: Display) -> None:
    """Keeps it for the person, and shows it at once here; elsewhere from the next sign-in on."""
    ShownAs.objects.update_or_create(user=user, defaults=asdict(chosen))
    request.session[COOKIE] = chosen.cookie


@receiver(user_logged_in)
def bring(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Into the session, which each page reads anyway. Who never chose has what the browser's cookie says."""
    if found := ShownAs.objects.filter(user=user).first():
        request.session[COOKIE] = found.display.cookie
