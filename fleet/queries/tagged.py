"""Endpoints by their tags, as conditions on EndpointState or Incident.

The list is searched as the text that it is made of: tags have no quotes in them, so nothing else looks like one.
"""

import re

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import Contains

_AS_TEXT = Cast("endpoint__tags", TextField())


def has_tag(tag: str) -> Q:
    """It has this tag."""
    return Q(Contains(_AS_TEXT, f'"{tag}"'))


def has_tag_with(part: str) -> Q:
    """One of its tags contains this text."""
    if not re.fullmatch(r"[a-z0-9._:-]+", part.lower()):
        return Q(pk__in=[])
    return Q(Contains(_AS_TEXT, part.lower()))
