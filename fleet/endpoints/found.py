"""What a check found, kept for a while, so that an endpoint added after it begins with its engine and version."""

import time
from hashlib import blake2b

from django.core.cache import cache

from ..engines.reading import Facts, Identity, Reading
from ..engines.reading_json import facts_from_json, to_json

KEPT = 3600
"""Seconds. The first probe of the endpoint reads all of it again."""


def keep(user_pk: int, url: str, username: str, reading: Reading) -> None:
    """Keeps what a check of this person's read at an address, unless it failed."""
    if reading.failure or reading.identity is None:
        return
    facts = reading.facts
    lasting = Facts(version=facts.version, models=facts.models, product=facts.product, behind=facts.behind)
    cache.set(_key(user_pk, url, username), {**to_json(reading.identity), "facts": to_json(lasting)}, KEPT)


def recall(user_pk: int, url: str, username: str) -> Reading | None:
    """What `keep` was given; None when it was nothing, or too long ago."""
    kept = cache.get(_key(user_pk, url, username))
    if not kept:
        return None
    identity = Identity(kept["engine"], kept["proof"])
    return Reading(time.time(), identity, facts_from_json(kept["facts"]))


def _key(user_pk: int, url: str, username: str) -> str:
    return f"found:{user_pk}:{blake2b(repr((url, username)).encode(), digest_size=16).hexdigest()}"
