"""A sign of life for a service outside that calls people when it goes quiet: who watches this machine?"""

import logging
from urllib.parse import urlsplit

from django.conf import settings

from core import health

from ..engines.errors import ProbeError
from ..engines.http.client import Client
from ..models import BlindStretch

WITHIN = 10.0  # seconds

log = logging.getLogger(__name__)


def beat() -> bool:
    """Fetches HEARTBEAT_URL if everything does its work; returns whether it did. Failures are logged, no more.

    While anything is wrong, or we are blind, it keeps quiet: that is the alarm.
    """
    if not settings.HEARTBEAT_URL:
        return False
    troubles = [text for text in health.report().values() if text != health.OK]
    if troubles or BlindStretch.current():
        log.warning("No heartbeat is sent: %s", " ".join(troubles) or "the watch is blind.")
        return False
    return _fetch(settings.HEARTBEAT_URL)


def _fetch(url: str) -> bool:
    """One GET, by the same rules as a probe. The address is a secret, so the log does not have it."""
    parts = urlsplit(url)
    try:
        with Client(f"{parts.scheme}://{parts.netloc}", deadline=WITHIN, max_bytes=64 * 1024) as client:
            answer = client.get(parts._replace(scheme="", netloc="", fragment="").geturl() or "/", follow=False)
    except (ProbeError, ValueError) as error:
        log.warning("HEARTBEAT_URL could not be fetched: %s", error)
        return False
    if not 200 <= answer.status < 300:
        log.warning("HEARTBEAT_URL answered HTTP %d.", answer.status)
    return 200 <= answer.status < 300
