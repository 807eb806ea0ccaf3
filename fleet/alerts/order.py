"""Per incident and recipient the last word is the last state, also where messages are put off or sent again."""

from datetime import UTC, datetime

from django.db import transaction

from ..models import Alert, Incident, Message

State = Message.State

SUPERSEDED = "A later message about the same was sent already."


def may_leave(message: Message) -> bool:
    """Whether a waiting message may be sent now. To be asked before it is claimed.

    It takes over what earlier ones did not get through about its incidents: a DOWN that was put off is in the mail
    about its end. While such a one is just being sent, it waits. What a later message has superseded is not sent.
    """
    alerts = Alert.objects.exclude(incident=None)
    mine = list(alerts.filter(message=message.pk).values_list("incident_id", "channel", "recipient"))
    if not mine:
        return True
    _, channel, recipient = mine[0]
    same = alerts.filter(incident__in={row[0] for row in mine}, channel=channel, recipient=recipient)
    others = same.exclude(message=message.pk)
    earlier = others.filter(message__lt=message.pk, message__state=State.WAITING)
    later = others.filter(message__gt=message.pk, message__state=State.SENT)
    before = set(earlier.order_by().values_list("message", flat=True))
    after = dict(later.order_by("message").values_list("incident_id", "message_id"))
    if not before and not after:
        return True
    with transaction.atomic():
        rows = Message.objects.select_for_update().filter(pk__in=[*before, message.pk], state=State.WAITING)
        if any(leaving(row) for row in rows.order_by("pk") if row.pk != message.pk):
            return False
        for incident, sent in after.items():
            alerts.filter(message=message.pk, incident=incident).update(message=sent)
        same.filter(message__in=before).update(message=message.pk)
        Message.objects.filter(pk__in=before, alerts=None).delete()
        emptied = Message.objects.filter(pk=message.pk, state=State.WAITING, alerts=None)
        return not emptied.update(state=State.DROPPED, next_try_at=None, error=SUPERSEDED)


def take_back(incident: Incident, why: str) -> None:
    """What has not left of an incident is not sent any more, except what is just being sent."""
    # A name that is cut off could not be erased.
    short = why if len(why) <= 80 else f"{why.partition(' by ')[0][:79]}."
    incident.alerts.filter(message=None, dropped="").update(dropped=short)
    about = incident.alerts.filter(message__state=State.WAITING).values("message")
    for message in Message.objects.select_for_update().filter(pk__in=about, state=State.WAITING).order_by("pk"):
        if leaving(message):
            continue
        if message.alerts.exclude(incident=incident).exists():
            incident.alerts.filter(message=message).update(message=None, dropped=short)
        else:
            message.state, message.next_try_at, message.error = State.DROPPED, None, why[:500]
            message.save(update_fields=["state", "next_try_at", "error"])


def leaving(message: Message) -> bool:
    """Whether a process is sending it at this moment, or died over it less than a lease ago."""
    running = message.last_try == Message.Try.RUNNING
    return running and message.next_try_at is not None and message.next_try_at > datetime.now(UTC)
