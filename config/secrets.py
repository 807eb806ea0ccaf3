"""Secrets at rest: a text field that is encrypted in the database."""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def _fernet() -> MultiFernet:
    """The first key encrypts, all decrypt. Keys are derived, so any string of the settings can be one."""
    digests = (hashlib.sha256(f"plimsoll-field:{key}".encode()).digest() for key in settings.FIELD_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class EncryptedTextField(models.TextField):
    """Text that is stored encrypted (Fernet). Empty stays empty. Cannot be searched for."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return _fernet().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """The plain text; raises ValueError when no configured key fits."""
        if not value:
            return value
        try:
            return _fernet().decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise ValueError("A stored secret can't be read: FIELD_KEYS has no key that fits it.") from error
