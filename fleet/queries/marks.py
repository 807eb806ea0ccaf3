"""The marks of a state row as a page shows them: what mutes it, and who acknowledged it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..probing.overdue import since_in_words

_WORDS = {
    "unreadable": "can't be read",
    "maintenance": "maintenance",
    "silenced": "silenced",
    "flapping": "flapping",
    "blind": "not probed",
}
_TITLES = {
    "maintenance": "Planned work: nobody is notified, and it does not count for availability.",
    "silenced": "Nobody is notified about it.",
    "flapping": "It comes and goes: an outage, or its end, is alerted once it has lasted a while.",
    "blind": "The monitor itself was blind.",
    "not_probed": "What is shown is what was known then.",
    "unreadable": "What is stored about it can't be read. A probe that answers writes it afresh.",
    "unverified": "Its certificate is not verified: whoever answers at its address is taken for the server.",
}
CALMING = ("maintenance", "silenced", "acknowledged", "blind")
"""With one of these, trouble is known and nobody has to jump up."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: its kind (a shape), its words, what it means, and until when it holds, if it ends by itself."""

    kind: str
    words: str
    title: str
    until: datetime | None = None


def shown(marks: dict[str, Any], unverified: bool = False, not_probed_since: int | None = None) -> list[Mark]:
    """The marks in words, the most specific one first; the other two are the endpoint's own (unix seconds)."""
    found = []
    if not_probed_since is not None:
        found.append(Mark("not_probed", f"not probed {since_in_words(not_probed_since)}", _TITLES["not_probed"]))
    if taken := marks.get("acknowledged"):
        by = taken["by"]
        found.append(Mark("acknowledged", f"Acknowledged by {by}", "No reminders are sent.", _moment(taken["until"])))
    for kind, words in _WORDS.items():
        if value := marks.get(kind):
            found.append(Mark(kind, words, _TITLES[kind], _moment(value)))
    if unverified:
        found.append(Mark("unverified", "not verified", _TITLES["unverified"]))
    return found


def paused(by: str | None, until: datetime | None) -> Mark:
    """The mark of an endpoint that this person (a user name) paused until then; None: until somebody resumes it."""
    ends = "It is probed again then." if until else "Until somebody resumes it."
    return Mark("paused", f"paused by {by}" if by else "paused", ends, until)


def trouble_is_known(marks: dict[str, Any]) -> bool:
    """Whether trouble with these marks is shown without alarm."""
    return any(marks.get(kind) for kind in CALMING)


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
