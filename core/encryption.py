"""Secrets at rest: a text field that is encrypted in the database."""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

BEGINNING = "gAAAA"
"""What every encrypted text begins with: Fernet's version and the first bytes of the time, for centuries to come."""


class Unreadable(ValueError):
    """A stored secret that none of FIELD_KEYS fits."""

    def __init__(self) -> None:
        super().__init__("A stored secret can't be read: FIELD_KEYS has no key that fits it.")


def _fernets() -> list[Fernet]:
    """One for each key. Keys are derived, so any string of the settings can be one."""
    digests = (hashlib.sha256(f"plimsoll-field:{key}".encode()).digest() for key in settings.FIELD_KEYS)
    return [Fernet(base64.urlsafe_b64encode(digest)) for digest in digests]


def encrypted(plain: str) -> str:
    """What the database stores: encrypted with the first key."""
    return _fernets()[0].encrypt(plain.encode()).decode()


def decrypted(stored: str) -> str:
    """The plain text, by whichever key fits; raises Unreadable."""
    try:
        return MultiFernet(_fernets()).decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def by_first_key(stored: str) -> bool:
    """Whether the first key, which encrypts, reads it as well."""
    try:
        _fernets()[0].decrypt(stored.encode())
    except InvalidToken:
        return False
    return True


class EncryptedTextField(models.TextField):
    """Text that is stored encrypted (Fernet). Empty stays empty. Cannot be searched for."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypted(value) if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """The plain text; raises Unreadable when no configured key fits."""
        return decrypted(value) if value else value
