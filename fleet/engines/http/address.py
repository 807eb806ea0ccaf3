"""Reading the address of an endpoint as people paste it: with routes, as a curl command, in quotes, misspelt."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from . import curl

EXAMPLE = "http://gpu-1:11434"
LONGEST_PASTE = 20_000
"""Characters of a pasted text, which may be a curl command with its body."""

CREDENTIALS = (
    "Leave user name and password out of the address. Put the user name into its own field (username), and the "
    "password or an API key into the other (api_key)."
)

_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_BARE_HOST = re.compile(r"(?![\d.]+$)([A-Za-z0-9._*-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?#].*)?")
_HOST_ALONE = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|\[[0-9A-Fa-f:.]+\]|(?![\d.]+$)[A-Za-z0-9._-]+")
_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_QUOTES = "\"'`“”„\u2018\u2019«»"

_V1 = (
    r"models(/.+)?|chat/completions(/batch|/render)?|(chat/)?completions|embeddings|responses(/.+)?"
    r"|messages(/count_tokens|/batches)?|rerank|score|classify|pooling|moderations|tokenize|detokenize|files|batches"
    r"|audio/\w+|images/\w+|health(/ready|/live)?|metrics|version|metadata|system-info|stats|load|model(/\w+)?"
    r"|token/\w+|internal(/[\w-]+)*|realtime|(un)?load_lora_adapter"
)
_API = (
    r"generate|chat|chat/completions|completions|tags|ps|version|show|embed|embeddings|pull|push|create|copy|delete"
    r"|web_search|web_fetch|models|config|extra(/\w+)*"
)
_AT_THE_ROOT = (
    r"metrics|health(/(readiness|liveliness|liveness|ready|live))?|health_generate|healthz|readyz|livez|ready|docs|redoc"
    r"|openapi\.json|version|ping|load|props|slots(/\d+)?|lora-adapters|completions?|chat/completions|embeddings?|embed"
    r"|rerank|reranking|score|classify|pooling|tokenize|detokenize|apply-template|infill|models|generate|generate_stream"
    r"|info|server_info|get_server_info|model_info|get_model_info|is_sleeping|sleep|wake_up|invocations|running|ui"
    r"|index\.html|swagger|get_load|tokenizer_info|flush_cache|reset_prefix_cache|readiness|liveness|list_workers"
    r"|lmstudio-greeting|fleet/status|internal/(health|status)(/\w+)?|\.well-known/localai\.json"
    r"|v2/health/(ready|live)"
)
_ROUTE_AT_THE_END = re.compile(
    f"/(v1(/({_V1}))?|api(/({_API}|v[01](/({_V1}|chat|generate))?))?|{_AT_THE_ROOT})/*$", re.IGNORECASE
)
"""The end of a path that belongs to an engine's API or pages, not to the prefix that a proxy gives it."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a pasted text says of a server. `api_key` is as it was pasted: clean_key() reads it."""

    url: str
    username: str = ""
    api_key: str = ""  # with a user name: the password


def parse_base_url(text: str) -> str:
    """The base URL to store, of read_address(). Raises ValueError also where the text holds credentials."""
    address = read_address(text)
    if address.username or address.api_key:
        raise ValueError(CREDENTIALS)
    return address.url


def read_address(text: str) -> Address:
    """The base URL, without routes such as /v1/chat/completions or /api/generate, and the credentials beside it.

    A host without a scheme ("gpu-1", "localhost:11434") is taken for http. Of a curl command its URL, its bearer key
    and its "-u user:password" are read. The URL is such that reading it again changes nothing.
    Raises ValueError with a sentence for the person who typed it; it never repeats what may be a secret.
    """
    if len(text) > LONGEST_PASTE:
        raise ValueError(f"This is too long for an address. Write it like {EXAMPLE}.")
    text = "".join(char for char in text if unicodedata.category(char) != "Cf").strip()  # Cf: zero-width and the like
    command = curl.read(text)
    target, username, key = command or (text, "", "")
    if command and not target:
        raise ValueError(f"No address was found in this curl command. Write it like {EXAMPLE}.")
    target = _tidied(target)
    if command and "://" not in target:
        target = f"http://{target}"  # as curl does
    own_username, own_password, target = _without_credentials(target)
    if own_username:
        username, key = own_username, own_password
    return Address(_base_url(target), username, key)


def bare_host(text: str) -> str:
    """The host, where a text is that and nothing else: no scheme, port or path. "" for any other text."""
    text = text.strip(_QUOTES + ",;. \t\r\n")
    return text if _HOST_ALONE.fullmatch(text) else ""


def _tidied(text: str) -> str:
    """Without what is copied along: the name of a variable, quotes, brackets, punctuation; with "://" in its place."""
    text = re.sub(r"^(export\s+|set\s+|\$env:)?[A-Za-z_]\w*\s*=\s*(?=\S)", "", text)
    text = re.sub(r"^(GET|POST)\s+", "", text).strip(_QUOTES + ",;. \t\r\n")
    if re.fullmatch(r"<[^<>]+>|\([^()]+\)", text) and re.search(r"[:/]", text):
        text = text[1:-1].strip()
    text = re.sub(r"^(https?:/+)+(?=https?:/)", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^(https?)([:;][/\\]+|[/\\]{2,})", r"\1://", text, flags=re.IGNORECASE)
    text = re.sub(r"^//(?=[\w\[])", "http://", text)
    # Not a number alone: no engine listens on port 80 of one, so its port was forgotten.
    return f"http://{text}" if _BARE_HOST.fullmatch(text) else text


def _without_credentials(text: str) -> tuple[str, str, str]:
    """(user name, password, address) of "http://user:password@host". RFC 3986 has both percent-encoded."""
    found = re.fullmatch(r"(https?://)([^/?#]*)@([^@]*)", text, flags=re.IGNORECASE | re.DOTALL)
    if not found:
        return "", "", text
    username, _, password = found[2].partition(":")
    if not username:
        raise ValueError(CREDENTIALS)
    return unquote(username), unquote(password), found[1] + found[3]


def _base_url(text: str) -> str:
    if text.count("://") > 1:
        raise ValueError("There is more than one address here. Write one; each endpoint has its own.")
    text, _, place = text.partition("#")  # a place on a page: no server is sent it
    if "@" in place:
        raise ValueError(CREDENTIALS)
    authority = re.split(r"[/?]", text.partition("://")[2], maxsplit=1)[0]
    if re.search(r"\$\{?\w+\}?|%[A-Za-z_]\w*%|<[^<>]*>|\{\{?[^{}]*\}\}?", authority):
        raise ValueError("A part of this stands for another value, such as $HOST or <host>: write the address itself.")
    before, question, _ = text.partition("?")
    if question and _ROUTE_AT_THE_END.search(before):
        text = before  # the query was the route's
    _check_one_machine(authority)
    parts = split_base_url(text)
    _check_one_machine(parts.netloc)
    return f"{parts.scheme}://{parts.netloc}{_without_routes(parts.path)}"


def _without_routes(path: str) -> str:
    """Routes are taken off until none is left, so that reading the result again changes nothing."""
    path = path.rstrip("/")
    while found := _ROUTE_AT_THE_END.search(path):
        path = path[: found.start()].rstrip("/")
    return path


def _check_one_machine(authority: str) -> None:
    """Servers print the address that they listen on, which may be all of them."""
    host = re.sub(r":[0-9]*$", "", authority)
    zeros = re.fullmatch(r"(0x0+|0+)(\.(0x0+|0+)){0,3}\.?", host, flags=re.IGNORECASE)
    if zeros or host in ("*", "+") or re.fullmatch(r"\[(::ffff:|::)?[0:.]*\]", host, flags=re.IGNORECASE):
        raise ValueError(f"{host} means every address of that machine: write 127.0.0.1 or the machine's name.")


@lru_cache(maxsize=4096)
def split_base_url(text: str) -> SplitResult:
    """The parts of a complete base URL, host in lower case. Raises ValueError like parse_base_url."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"This is not a URL. Write the address like {EXAMPLE}.") from None
    if not text:
        raise ValueError(f"Write the address of the server, like {EXAMPLE}.")
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("The address has a space or a control character in it. Take that out.")
    if "://" not in text:
        raise ValueError(f"The address must begin with http:// or https://, like {EXAMPLE}.")
    if parts.scheme not in ("http", "https"):
        raise ValueError("Only http:// and https:// addresses can be watched.")
    if "@" in parts.netloc:
        raise ValueError(CREDENTIALS)
    if "?" in text or "#" in text:
        raise ValueError('Leave "?" and "#" and what follows them out of the address.')
    if not _PATH.fullmatch(parts.path) or len(text) > 2000:
        raise ValueError("The path of this address is too long or has characters that a URL cannot hold.")
    return parts._replace(netloc=_host(parts) + _port(parts))


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host:
        raise ValueError(f"The address has no host name. Write it like {EXAMPLE}.")
    if ":" in host:  # urlsplit lets this through only as an IPv6 address in brackets
        return f"[{host}]"
    try:
        plain = host.encode("idna").decode("ascii").lower().removesuffix(".")  # a full stop of the sentence, mostly
    except UnicodeError:
        plain = ""
    if not _HOST_NAME.fullmatch(plain) or len(plain) > 253:
        raise ValueError(f"What is written where the host name belongs is not one. Write the address like {EXAMPLE}.")
    return plain


def _port(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("The port must be a number from 1 to 65535.")
    return f":{port}" if port else ""


@lru_cache(maxsize=4096)
def host_and_port(url: str, seen_from: str = "") -> str:
    """Where a server listens: "gpu-1:11434". Two URLs of one server have the same. "" for what is no URL.

    An address of the machine itself (localhost) means that of the URL `seen_from`, if one is given.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return ""
    if _is_loopback(host):
        host = (urlsplit(seen_from).hostname if seen_from else "") or host
    return f"{'127.0.0.1' if _is_loopback(host) else host}:{port}" if host else ""


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
