"""Apprise: one URL that leads to one of the services listed here.

Its plugins connect by themselves. So only those are allowed that call their service, or the host in the URL, by
http(s) in the thread that asked for it; parameters that name files or other URLs are not; redirects are off; and
each connection is checked when it is made (connecting.py). The check of the host before is for the form: it shows
at once what would fail later.

The package is imported where it is used: it takes about 45 MB, which a process that sends nothing should not pay.
"""

import os
import re
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from core.certificates import for_requests
from core.http import outbound
from core.http.transport import Clock, look_up

from ...engines.errors import ProbeError, TimedOut
from ...models import Message
from .. import policy, wording
from .connecting import checked
from .errors import NotTaken, TakenAway, Unreached

if TYPE_CHECKING:
    from apprise import AppriseAsset

SECONDS = 10
"""For one message, whatever the service does."""

_OWN_SERVERS = (  # these call the host in the URL
    "form", "forms", "gotify", "gotifys", "json", "jsons", "mmost", "mmosts", "ntfy", "ntfys", "rocket", "rockets",
    "signal", "signals", "xml", "xmls",
    "workflow", "workflows",  # Microsoft Teams: the host of the flow
    "zulip",  # the organization is the first part of the host
)  # fmt: skip
_THEIR_SERVICES = (  # these call a host that the plugin knows
    "discord", "gchat", "ifttt", "opsgenie", "pagerduty", "pbul", "pover", "slack", "tgram", "twilio", "webex",
    "wxteams",
)  # fmt: skip
SERVICES = tuple(sorted(_OWN_SERVERS + _THEIR_SERVICES))
"""The schemes that may be used. Left out is what speaks another protocol, reads files, asks at hosts that it gets from
others, or starts threads of its own (as Matrix may)."""

POSSIBLE = f"Possible are {', '.join(SERVICES[:-1])} and {SERVICES[-1]}, each followed by ://."

_PARAMETERS = (
    "auth", "blocks", "botname", "channel", "channels", "class", "component", "cto", "emojis", "footer", "format",
    "from", "group", "image", "mdv", "mode", "overflow", "priority", "region", "rto", "severity", "sound", "source",
    "tags", "team", "thread", "to", "token", "topic", "tz", "verify",
)  # fmt: skip
"""Parameters that are plain words to every service above."""

_PLAIN = re.compile(r"[\w .,@#+=~-]*")
"""What is no URL and no path."""


def prepare(message: Message) -> Callable[[], None]:
    """The call that hands the message to the team's service. Raises TakenAway."""
    url = policy.policy_of(message.team).apprise_url if message.team else ""
    if not url:
        raise TakenAway("The team has no Apprise URL any more.")
    return partial(_send, url, wording.subject(message), wording.render_text(message))


def _send(url: str, title: str, body: str) -> None:
    """Raises NotTaken."""
    try:
        service = opened(url)
    except ValueError as error:
        raise NotTaken(str(error)) from None
    notify(service, title, body)


def trouble_with(url: str) -> str:
    """Why this URL can't be used, as a sentence; "" when it can. Looks up the name in it."""
    try:
        opened(url)
    except ValueError as error:
        return str(error)
    return ""


def opened(url: str) -> Any:
    """Apprise's object for this URL, ready for `notify`. Raises ValueError, which says why it may not be used."""
    import apprise

    parts = _parts(url)
    service = apprise.Apprise.instantiate(parts, asset=_asset())
    if service is None:
        raise ValueError(f"Apprise can't read this URL: a part of it is missing. See its page about {parts['schema']}.")
    service.redirects, service.verify_certificate = False, True
    service.socket_connect_timeout = service.socket_read_timeout = SECONDS
    host = getattr(service, "host", "")
    # Elsewhere a token stands in the host's place, and ten digits of it would be an address.
    if parts["schema"] in _OWN_SERVERS and isinstance(host, str) and host and (why := _refused(host, _ports(service))):
        raise ValueError(why)
    return service


def _parts(url: str) -> dict[str, Any]:
    """The URL as Apprise takes it apart, since it does so in its own way: ";" parts parameters, "," whole URLs."""
    from apprise.plugins import url_to_dict
    from apprise.utils.parse import parse_urls

    schema, mark, _ = url.lower().partition("://")
    if not mark or not re.fullmatch(r"[!-~]{1,2000}", url) or not re.fullmatch(r"[a-z0-9]{1,32}", schema):
        raise ValueError("This is not an Apprise URL. One looks like ntfys://ntfy.example.org/topic, without spaces.")
    if schema not in SERVICES:
        raise ValueError(f"{schema}:// is not allowed here. {POSSIBLE}")
    if parse_urls(url) != [url]:
        raise ValueError("These are several URLs to Apprise, which parts them at commas and semicolons. Enter one.")
    parts = url_to_dict(url)
    if not parts or parts.get("schema") not in SERVICES:
        raise ValueError(f"Apprise can't read this URL: a part of it is missing. See its page about {schema}.")
    # None is named: what stands there may be a token.
    given = parts.get("qsd") or {}
    if not given.keys() <= set(_PARAMETERS):
        raise ValueError(f"A parameter of this URL is not allowed here. Possible are {', '.join(_PARAMETERS)}.")
    if not all(_PLAIN.fullmatch(value) for value in given.values()):
        raise ValueError("A parameter of this URL leads to a file or another address, which is not allowed here.")
    if given.get("verify", "yes").lower() not in ("yes", "true", "1"):
        raise ValueError("Certificates are always verified here. Take verify out of the URL.")
    return parts


def _ports(service: Any) -> list[int]:
    """The port of the URL. Without one the plugin decides, mostly by the scheme: both of http's are checked."""
    port = getattr(service, "port", None)
    return [port] if isinstance(port, int) else [80, 443]


def _refused(host: str, ports: list[int]) -> str:
    """Why this host may not be called; "" too when it is no name in the DNS, since it can't be called then."""
    try:
        found = look_up(host.strip("[]"), ports[0], Clock(3))
    except TimedOut:
        return "The name server did not answer in time."
    except ProbeError:
        return ""
    reasons = (outbound.refused(address[0], port) for *_, address in found for port in ports)
    return next(filter(None, reasons), "")


def _asset() -> "AppriseAsset":
    from apprise import AppriseAsset

    return AppriseAsset(
        async_mode=False,
        http_redirects=False,
        allow_templates=False,
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
        service_timeout=0,
    )


def notify(service: Any, title: str, body: str) -> None:
    """Sends by what `opened` made. Raises NotTaken."""
    import apprise

    # Its plugins call by `requests`, which takes other authorities than certifi's from this variable only.
    try:
        trusted = for_requests()
    except OSError as error:
        raise NotTaken(f"The file of CA_BUNDLE can't be used: {error.strerror}.") from None
    if isinstance(trusted, str):
        os.environ["REQUESTS_CA_BUNDLE"] = trusted
    sender = apprise.Apprise(asset=_asset())
    sender.add(service)
    # Without a timeout of its own it calls in this thread. With one it uses a few threads that all calls share and
    # leaves them behind, and one service that hangs would hold up the others.
    with checked(SECONDS) as call, sender.notify(body=body, title=title, body_format="text") as result:
        if result:
            return
        if call.refusals:
            raise NotTaken(call.refusals[0])
        if call.over:
            raise Unreached(f"The service took longer than {SECONDS} s.")
        raise _failure(" ".join(entry.message for entry in result.logs()))


def _failure(logged: str) -> NotTaken:
    """In our own words, and without a pause that the service asks for (Retry-After): plugins keep its answer's head.

    What a plugin writes may quote the answer, which may come from a page nobody here may read.
    """
    status = re.search(r"\berror=([1-5]\d\d)\b", logged)
    if status:
        code = int(status[1])
        known = f" ({HTTPStatus(code).phrase})" if code in set(HTTPStatus) else ""
        hint = " Redirects are not followed." if 300 <= code < 400 else ""
        return NotTaken(f"The service answered {code}{known}.{hint}")
    return Unreached("The service could not be reached, or did not take it.")
