"""What forms of the advisor post beside their fields."""

from uuid import UUID, uuid4

from django.http import HttpRequest


def key(request: HttpRequest) -> UUID:
    """The form's key: posted twice, it makes one row. A new one where it has none."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


def version(request: HttpRequest, field: str = "version") -> int:
    """The version that the form showed; 0, which nothing has, where it does not say."""
    given = request.POST.get(field, "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0
