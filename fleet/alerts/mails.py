"""The mail of one message. Its Message-ID is stable, and the mails about one incident form one thread."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address

from config.addresses import absolute

from ..models import Alert, Channel, Message
from . import links, wording


def mail(message: Message) -> EmailMultiAlternatives:
    """The mail as it leaves. Raises what odd facts and addresses make it raise."""
    earlier = _earlier(message)
    headers = {"Message-ID": _message_id(message.pk), "Auto-Submitted": "auto-generated"}
    if earlier:
        headers |= {"In-Reply-To": earlier[-1], "References": " ".join(earlier)}
    if message.team_id:
        leave = absolute(links.unsubscribe_path(message.team_id, message.recipient))
        headers |= {"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    found = EmailMultiAlternatives(
        subject=wording.subject(message),
        body=wording.render_text(message),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.recipient],
        headers=headers,
    )
    found.attach_alternative(wording.render_html(message), "text/html")
    return found


def trouble_with_sender() -> str:
    """Why no mail can come from MAIL_FROM, as a sentence; "" when it can."""
    try:
        sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8")
    except ValueError as error:
        return f"MAIL_FROM can't be used as a sender: {error}. Correct it and restart Plimsoll."
    return ""


def _message_id(pk: int) -> str:
    domain = settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].strip("<> ") or "localhost"
    return f"<message-{pk}@{domain}>"


def _earlier(message: Message) -> list[str]:
    """The Message-IDs of the mails to the same address about the same incidents, oldest first."""
    incidents = message.alerts.exclude(incident=None).values("incident")
    before = Alert.objects.filter(incident__in=incidents, recipient=message.recipient, message__lt=message.pk)
    numbers = before.filter(channel=Channel.MAIL).order_by("message_id").values_list("message_id", flat=True)
    return [_message_id(pk) for pk in list(dict.fromkeys(numbers))[-10:]]
