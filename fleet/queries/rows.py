"""One row of the board, made from the columns of a state row; the template only places it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ..models.endpoint import unverified
from ..verdict import causes
from ..verdict.status import TROUBLE, Status
from . import marks
from .cells import Cells
from .marks import Mark

COLUMNS = (
    "endpoint_id", "endpoint__name", "endpoint__url", "endpoint__team__name", "endpoint__team__slug",
    "endpoint__fail_after", "endpoint__recover_after", "status", "cause", "detail", "since", "failures", "successes",
    "seen_at", "shown_at", "marks", "endpoint__verify_tls", "not_probed_since",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What the board says about one endpoint."""

    pk: int
    name: str
    host: str
    team: str
    team_slug: str
    status: str
    since: datetime | None  # None while it is up, where how long says little
    cause: str
    hint: str
    seen_at: datetime | None
    marks: list[Mark]
    known_trouble: bool  # its trouble is known: somebody is on it, or it was planned
    cells: Cells


def row(state: dict[str, Any], cells: Cells) -> Row:
    """The row of one endpoint; `state` holds COLUMNS."""
    return Row(
        pk=state["endpoint_id"],
        name=state["endpoint__name"],
        host=netloc(state["endpoint__url"]),
        team=state["endpoint__team__name"],
        team_slug=state["endpoint__team__slug"],
        status=state["status"],
        since=None if state["status"] == Status.UP else state["since"],
        cause=causes.brief(state["cause"], state["detail"]),
        hint=_hint(state),
        seen_at=state["seen_at"],
        marks=marks.shown(
            state["marks"],
            unverified(state["endpoint__url"], state["endpoint__verify_tls"]),
            state["not_probed_since"] if state["status"] in TROUBLE else None,
        ),
        known_trouble=state["status"] in TROUBLE and marks.trouble_is_known(state["marks"]),
        cells=cells,
    )


def netloc(url: str) -> str:
    """Host and port of a URL; all of it where it can't be read."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return url


def _hint(state: dict[str, Any]) -> str:
    """A change of mind in the making: trouble, or its end, that is not believed yet."""
    if state["status"] in TROUBLE:
        good = state["successes"]
        return f"answering again: {good} of {state['endpoint__recover_after']}" if good else ""
    failures = state["failures"]
    return f"checking: {failures} of {state['endpoint__fail_after']}" if failures else ""
