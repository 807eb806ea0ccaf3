"""The mail of one message. Its Message-ID is stable, and the mails about one incident form one thread."""

from datetime import UTC, datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.utils.crypto import salted_hmac

from core import mail_addresses
from core.automatic_mail import automatic
from core.site_url import absolute

from ..models import Alert, Channel, Message
from . import links, wording


def mail(message: Message) -> EmailMultiAlternatives:
    """The mail as it leaves. Raises Unmailable for an address that needs SMTPUTF8, and what odd facts make it raise."""
    # The Message-IDs of the mails to the same address about the same incidents, oldest first.
    incidents = message.alerts.exclude(incident=None).values("incident")
    before = Alert.objects.filter(incident__in=incidents, recipient=message.recipient, message__lt=message.pk)
    rows = before.filter(channel=Channel.MAIL).order_by("message_id").values_list("message_id", "message__created_at")
    earlier = [message_id(pk, created_at) for pk, created_at in list(dict.fromkeys(rows))[-10:]]
    headers: dict[str, str] = {}
    if earlier:
        headers |= {"In-Reply-To": earlier[-1], "References": " ".join(earlier)}
    if message.team_id:
        leave = absolute(links.unsubscribe_path(message.team_id, message.recipient))
        headers |= {"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    found = EmailMultiAlternatives(
        subject=wording.subject(message),
        body=wording.render_text(message),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail_addresses.usable(message.recipient)],
        headers=headers,
    )
    found.attach_alternative(wording.render_html(message), "text/html")
    return automatic(found, message_id(message.pk, message.created_at))


def trouble_with_sender() -> str:
    """Why no mail can come from MAIL_FROM, as a sentence; "" when it can."""
    try:
        sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8")
    except ValueError as error:
        return f"MAIL_FROM can't be used as a sender: {error}. Correct it and restart Plimsoll."
    return ""


def message_id(pk: int, created_at: datetime) -> str:
    """The Message-ID of a message: the same for each try, and none of another installation or an earlier database.

    Mailboxes and mail programs drop a second mail with the same one.
    """
    mark = salted_hmac("message-id", f"{pk} {created_at.astimezone(UTC).isoformat()}").hexdigest()[:16]
    return f"<message-{pk}.{mark}@{mail_addresses.sender_domain()}>"
