"""The names of what we keep in Redis. They begin with the installation's own prefix, so that several can share one.

Celery's names have "celery" behind it (CELERY_BROKER_TRANSPORT_OPTIONS), those of Django's cache "cache" (CACHES).
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac


def prefix(secret_key: str, database: Mapping[str, Any]) -> str:
    """What an installation's names begin with, made from what its processes share on all machines.

    A copy with the same SECRET_KEY has a database of its own, so its prefix differs. Passwords and connection options
    do not count: they may change, or differ from machine to machine.
    """
    place = [str(database.get(name) or "") for name in ("NAME", "HOST", "USER")]
    port = str(database.get("PORT") or 5432)
    schema = str(database.get("OPTIONS", {}).get("options", ""))
    digest = salted_hmac(
        "core.redis_keys", "\0".join([*place, port, schema]), secret_key, algorithm="sha256"
    ).hexdigest()
    return f"plimsoll-{digest[:12]}"


def key(name: str) -> str:
    """The name in Redis of a key or channel."""
    return f"{settings.REDIS_PREFIX}:{name}"


def queue(name: str) -> str:
    """The name in Redis of a queue of Celery's."""
    return key(f"celery:{name}")
