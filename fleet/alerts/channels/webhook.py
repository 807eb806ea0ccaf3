"""The webhook: a POST of signed JSON to the team's own address.

X-Plimsoll-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>" with the team's secret>
X-Plimsoll-Delivery: the number of the message; the same at every try, so a receiver can drop what it has seen
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from urllib.parse import SplitResult

from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import Retry

from core.fence import LONGEST_WAIT
from core.http import outbound
from core.http.adapter import guarded_pool, one_call
from core.http.origin import origin_of
from core.http.transport import Clock, look_up

from ...engines.errors import ProbeError, TimedOut
from ...engines.http.address import split_base_url
from ...models import Message
from .. import policy, wording
from .errors import NotTaken, Refused, TakenAway, Unreached

SECONDS = 10
"""Wall clock, from the look-up of the name to the head of the answer."""

_GONE = 410


def prepare(message: Message) -> Callable[[], None]:
    """The call that posts the message. Raises TakenAway."""
    rules = policy.policy_of(message.team) if message.team else None
    if rules is None or not rules.webhook_url:
        raise TakenAway("The team has no webhook any more.")
    body = json.dumps(wording.payload(message), ensure_ascii=False).encode()
    return partial(_send, rules.webhook_url, body, rules.webhook_secret, message.pk)


def _send(url: str, body: bytes, secret: str, message: int) -> None:
    """2xx means taken. Raises NotTaken; 410 Gone refuses for good, and with Retry-After it is Unreached for so long."""
    status, retry_after = _post(url, body, _headers(body, secret, message))
    if not 200 <= status < 300:
        hint = " Redirects are not followed." if 300 <= status < 400 else ""
        why = f"The webhook answered {status}{_meaning(status)}.{hint}"
        if status == _GONE:
            raise Refused(why)
        wait = pause(retry_after)
        raise Unreached(why, wait) if wait else NotTaken(why)


def pause(retry_after: str) -> timedelta:
    """How long the header Retry-After asks to wait, by seconds or by a date; none where it makes no sense or is over.

    At most LONGEST_WAIT: a service that writes next year by mistake gets its messages all the same.
    """
    try:
        return timedelta(seconds=min(Retry().parse_retry_after(retry_after), LONGEST_WAIT.total_seconds()))
    except (InvalidHeader, ValueError, OverflowError):
        return timedelta()


def _meaning(status: int) -> str:
    """By the standard. The answer's own words are not read: they may be of a page that nobody here may see."""
    return f" ({HTTPStatus(status).phrase})" if status in set(HTTPStatus) else ""


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of X-Plimsoll-Signature for this body at this time (unix seconds)."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def trouble_with(url: str) -> str:
    """Why this address can't be called, as a sentence; "" when it can. Looks up its name."""
    try:
        parts, _ = _split(url)
        _, host, port = origin_of(parts)
        found = look_up(host, port, Clock(3))
    except ValueError as error:
        return str(error)
    except ProbeError as error:
        return f"This address can't be called. {error.detail}"
    reasons = [outbound.refused(*address[:2]) for *_, address in found]
    return "" if None in reasons else str(reasons[0])


def _split(url: str) -> tuple[SplitResult, str]:
    """The address, and what to ask for there. Unlike an engine's, it may have a query. Raises ValueError."""
    base, mark, query = url.partition("?")
    if not re.fullmatch(r"[!-~]*", query) or "#" in query:
        raise ValueError("The address has a character that a URL cannot hold.")
    parts = split_base_url(base)
    return parts, (parts.path or "/") + mark + query


def _headers(body: bytes, secret: str, message: int) -> dict[str, str]:
    return {
        "User-Agent": "plimsoll-webhook",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "X-Plimsoll-Delivery": str(message),
        "X-Plimsoll-Signature": signature(secret, int(time.time()), body),
    }


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """The status of the answer and its header Retry-After. Redirects are answers like any other."""
    try:
        parts, target = _split(url)
        with one_call(SECONDS) as clock, guarded_pool(parts, clock) as pool:
            answer = pool.urlopen(
                "POST", target, body=body, headers=headers, retries=False, redirect=False, timeout=clock.left(),
                preload_content=False,
            )  # fmt: skip
            answer.close()
            return answer.status, answer.headers.get("Retry-After", "")
    except TimedOut:
        raise Unreached(f"The webhook took longer than {SECONDS} s, {clock.phase}.") from None
    except ProbeError as error:
        raise Unreached(f"The webhook could not be called. {error.detail}") from None
    except (HTTPError, OSError, ValueError) as error:
        raise Unreached(f"The webhook's answer broke off or is not HTTP ({type(error).__name__}).") from None
