"""What we change of allauth's second factor: secrets are encrypted at rest, and its picture is a part of the page."""

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.utils.safestring import SafeString, mark_safe

from config import secrets

from .browsers import browser


class SecondFactor(DefaultMFAAdapter):
    """Secrets of authenticator apps and seeds of recovery codes, encrypted with FIELD_KEYS."""

    def encrypt(self, text: str) -> str:
        return secrets.encrypted(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Raises Unreadable when no configured key fits."""
        return secrets.decrypted(encrypted_text)

    def build_totp_svg(self, url: str) -> SafeString:
        """The QR code as an element of the page, since data: images are not allowed. Only the library wrote it."""
        svg = super().build_totp_svg(url)
        return mark_safe(svg[svg.index("<svg") :])

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """What a new passkey is called unless its owner says otherwise: after the browser that makes it."""
        return browser(context.request.META.get("HTTP_USER_AGENT", ""))
