"""What was not sent when it was written, since no mail server was set or it reached nobody, and is while it lasts.

Nothing is sent while someone is on the incident or it is muted.
"""

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ..models import Alert, Channel, EndpointState, Incident, Message
from . import outbox, recipients


def with_unsent() -> QuerySet[Incident]:
    """Open incidents with alerts that were not sent because no mail server was set, if one is set now."""
    unsent = Alert.objects.filter(message__state=Message.State.NO_SERVER, channel=Channel.MAIL)
    found = Incident.objects.open().filter(pk__in=unsent.values("incident"))
    return found if settings.EMAIL_CONFIGURED else found.none()


def send_unsent(pk: int) -> int:
    """Has each recipient's latest of these alerts gathered again; returns how many."""
    incident = Incident.objects.select_related("parent__endpoint", "endpoint__state", "endpoint__team").get(pk=pk)
    if incident.is_acknowledged or outbox.muted(incident, incident.endpoint.state, now := datetime.now(UTC)):
        return 0
    rows = incident.alerts.filter(channel=Channel.MAIL, dropped="").order_by("created_at", "pk")
    latest = {alert.recipient: alert for alert in rows.select_related("message")}.values()
    unsent = [alert for alert in latest if alert.message and alert.message.state == Message.State.NO_SERVER]
    # An address that is not confirmed yet gets it once it is.
    mailed = recipients.willing(incident.endpoint.team, [alert.recipient for alert in unsent])
    unsent = [alert for alert in unsent if alert.kind != Alert.Kind.RECOVERED and alert.recipient in mailed]
    with transaction.atomic():
        Alert.objects.filter(pk__in=[alert.pk for alert in unsent]).update(message=None, created_at=now)
        Message.objects.filter(pk__in=[alert.message_id for alert in unsent], alerts=None).delete()
    return len(unsent)


def unreached() -> QuerySet[Incident]:
    """Open incidents whose alert reached nobody, or only those who were taken off the list before it left."""
    alerts = Alert.objects.filter(incident=OuterRef("pk"), kind=OuterRef("announced"), round=OuterRef("round"))
    on_its_way = Q(message=None) | ~Q(message__state=Message.State.DROPPED)
    found = Incident.objects.open().filter(announced__in=(Alert.Kind.DOWN, Alert.Kind.DEGRADED))
    return found.filter(Exists(alerts), ~Exists(alerts.filter(on_its_way, dropped="")))


def write_unreached(pk: int) -> int:
    """Alerts those who are reached by now; returns how many."""
    now = datetime.now(UTC)
    with transaction.atomic():
        incident = unreached().select_for_update(of=("self",)).select_related("parent__endpoint").filter(pk=pk).first()
        if incident is None or incident.is_acknowledged:
            return 0
        state = EndpointState.objects.select_related("endpoint__team").get(pk=incident.endpoint_id)
        if outbox.muted(incident, state, now):
            return 0
        unwanted = incident.alerts.filter(message=None, dropped=recipients.UNWANTED)
        again = recipients.willing(state.endpoint.team, list(unwanted.values_list("recipient", flat=True)))
        unwanted.filter(recipient__in=again).delete()  # written once more
        if not (count := outbox.write_announced(incident)):
            return 0
        incident.announced_at = now
        incident.save(update_fields=["announced_at"])
        incident.note(now, "Alerted only now: until then the alerts reached nobody.")
    return count
