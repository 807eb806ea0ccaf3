"""Reading a curl command that somebody copied from a documentation, a terminal or a browser."""

import base64
import binascii
import re
import shlex

_WITH_VALUE = "AbcCdDeEFhHKmoPQrtTuUwxXyYz"
"""The short options of curl that take a value."""

_LONG_WITH_VALUE = {
    "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json", "--form",
    "--form-string", "--request", "--output", "--user-agent", "--referer", "--cookie", "--cookie-jar", "--proxy",
    "--proxy-user", "--connect-to", "--resolve", "--cacert", "--cert", "--key", "--max-time", "--connect-timeout",
    "--retry", "--retry-delay", "--retry-max-time", "--write-out", "--interface", "--upload-file",
    "--dump-header", "--config", "--noproxy", "--unix-socket", "--limit-rate", "--socks5", "--socks5-hostname",
    "--preproxy",
}  # fmt: skip
"""Long options whose value is never the address, though it may look like one."""


def read(text: str) -> tuple[str, str, str] | None:
    """(URL, user name, key or password) as the command has them, "" for each that it lacks; None for another text.

    It may follow a prompt, or sudo, watch, "docker exec" and the like. Line continuations of sh ("\\"), cmd.exe ("^")
    and PowerShell ("`") are understood, also where a one-line field took the line breaks away.
    """
    prompt, before = r"(?:[$>%#]\s*|PS [^>]*>\s*)?", r"(?:(?:sudo|time|watch|docker|podman|kubectl)\s[\w\s./=-]*?)?"
    command = re.match(rf"{prompt}{before}(?:[\w./\\:-]*[/\\])?curl(?:\.exe)?\s+(.*)", text, re.DOTALL)
    if not command:
        return None
    url, username, key = "", "", ""
    for option, value in _options(_words(command[1])):
        if option in ("-H", "--header"):
            username, key = _credentials(value) or (username, key)
        elif option in ("-u", "--user"):
            username, _, key = value.partition(":")
        elif option == "--oauth2-bearer":
            username, key = "", value
        elif option == "--url" or (not option and not url and re.search(r"[./:]|^localhost$", value)):
            url = value
    if not url and (left := re.search(r"https?://[^\s'\"^`]+", command[1])):  # quotes that do not match hide words
        url = left[0]
    return url, username, key


def _words(text: str) -> list[str]:
    if re.search(r"\^[\"\r\n]|\^\s+-|\^$", text):  # cmd.exe: "^" takes its meaning from whatever follows
        text = re.sub(r"\^(\s+|.)", r"\1", text)
    text = re.sub(r"[\\`](?=\s)\s+", " ", text)
    for end in ("", "'", '"'):  # a quote that was not copied along
        try:
            return shlex.split(text + end)
        except ValueError:
            continue
    return text.split()


def _options(words: list[str]) -> list[tuple[str, str]]:
    """(option, value) in turn; an address has the option ""."""
    found: list[tuple[str, str]] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            takes = name in _LONG_WITH_VALUE or name in ("--header", "--user", "--oauth2-bearer", "--url")
            found.append((name, value if equals or not takes else next(rest, "")))
        elif cluster := re.fullmatch(rf"-[^{_WITH_VALUE}]*([{_WITH_VALUE}]?)(.*)", word, re.DOTALL):
            letter, attached = cluster[1], cluster[2]
            found.append((f"-{letter}", attached or (next(rest, "") if letter else "")))
        else:
            found.append(("", word))
    return found


def _credentials(header: str) -> tuple[str, str] | None:
    """(user name, key or password) of a header; None where it has none."""
    name, _, value = header.partition(":")
    scheme, _, rest = value.strip().partition(" ")
    if name.strip().lower() in ("x-api-key", "api-key"):
        return "", value.strip()
    if name.strip().lower() != "authorization":
        return None
    if scheme.lower() != "basic":
        return "", value.strip()
    try:
        username, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return username, password
