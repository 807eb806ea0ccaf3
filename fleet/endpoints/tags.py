"""The tags that endpoints have; what a tag may be is in core.tags."""

from django.db.models import QuerySet

from core.natural_order import natural_key

from ..models import Endpoint


def in_use(endpoints: QuerySet[Endpoint]) -> list[str]:
    """The tags of these endpoints, by name."""
    lists = endpoints.exclude(tags=[]).order_by().values_list("tags", flat=True).distinct()
    return sorted({tag for tags in lists for tag in tags}, key=natural_key)
