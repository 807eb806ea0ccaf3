"""Whether mail works for the installation as a whole. What fails for one recipient or one team is not meant."""

from datetime import UTC, datetime, timedelta

from django.db.models import Max, Q

from ..models import Channel, Message
from . import claims

LATE = timedelta(minutes=5)
"""A mail that waits longer is a trouble, unless that is its own fault."""


def trouble() -> str:
    """What is wrong with mail as such, in a sentence for every page; "" when nothing is.

    A mail that was refused at its text may be refused for what it says. So it counts only while no other was taken.
    """
    now = datetime.now(UTC)
    last = Message.objects.filter(channel=Channel.MAIL).aggregate(at=Max("sent_at"))["at"]
    since = Q(created_at__gt=last) if last else Q()
    late = claims.waiting().filter(since, channel=Channel.MAIL, created_at__lt=now - LATE)
    late = late.exclude(last_try=Message.Try.OWN).order_by("created_at")
    oldest = late.values_list("created_at", "error").first()
    if oldest is None:
        return ""
    minutes = int((now - oldest[0]).total_seconds() // 60)
    return f"Mail has been waiting for {minutes} min. {oldest[1]}".strip()
