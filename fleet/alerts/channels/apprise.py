"""Apprise: one URL that leads to one of its hundred services.

Its plugins connect by themselves, so the address check of our own connections does not see theirs. In its place:
what acts on this machine or reads its files is not allowed, the host in the URL is resolved and checked before
each use, and redirects are not followed. The limit of that: a name that answers differently a moment later
(DNS rebinding), and hosts that a plugin finds out by itself (as Matrix does), are not seen.

The package is imported where it is used: it takes about 45 MB, which a process that sends nothing should not pay.
"""

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from config.certificates import for_requests
from config.redaction import without

from ...engines import outbound
from ...engines.errors import ProbeError
from ...engines.transport import Clock, look_up
from ...models import Message
from .. import policy, wording
from .errors import NotTaken, secrets_of

if TYPE_CHECKING:
    from apprise import AppriseAsset

SECONDS = 10
"""For one message, whatever the service does."""

_OF_THIS_MACHINE = {
    "blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "vapid", "windows",
}  # fmt: skip
_FILES = {"keyfile", "subfile", "pgp", "pgpprv", "pgppub", "template"}
"""Parameters by which plugins read files of this machine, or fetch them."""


def send(message: Message) -> None:
    """Hands the message to the team's service. Raises NotTaken with what the service's plugin said."""
    url = policy.policy_of(message.team).apprise_url if message.team else ""
    if not url:
        raise NotTaken("The team has no Apprise URL any more.", final=True)
    why = trouble_with(url)
    if why:
        raise NotTaken(why)
    _notify(url, wording.subject(message), wording.render_text(message))


def trouble_with(url: str) -> str:
    """Why this URL can't be used, as a sentence; "" when it can. Looks up the name in it."""
    import apprise

    schema, mark, _ = url.lower().partition("://")
    if not mark or not re.fullmatch(r"[!-~]{1,2000}", url) or not schema.isalnum():
        return "This is not an Apprise URL. One looks like ntfys://ntfy.example.org/topic, without spaces."
    if schema in _OF_THIS_MACHINE:
        return f"{schema}:// acts on, or reads from, the machine that Plimsoll runs on, so it is not allowed."
    if _FILES & {name.lower().lstrip("+-:") for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}:
        return "A parameter of this URL reads a file of the machine that Plimsoll runs on, so it is not allowed."
    service = apprise.Apprise.instantiate(url, asset=_asset())
    if service is None:
        return f"Apprise can't read this URL: it knows no {schema}://, or a part is missing. See its list of services."
    return next((why for host in _hosts(service) if (why := _refused(host, _ports(service)))), "")


def _hosts(service: Any) -> list[str]:
    hosts = (getattr(service, name, "") for name in ("host", "smtp_host"))
    return [host for host in hosts if isinstance(host, str) and host]


def _ports(service: Any) -> list[int]:
    """The port of the URL. Without one the plugin decides, mostly by the scheme: both of http's are looked at."""
    port = getattr(service, "port", None)
    return [port] if isinstance(port, int) else [80, 443]


def _refused(host: str, ports: list[int]) -> str:
    """Many services have a token where a host would be: what is no name in the DNS can't be called either."""
    try:
        found = look_up(host.strip("[]"), ports[0], Clock(3))
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
        service_timeout=SECONDS,
    )


def _believe_our_authorities() -> None:
    """Its plugins call by `requests`, which takes other authorities than certifi's from this variable only.

    Those that speak another protocol (mail, MQTT, XMPP) believe the usual authorities alone.
    """
    try:
        trusted = for_requests()
    except OSError as error:
        raise NotTaken(f"The file of CA_BUNDLE can't be used: {error.strerror}.") from None
    if isinstance(trusted, str):
        os.environ["REQUESTS_CA_BUNDLE"] = trusted


def _notify(url: str, title: str, body: str) -> None:
    import apprise

    _believe_our_authorities()
    service = apprise.Apprise(asset=_asset())
    service.add(url)
    with service.notify(body=body, title=title, body_format="text", timeout=SECONDS) as result:
        if not result:
            said = [entry.message for entry in result.logs() if entry.level in ("WARNING", "ERROR", "CRITICAL")]
            told = without(" ".join(" ".join(said).split()), secrets_of(url))
            raise NotTaken(told or "The service did not take it, and did not say why.")
