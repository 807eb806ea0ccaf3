"""Short texts that people type, such as notes and reasons."""

from django.core.exceptions import ValidationError


def one_line(text: str, longest: int) -> str:
    """The text with its white space made single spaces; raises ValidationError above `longest` characters."""
    text = " ".join(text.split())
    if len(text) > longest:
        raise ValidationError(f"A note has at most {longest} characters; this one has {len(text)}.")
    return text
