"""The values in the file of `manage.py apply`: each reader takes text, returns the value or raises ValueError.

The messages complete the sentence "teams[0].name is 'x': ...".
"""

import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from core import mail_addresses

from ..engines.registry import ENGINES

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def fill(text: str, environment: Mapping[str, str] | None) -> str:
    """`text` with each ${NAME} replaced from `environment`; what comes in is not replaced again.

    Without an environment a ${NAME} is refused: in a page it would read the server's own secrets.
    """
    if "${" in _VARIABLE.sub("", text):
        raise ValueError("write a variable as ${NAME}, with letters, digits and underscores")
    if environment is None:
        if _VARIABLE.search(text):
            raise ValueError("only manage.py apply fills in variables. Write the value itself")
        return text
    for name in _VARIABLE.findall(text):
        if not environment.get(name):
            raise ValueError(f"the environment variable {name} is not set or empty. Set it and try again")
    return _VARIABLE.sub(lambda found: environment[found[1]], text)


def nearest(word: str, known: Collection[str]) -> str:
    """Which known word was meant, or all of them."""
    close = get_close_matches(word.lower(), known, 1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def slug(text: str) -> str:
    try:
        validate_slug(text)
    except ValidationError:
        raise ValueError("use letters, digits, hyphens and underscores only, such as search") from None
    return _at_most(text, 80)


def name(text: str) -> str:
    return _at_most(_words(text), 80)


def model(text: str) -> str:
    return _at_most(_words(text), 300)


def address(text: str) -> str:
    try:
        return mail_addresses.usable(text)
    except mail_addresses.Unmailable as error:
        raise ValueError(f"give an email address, such as oncall@example.org ({error.why})") from None


def engine(text: str) -> str:
    if text in ENGINES or not text:
        return text
    raise ValueError(f"this is no engine we know; {nearest(text, ENGINES)}")


def true_or_false(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("give true or false")
    return text.lower() == "true"


def whole(low: int, high: int, unit: str = "") -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
            raise ValueError(f"give a whole number{unit} from {low} to {high}")
        return int(text)

    return read


def seconds(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) or not low <= float(text) <= high:
            raise ValueError(f"give a number of seconds from {low:g} to {high:g}")
        return float(text)

    return read


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise ValueError("it is empty")
    return words


def _at_most(text: str, length: int) -> str:
    if len(text) > length:
        raise ValueError(f"give at most {length} characters")
    return text
