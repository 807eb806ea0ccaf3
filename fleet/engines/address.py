"""Reading the address of an endpoint as people paste it."""

import re
from urllib.parse import SplitResult, urlsplit

EXAMPLE = "http://gpu-1:11434"

_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9._-]+:[0-9]{1,5}(/.*)?")
_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


def parse_base_url(text: str) -> str:
    """The address to store: without outer spaces, trailing slashes and one trailing "/v1".

    A host with a port ("localhost:11434") is taken for http. Clients of the OpenAI API are given addresses that
    end in "/v1", so people paste those.
    Raises ValueError with a sentence for the person who typed it.
    """
    text = text.strip()
    parts = split_base_url(f"http://{text}" if _HOST_AND_PORT.fullmatch(text) else text)
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def split_base_url(text: str) -> SplitResult:
    """The parts of a complete base URL, host in lower case. Raises ValueError like parse_base_url."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"This is not a URL. Write the address like {EXAMPLE}.") from None
    _check_scheme(text, parts)
    if "@" in parts.netloc:
        raise ValueError("Leave user name and password out of the address. Put an API key into its own field.")
    if "?" in text or "#" in text:
        raise ValueError('Leave "?" and "#" and what follows them out of the address.')
    if not _PATH.fullmatch(parts.path) or len(text) > 2000:
        raise ValueError("The path of this address is too long or has characters that a URL cannot hold.")
    return parts._replace(netloc=_host(parts) + _port(parts))


def _check_scheme(text: str, parts: SplitResult) -> None:
    if not text:
        raise ValueError(f"Write the address of the server, like {EXAMPLE}.")
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("The address has a space or a control character in it. Take that out.")
    if "://" not in text:
        raise ValueError(f"The address must begin with http:// or https://, like {EXAMPLE}.")
    if parts.scheme not in ("http", "https"):
        raise ValueError("Only http:// and https:// addresses can be watched.")


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host:
        raise ValueError(f"The address has no host name. Write it like {EXAMPLE}.")
    if ":" in host:  # urlsplit lets this through only as an IPv6 address in brackets
        return f"[{host}]"
    try:
        plain = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        plain = ""
    if not _HOST_NAME.fullmatch(plain) or len(plain) > 253:
        raise ValueError(f"This is not a host name: {host[:80]!r}.")
    return plain


def _port(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("The port must be a number from 1 to 65535.")
    return f":{port}" if port else ""
