"""Who refused, and why: a status code is read together with its sender. Pure.

An error may come from the engine, or from something in front of it (a proxy, a load balancer, a firewall, a login) that
never asked the engine. The two ask for different help: a key, or the proxy's administrator.

    nginx, HAProxy, Apache, Traefik, Envoy, Caddy     their own error pages and plain words, as listed below
    Cloudflare     https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
    WWW-Authenticate                                  https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
"""

import re
from dataclasses import replace

from .errors import BadAnswer, Cause, NotReady, ProbeError, Rejected
from .http.answer import Answer

_PROXIES = {
    "nginx": "nginx",
    "openresty": "nginx (OpenResty)",
    "caddy": "Caddy",
    "envoy": "Envoy",
    "istio-envoy": "Envoy (Istio)",
    "haproxy": "HAProxy",
    "cloudflare": "Cloudflare",
    "awselb": "the AWS load balancer",
    "apache": "Apache",
    "traefik": "Traefik",
    "kong": "Kong",
    "litespeed": "LiteSpeed",
    "google frontend": "Google's front end",
    "microsoft-iis": "IIS",
    "microsoft-azure-application-gateway": "Azure's application gateway",
    "squid": "Squid",
    "varnish": "Varnish",
    "tinyproxy": "tinyproxy",
    "apisix": "APISIX",
    "cloudfront": "CloudFront",
    "akamaighost": "Akamai",
    "kestrel": "Kestrel (YARP)",
    "microsoft-httpapi": "HTTP.sys",
}
"""How the header Server begins -> how people write it."""

_BY_HEADER = {"ngrok-error-code": "ngrok", "l5d-proxy-error": "Linkerd"}
"""Headers that only these write, on answers of their own."""

_WITHOUT_BODY = ("Caddy", "Envoy", "Envoy (Istio)", "Cloudflare", "Akamai", "Kestrel (YARP)", "HTTP.sys")
"""Those that send no body with their own errors."""

_PROXY_WORDS = re.compile(
    r"no healthy upstream|upstream connect error|upstream request timeout|no available server|error code: \d{3,4}"
    r"|^bad gateway\.?$|^gateway time-?out\.?$|^service unavailable\.?$|^404 page not found$|no server is available"
    r"|upstream (?:prematurely|sent|timed)|failed to make a connection to the upstream|name resolution failed"
    r"|an invalid response was received from the upstream|default backend - 404|no route matched|^RBAC: access denied"
    r"|no endpoints available for service",
    re.IGNORECASE,
)
_NOBODY_THERE = re.compile(
    r"ERR_NGROK_3200|\bendpoint\b.{0,200}\bis (?:offline|paused)|\bapp\b.{0,100}\bis stopped|application not found",
    re.IGNORECASE,
)
"""How hosts answer for a server that is switched off, with 400 or 404: ngrok, Hugging Face, Modal, Railway."""

_BLOCKED = re.compile(
    r"\b(?:ip|ip address|client|country)\b.{0,60}\b(?:not allowed|denied|blocked|forbidden|not permitted)"
    r"|\bfirewall\b|\bwaf\b|\bblocked by\b",
    re.IGNORECASE,
)
_LOGIN_WORDS = re.compile(
    r"\b(?:sign|log)[ -]?(?:in|on)\b|\blogin\b|\bpassword\b|\bsingle sign-on\b|oauth2|\bsso\b|authenticat",
    re.IGNORECASE,
)
_WANTS_TLS = re.compile(
    r"HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port"
    r"|plain HTTP to an SSL-enabled server port|This combination of host and port requires TLS"
    r"|requires? https|(?:https|ssl|tls) (?:is )?required|use (?:the )?https\b",
    re.IGNORECASE,
)
_WRONG_HOST = re.compile(
    r"invalid host header|invalid http_host|disallowed ?host|host not (?:allowed|permitted)|blocked request\. this host"
    r"|host header (?:is )?(?:not allowed|invalid|rejected|specified is not allowed)|misdirected request"
    r"|invalid hostname|request hostname is invalid|\bhost\b.{1,100}\bis not (?:trusted|allowed)",
    re.IGNORECASE,
)
_LOADS = re.compile(r"loading model|model is (?:still )?loading|currently scaling|is warming up", re.IGNORECASE)
"""llama.cpp; others in the same form; vLLM while it changes its size."""


def refused(answer: Answer, request: str) -> ProbeError:
    """The error for an answer with a status that is not wanted; its detail names the sender and quotes the body."""
    sender = proxy_of(answer)
    who = f"{request}: {sender}, in front of the server," if sender else request
    body = f' Its answer: "{quoted}"' if (quoted := _words(answer)) else " The body was empty."
    detail = f"{who} answered HTTP {answer.status}.{body}"
    status, text = answer.status, answer.text[:4000]
    if is_challenge(answer):
        return Rejected(Cause.PROXY_REFUSED, detail)
    if 400 <= status < 500 and _WANTS_TLS.search(text):
        return Rejected(Cause.WANTS_HTTPS, detail)
    if status == 421 or (status in (400, 403, 404) and _WRONG_HOST.search(text)):
        return Rejected(Cause.HOST_REJECTED, detail)
    if status in (401, 403, 407):
        return Rejected(_who_is_refused(answer, sender), detail)
    if status == 429:
        return Rejected(Cause.RATE_LIMITED, detail)
    if status == 503 and not sender and _LOADS.search(error_message(answer)):
        return NotReady(Cause.LOADING, detail)
    if status in (400, 404) and _NOBODY_THERE.search(text):
        return Rejected(Cause.NOTHING_BEHIND, detail)
    if status >= 500 and status != 501:  # 501: it has no such route
        if sender and status != 500:
            detail += f" {sender} seems to reach nothing behind it."
        return Rejected(Cause.SERVER_ERROR, detail)
    return Rejected(Cause.UNEXPECTED_STATUS, detail)


def _who_is_refused(answer: Answer, sender: str) -> Cause:
    """For 401, 403 and 407."""
    schemes = re.findall(r"(?:^|,)\s*([a-z]+)(?=[\s,]|$)", answer.headers.get("WWW-Authenticate", "").lower())
    if "basic" in schemes:
        return Cause.BASIC_AUTH
    if {"digest", "negotiate", "ntlm"}.intersection(schemes) or answer.status == 407:
        return Cause.PROXY_REFUSED
    if answer.status == 403 and not answer.body.strip() and not sender:
        return Cause.HOST_REJECTED  # how Ollama refuses a Host header it does not know
    if is_web_page(answer):
        return Cause.LOGIN_PAGE if _LOGIN_WORDS.search(_visible(answer.text)) else Cause.PROXY_REFUSED
    blocked = answer.status == 403 and _BLOCKED.search(answer.text[:4000])
    return Cause.PROXY_REFUSED if sender or blocked else Cause.AUTH_REJECTED


def not_an_answer(answer: Answer, request: str) -> BadAnswer | None:
    """The error for a web page in the place of an engine's answer, whatever its status; None for anything else."""
    if not is_web_page(answer):
        return None
    login = is_challenge(answer) or _LOGIN_WORDS.search(_visible(answer.text))
    cause = Cause.LOGIN_PAGE if login else Cause.NOT_JSON
    return BadAnswer(cause, f'{request}: a web page came in place of the answer: "{_words(answer)}"')


def proxy_of(answer: Answer) -> str:
    """Who made this error in front of the engine ("nginx", "a proxy"); empty when it may be the engine's own.

    Proxies write their name over answers that they pass on as well, so the body decides.
    """
    server = answer.headers.get("Server", "").lower()
    named = next((label for name, label in _PROXIES.items() if server.startswith(name)), "")
    body = answer.text.strip()
    if header := next((label for name, label in _BY_HEADER.items() if name in answer.headers), ""):
        return header
    if is_challenge(answer):
        return named or "a firewall"
    if is_web_page(answer) or (len(body) < 500 and _PROXY_WORDS.search(body)):
        return named or ("Traefik" if body in ("no available server", "404 page not found") else "a proxy")
    return named if not body and named in _WITHOUT_BODY else ""


def is_bare_503(answer: Answer) -> bool:
    """Whether the engine itself answers 503 without a word: vLLM when its engine has died, SGLang while it starts."""
    return answer.status == 503 and not answer.body.strip() and not proxy_of(answer)


def is_challenge(answer: Answer) -> bool:
    """Whether a firewall wants to see a browser."""
    return "cf-mitigated" in answer.headers or "<title>Just a moment" in answer.text[:2000]


def is_web_page(answer: Answer) -> bool:
    """Whether the body is HTML, by its beginning: the header is often wrong."""
    start = answer.body[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(
        (b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<h1", b"<center", b"<!--", b"<a ")
    )


def error_message(answer: Answer) -> str:
    """The message in one of the usual forms: {"error": "..."} or {"error": {"message": "..."}}; else empty."""
    try:
        error = answer.json(dict).get("error")
    except BadAnswer:
        return ""
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""


def _words(answer: Answer) -> str:
    """What to quote: of a web page its title, else the beginning of the body."""
    title = re.search(r"<title[^>]*>([^<]{1,200})", answer.text[:4000], re.IGNORECASE) if is_web_page(answer) else None
    return (replace(answer, body=title[1].encode()) if title else answer).quote


def _visible(page: str) -> str:
    """A page without what nobody reads on it: scripts and styles name all kinds of things."""
    return re.sub(r"<(script|style)\b.*?(</\1>|\Z)", " ", page[:20_000], flags=re.IGNORECASE | re.DOTALL)
