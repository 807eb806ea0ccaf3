"""The version of Plimsoll, kept in pyproject.toml and nowhere else."""

import tomllib
from functools import cache

from django.conf import settings


@cache
def version() -> str:
    """As "0.1.0"; "unknown" where pyproject.toml was not shipped along, since no page may fail for it."""
    try:
        return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    except OSError:
        return "unknown"
