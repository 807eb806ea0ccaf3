"""Every cause in words: what happened, and what to try. Pure text, one table."""

from typing import NamedTuple

from ..engines.errors import Cause
from .status import TROUBLE, Status


class Words(NamedTuple):
    short: str  # for a table cell: "connection refused"
    sentence: str  # what happened
    advice: str  # what to try


WORDS: dict[Cause, Words] = {
    Cause.NEW: Words("not probed yet", "It was just added; the first probe is on its way.", "Wait a few seconds."),
    Cause.PAUSED: Words("paused", "Probing is paused, so nothing is known about it.", "Resume it to probe it again."),
    Cause.RESUMED: Words("resumed", "It was resumed; the first probe is on its way.", "Wait a few seconds."),
    Cause.DNS_FAILED: Words(
        "name not found",
        "Its host name can't be resolved.",
        "Check the spelling of the host, and that this machine's DNS knows it.",
    ),
    Cause.CONNECTION_REFUSED: Words(
        "connection refused",
        "The machine answers, but nothing listens on that port.",
        "Start the server, or check the port. A server on another machine must listen on more than its 127.0.0.1.",
    ),
    Cause.NO_ROUTE: Words(
        "host unreachable",
        "Host unreachable: no route to the machine.",
        "Check that it is switched on, and the network or VPN between it and Plimsoll.",
    ),
    Cause.ADDRESS_REFUSED: Words(
        "address refused",
        "This address may not be called.",
        "Link-local addresses and the metadata services of clouds are never called: give the server's own address.",
    ),
    Cause.TLS_FAILED: Words(
        "TLS failed",
        "The encrypted connection could not be set up.",
        "Check the certificate's date, name and issuer, or whether the port speaks plain http. For an issuer of "
        "your own: name its file in CA_BUNDLE, or edit the endpoint and choose “Do not verify its certificate”.",
    ),
    Cause.CONNECTION_LOST: Words(
        "connection lost",
        "The connection broke before an answer was complete.",
        "Check the server's log for a crash or restart; a proxy in between may cut connections.",
    ),
    Cause.TIMED_OUT: Words(
        "no answer in time",
        "It did not answer in time.",  # be it the connection or a request: the step says which
        "The server or its machine hangs or is overloaded: check log, CPU and memory; restart it if this continues.",
    ),
    Cause.ENGINE_DEAD: Words(
        "engine dead",
        "The HTTP server is up, but reports that its engine has crashed.",
        "Restart the server; its log says why the engine died (often out of GPU memory).",
    ),
    Cause.SERVER_ERROR: Words(
        "server error",
        "It answers with a server error (5xx).",
        "If a proxy answered, start the server behind it; else check the server's log.",
    ),
    Cause.UNHEALTHY: Words(
        "says it is unhealthy",
        "It answers, but reports that it is not well.",
        "Check the server's log; restart it if this continues.",
    ),
    Cause.NOTHING_BEHIND: Words(
        "nothing behind it",
        "The gateway lives, but none of the servers behind it does.",
        "Start the servers behind the gateway, or check the addresses that it has for them.",
    ),
    Cause.BACKEND_GONE: Words(
        "part behind it gone",
        "The gateway works, but something behind it is gone.",
        "Check the part that is named; the gateway's own status page or log says more.",
    ),
    Cause.TOO_LARGE: Words(
        "answer too large",
        "The answer was larger than any engine's should be, so reading stopped.",
        "Check that the URL is the engine's base URL and not a download.",
    ),
    Cause.REDIRECTED: Words(
        "redirected elsewhere",
        "It sends us to another address, which a probe does not follow.",
        "Enter the address it redirects to, or check the proxy in between.",
    ),
    Cause.NOT_JSON: Words(
        "not JSON",
        "It answered with something that is not JSON where the engine gives JSON.",
        "Check the URL; a login page or proxy may be answering in the engine's place.",
    ),
    Cause.WRONG_SHAPE: Words(
        "unexpected answer",
        "It answered with JSON of another shape than the engine's.",
        "Check the URL and the engine's version; another program may be listening there.",
    ),
    Cause.UNEXPECTED_STATUS: Words(
        "unexpected HTTP status",
        "A route that this engine always has answered with another HTTP status.",
        "Check the URL's path and any proxy in between.",
    ),
    Cause.AUTH_REJECTED: Words(
        "key rejected",
        "The server wants an API key and does not accept the one set here.",
        "Set the right API key for this endpoint. Where a proxy in front asks for basic auth, set its user name and "
        "password.",
    ),
    Cause.BASIC_AUTH: Words(
        "user name wanted",
        "A proxy in front of the server wants a user name and a password (HTTP Basic).",
        "Enter both for this endpoint, or correct them: the user name in its own field, the password as its API key.",
    ),
    Cause.PROXY_REFUSED: Words(
        "refused by a proxy",
        "A proxy or firewall in front of the server refuses us; the server itself was not asked.",
        "Let it pass this machine's requests, or give the server's own address. Another API key will not help.",
    ),
    Cause.LOGIN_PAGE: Words(
        "login page",
        "A login page answers in place of the server.",
        "Let the proxy pass this machine's requests without a login, or give the server's own address.",
    ),
    Cause.WANTS_HTTPS: Words(
        "https wanted",
        "The port speaks https, but the address begins with http://.",
        "Write https:// at the beginning of the address.",
    ),
    Cause.HOST_REJECTED: Words(
        "host name rejected",
        "The server refuses the host name it was called by (Ollama does so with an empty 403 behind a proxy).",
        "Let the proxy send the header 'Host: localhost:11434', as Ollama's FAQ has it; elsewhere, add the name to "
        "those that the server accepts.",
    ),
    Cause.RATE_LIMITED: Words(
        "rate limited",
        "The server says that we ask too often.",
        "Probe less often, or exempt Plimsoll from the limit.",
    ),
    Cause.WRONG_ENGINE: Words(
        "another engine",
        "Another engine answers there than the one that is expected.",
        "If the change was meant, edit the endpoint; else see what listens on that port.",
    ),
    Cause.NOT_RECOGNISED: Words(
        "not an engine we know",
        "Something answers there, but nothing in it shows an inference engine.",
        "Check host, port and path; an engine's base URL is wanted, such as http://host:11434.",
    ),
    Cause.MODEL_MISSING: Words(
        "model missing",
        "A model that this endpoint is expected to offer is gone.",
        "Pull or load the model again, or change what is expected.",
    ),
    Cause.LOADING: Words("loading", "It is starting: its model is being loaded.", "Wait until it has loaded."),
    Cause.ASLEEP: Words(
        "asleep", "It was put to sleep on purpose.", "Nothing, or wake it (POST /wake_up) when it is needed."
    ),
    Cause.SATURATED: Words(
        "requests wait",
        "It works, but requests wait for their turn.",
        "Nothing is broken. If this continues: raise its parallelism, or add a server.",
    ),
    Cause.SLOW: Words(
        "slow",
        "It answers, but slower than the limit set for it.",
        "Check the load and the network on the way to it; if this is its usual pace, raise the limit.",
    ),
    Cause.CERTIFICATE: Words(
        "certificate expires",
        "Its TLS certificate has run out or is about to.",
        "Renew the certificate and reload the server or proxy that presents it.",
    ),
    Cause.WEDGED: Words(
        "wedged",
        "The server answers, but the engine behind it generates nothing.",
        "Restart the server; its log and the GPU's state (nvidia-smi) may show why the engine does not move.",
    ),
    Cause.MAY_BE_STUCK: Words(
        "may be stuck",
        "Requests are under way and no figure moves: the engine is stuck, or it keeps showing old figures after "
        "requests were aborted (vLLM up to about 0.12).",
        "Name a canary model for it, so that one token decides, or send a request yourself: old figures change with "
        "it. If requests hang, read the server's log and restart it.",
    ),
    Cause.STILL_LOADING: Words(
        "start takes too long",
        "It has been starting for longer than it is given.",
        "Check its log: a slow download, a full disk or a crash loop; allow more time if its starts are that long.",
    ),
    Cause.BLIND: Words(
        "monitor blind",
        "Plimsoll itself is cut off or failing, so nothing is known about it for now.",
        "Check the network and load of the machine that Plimsoll runs on; watching goes on by itself.",
    ),
    Cause.NOT_PROBED: Words(
        "not probed in time",
        "Plimsoll has not probed it in time, so nothing is known about it for now.",
        "The administrators see why: /health/ready and the log name the part that is late. It is known again with the "
        "next probe.",
    ),
    Cause.NOT_RECORDED: Words(
        "probe not recorded",
        "It was probed, but what the probe found could not be recorded, so nothing is known about it.",
        "It is tried again by itself, less and less often. Edit the endpoint's URL to begin afresh, and report the "
        "error: the log has it in full.",
    ),
}


_SHOWN_BY_DETAIL = {
    Cause.MODEL_MISSING,
    Cause.SATURATED,
    Cause.WRONG_ENGINE,
    Cause.SLOW,
    Cause.CERTIFICATE,
    Cause.WEDGED,
    Cause.MAY_BE_STUCK,
    Cause.STILL_LOADING,
    Cause.NOT_PROBED,
}


def _words(cause: str) -> Words:
    known = WORDS.get(Cause(cause)) if cause in list(Cause) else None
    return known or Words(cause, f"It is in trouble of a kind that is not known here: {cause}.", "Check its log.")


def short(cause: str, detail: str = "") -> str:
    """A few words for a table cell, with the detail where `brief` has it; empty for no cause."""
    words = _words(cause).short if cause else ""
    return f"{words} ({detail})" if detail and cause in _SHOWN_BY_DETAIL else words


def sentence(cause: str, detail: str = "", step: str = "") -> str:
    """What happened, in one sentence with the detail and the failing step where known; empty for no cause."""
    if not cause:
        return ""
    text = _words(cause).sentence
    extra = "; ".join(part for part in (detail.rstrip("."), f"step: {step}" if step else "") if part)
    return f"{text[:-1]} ({extra})." if extra else text


def brief(cause: str, detail: str = "") -> str:
    """What happened, for a row: the detail only where it says which model, engine or number; empty for no cause."""
    return sentence(cause, detail if cause in _SHOWN_BY_DETAIL else "")


HOST_SILENT = "nothing on their host answers"
"""Why endpoints of one host went down with each other."""


def relation(shares_host: bool | None) -> str:
    """How trouble hangs together with what it is put under, before that one's name."""
    return "down with" if shares_host else "caused by"


def which(status: str | None) -> str:
    """How the endpoint that caused other trouble is by now: "which is down"; empty where it is in no trouble."""
    if status == Status.UNKNOWN:
        return "whose status is unknown"
    return f"which is {status}" if status in TROUBLE else ""


def advice(cause: str) -> str:
    """What to try; empty for no cause."""
    return _words(cause).advice if cause else ""
