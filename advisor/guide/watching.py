"""What the pages about watching take from the code that watches: statuses, causes and numbers, as Markdown. Pure."""

from advisor.catalogue import Catalogue
from fleet.engines.errors import Cause
from fleet.verdict import causes, flapping
from fleet.verdict.status import TROUBLE, Status, Thresholds, status_of

MEANINGS = {
    Status.DOWN: "Unreachable, no answer in time, or it can't generate.",
    Status.DEGRADED: "It answers, but not as expected.",
    Status.BUSY: "It works, and requests wait.",
    Status.LOADING: "It starts, for no longer than its earlier starts took.",
    Status.ASLEEP: "Put to sleep on purpose; a request wakes it.",
    Status.UP: "It answered, and is able to work as far as probes show.",
    Status.UNKNOWN: "Nothing is known: it is new, or Plimsoll itself could not probe.",
}
"""Each status in a sentence; `paused` says itself."""

_NUMBERS = {
    "fail_after": Thresholds().fail_after,
    "recover_after": Thresholds().recover_after,
    "outages": flapping.OUTAGES,
    "within_minutes": flapping.WITHIN // 60,
    "over_after_minutes": flapping.OVER_AFTER // 60,
    "at_once": flapping.AT_ONCE,
}


def _meaning(status: Status) -> str:
    return MEANINGS.get(status, "Not probed, by choice: no alerts.")


def statuses(_: Catalogue, __: str = "") -> str:
    """All statuses, most urgent first, with what follows from each."""
    rows = [
        f"| [{status}](#{status}) | {_meaning(status)} | {'yes' if status in TROUBLE else 'no'} |" for status in Status
    ]
    return "\n".join(["| status | means | opens an incident |", "|---|---|---|", *rows])


def status_causes(_: Catalogue, __: str = "") -> str:
    """A heading for each status, with the causes that stand for it."""
    found = []
    for status in Status:
        rows = [
            f"| {words.short} | {words.sentence} | {words.advice} |"
            for cause, words in causes.WORDS.items()
            if cause in Cause and status_of(cause) is status
        ]
        table = (
            "\n".join(["| cause | what happened | what to try |", "|---|---|---|", *rows])
            if rows
            else "It has no cause."
        )
        found.append(f"### {status} {{#{status}}}\n\n{_meaning(status)}\n\n{table}")
    return "\n\n".join(found)


def watch_number(_: Catalogue, name: str) -> str:
    """A number that the code goes by, with what is not set otherwise."""
    return str(_NUMBERS[name])
