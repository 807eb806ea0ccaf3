"""Mails about accounts leave beside the page that asked for them.

No page waits for the mail server then, and how long a page takes does not reveal whether an account got a mail.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor, wait
from smtplib import SMTPException

from django.core.mail import EmailMessage, get_connection

from core.automatic_mail import automatic
from core.mail_refusals import words

log = logging.getLogger(__name__)

_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="account-mail")  # one, so that they arrive in order
_on_their_way: set[Future[None]] = set()


def send(message: EmailMessage) -> None:
    """Returns at once. A process that ends sends what is on its way first; the log names what could not be sent."""
    message.connection = message.connection or get_connection()  # by the settings of now
    sending = _sender.submit(_send, automatic(message))
    _on_their_way.add(sending)
    sending.add_done_callback(_on_their_way.discard)


def settle() -> None:
    """Waits until all mails have left or failed, up to 10 seconds for each."""
    wait(_on_their_way.copy())


def _send(message: EmailMessage) -> None:
    # The page says the same whether or not there is such an account, so only the log can show trouble.
    try:
        message.send()
    except (OSError, SMTPException) as error:
        log.warning("A mail about an account could not be sent: %s", words(error))
    except Exception:  # nobody asks a Future of ours what went wrong
        log.exception("A mail about an account could not be sent.")
