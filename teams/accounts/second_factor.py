"""What we change of allauth's second factor: secrets are encrypted at rest, and its picture is a part of the page."""

import logging

from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe

from core import encryption

from ..browsers import browser

log = logging.getLogger(__name__)


class SecondFactor(DefaultMFAAdapter):
    """Secrets of authenticator apps and seeds of recovery codes, encrypted with FIELD_KEYS."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is wrong, too old or used already. Type the next one.",
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypted(text)

    def decrypt(self, encrypted_text: str) -> str:
        """When no configured key fits, the page says so: nobody can prove anything by what can't be read."""
        try:
            return encryption.decrypted(encrypted_text)
        except encryption.Unreadable as error:
            log.error("Second factor: %s", error)
            raise ImmediateHttpResponse(render(context.request, "mfa/unreadable.html", status=500)) from error

    def build_totp_svg(self, url: str) -> SafeString:
        """The QR code as an element of the page, since data: images are not allowed. Only the library wrote it."""
        svg = super().build_totp_svg(url)
        return mark_safe(svg[svg.index("<svg") :])

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """What a new passkey is called unless its owner says otherwise: after the browser that makes it."""
        return browser(context.request.META.get("HTTP_USER_AGENT", ""))
