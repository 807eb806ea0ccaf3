"""Reading API keys, user names and passwords as people paste them. No message ever repeats any of it."""

import re
import unicodedata

LONGEST_KEY = 4000
LONGEST_USERNAME = 200

_QUOTES = "\"'`“”„\u2018\u2019«»,; \t\r\n\xa0"
_AROUND = re.compile(
    r"(-H\s+|--header\s+|(proxy-)?authorization[\"']?(\s*[:=]\s*|\s+(?=bearer))|(x-)?api-?key\s*:\s*"
    r"|bearer(\s+|:\s*|%20)|--[a-z-]*(key|token)(\s+|=)|[a-z_-]*(key|token)[\"']?\s*:\s+"
    r"|([?&]|export\s+|set\s+|\$env:)?[a-z_]*(key|token)\s*=\s*)[\"'`]*",
    re.IGNORECASE,
)
"""What stands before a key in a header, a command or a file of settings."""

_VARIABLE = re.compile(
    r"\$\{?\w+(:-[^}]*)?\}?|\$env:\w+|env:\w+|process\.env\W.*|os\.(environ|getenv)\W.*|\$\(.*\)|%\w+%|\{\{.*\}\}"
)
_PLACEHOLDER = re.compile(
    r"<.*>|\[.*\]|\{.*\}|(sk-)?your[-_ ]?(own[-_ ])?(openai[-_ ]|api[-_ ])?(key|token|secret)([-_ ]?here)?",
    re.IGNORECASE,
)


def clean_key(text: str, username: str = "") -> str:
    """The API key without "Bearer ", quotes, line breaks around it and the like; "" for none.

    With a user name it is a password, which is taken as it is but for line breaks at its ends.
    Raises ValueError with a sentence for what can't be a key: a variable, a placeholder, a shortened key.
    """
    if len(text) > LONGEST_KEY:
        raise ValueError(f"A key has at most {LONGEST_KEY} characters.")
    if username:
        password = text.strip("\r\n")
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in password):
            raise ValueError("The password has a line break or another control character in it. Take that out.")
        return password
    key = "".join(char for char in text if unicodedata.category(char) != "Cf").strip(_QUOTES)
    if pasted := re.fullmatch(r"\{\s*([\"'].*[\"'])\s*\}", key):  # a JSON object
        key = pasted[1].strip(_QUOTES)
    while found := _AROUND.match(key):
        key = key[found.end() :].strip(_QUOTES)
    if re.fullmatch(r"bearer:?", key, re.IGNORECASE):
        raise ValueError("Only the word Bearer was given. Paste the key that follows it.")
    if re.match(r"basic\s", key, re.IGNORECASE):
        raise ValueError("This is for basic auth: write the user name into its own field and the password here.")
    if re.match(r"https?://", key, re.IGNORECASE):
        raise ValueError("This is an address and not a key. Write it into the field of the address.")
    if _VARIABLE.fullmatch(key):
        raise ValueError("This is the name of a variable, which is not read here. Paste the key that it holds.")
    if _PLACEHOLDER.fullmatch(key):
        raise ValueError("This is a placeholder. Paste the key itself.")
    if "..." in key or re.search(r"…|\*{3}|[•●]{3}", key):
        raise ValueError("This key is shortened or hidden, as pages show it. Paste the whole key.")
    if re.search(r"\s", key):
        raise ValueError("The key has a space or a line break in it. Paste it in one piece, without anything else.")
    if not re.fullmatch(r"[\x21-\x7e]*", key):
        raise ValueError("The key has characters that no HTTP header can carry. Paste it as the server was given it.")
    return key


def clean_username(text: str) -> str:
    """The user name for basic auth; "" for none. Raises ValueError with a sentence."""
    username = "".join(char for char in text if unicodedata.category(char) != "Cf").strip()
    if ":" in username:
        raise ValueError("A user name for basic auth has no colon (RFC 7617). The password has its own field.")
    if len(username) > LONGEST_USERNAME or not username.isprintable():
        raise ValueError(f"A user name has at most {LONGEST_USERNAME} characters, and no control characters.")
    return username
