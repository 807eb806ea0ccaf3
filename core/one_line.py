"""Short texts that people type, such as notes and reasons."""

from django.core.exceptions import ValidationError


def one_line(text: str, longest: int) -> str:
    """The text with its white space made single spaces; raises ValidationError above `longest` characters."""
    return _short(" ".join(text.split()), longest)


def lines(text: str, longest: int) -> str:
    """The text with its lines kept, the white space in them as `one_line` has it; raises as that does."""
    return _short("\n".join(" ".join(line.split()) for line in text.splitlines()).strip(), longest)


def _short(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValidationError(f"A note has at most {longest} characters; this one has {len(text)}.")
    return text
