"""CA_BUNDLE for libraries that call by `requests`, which takes one file in place of the usual authorities."""

import os
import tempfile
from pathlib import Path

import certifi
from django.conf import settings


def for_requests() -> str | bool:
    """What `requests` takes as `verify`: True, or with CA_BUNDLE a file of the usual authorities and those.

    The file is in the data folder; it is rewritten when either part has changed. Raises OSError.
    """
    if settings.CA_BUNDLE is None:
        return True
    return str(combined(settings.CA_BUNDLE, settings.DATA / "authorities.pem"))


def combined(bundle: Path, to: Path) -> Path:
    """`to`, with the authorities of certifi and of `bundle` in it. Safe when several processes do it at once."""
    content = Path(certifi.where()).read_bytes() + b"\n" + bundle.read_bytes()
    if not to.exists() or to.read_bytes() != content:
        handle, draft = tempfile.mkstemp(dir=to.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(draft, to)
    return to
