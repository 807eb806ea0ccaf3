"""What we change of allauth's second factor: its secrets are encrypted at rest like all others."""

from allauth.mfa.adapter import DefaultMFAAdapter

from config import secrets


class SecondFactor(DefaultMFAAdapter):
    """Secrets of authenticator apps and seeds of recovery codes, encrypted with FIELD_KEYS."""

    def encrypt(self, text: str) -> str:
        return secrets.encrypted(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Raises Unreadable when no configured key fits."""
        return secrets.decrypted(encrypted_text)
