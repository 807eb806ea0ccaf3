"""Tags: short words by which a team sorts its endpoints, to filter and to alert by."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

MOST, LONGEST = 10, 30
"""Tags of an endpoint, and the characters of one."""

_TAG = re.compile(r"[a-z0-9][a-z0-9._:-]*")


def read_tag(text: str) -> str:
    """The tag in lower case. Raises ValueError, with the end of the sentence "prod/1: ..."."""
    tag = text.strip().lower()
    if not _TAG.fullmatch(tag):
        raise ValueError("use letters a to z, digits and . _ : - only, beginning with a letter or digit")
    if len(tag) > LONGEST:
        raise ValueError(f"give at most {LONGEST} characters")
    return tag


def read_tags(texts: Iterable[str]) -> list[str]:
    """The tags in the order given, each once. Raises ValueError with a whole sentence."""
    tags: dict[str, None] = {}
    for text in texts:
        try:
            tags[read_tag(text)] = None
        except ValueError as error:
            raise ValueError(f"“{text}” is no tag: {error}.") from None
    if len(tags) > MOST:
        raise ValueError(f"Give at most {MOST} tags.")
    return list(tags)


def split(text: str) -> list[str]:
    """What stands between commas or spaces."""
    return re.split(r"[,\s]+", text.strip(", \t\r\n")) if text.strip(", \t\r\n") else []


class TagsField(forms.Field):
    """Tags with commas between them; cleans to a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: str | None) -> list[str]:
        try:
            return read_tags(split(value or ""))
        except ValueError as error:
            raise ValidationError(str(error)) from None
