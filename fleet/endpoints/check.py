"""A first probe of an address, before it is saved. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from ..display import ladder
from ..engines.probe import probe
from ..engines.reading import Load, Reading
from ..engines.reading_json import to_json
from ..engines.registry import title
from ..models import Endpoint
from ..verdict import causes
from ..verdict.status import Finding, find
from .actions import suggested_name

DEADLINE = 5.0
"""Seconds somebody waits in front of the page at most."""

MODELS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Check:
    """What answered at an address."""

    url: str
    name: str  # what the endpoint will be called if nobody gives it a name
    reading: Reading
    finding: Finding
    engine: str  # a label; "" when it is not known
    sentence: str  # what is wrong; "" when all is well
    advice: str
    rungs: list[ladder.Rung]
    twins: Sequence[Endpoint]  # of those that the person sees, those that watch this address already

    @property
    def answered(self) -> bool:
        """Whether anything at all came back."""
        return any(exchange.status for exchange in self.reading.exchanges)

    @property
    def models(self) -> tuple[str, ...]:
        """The first few model names."""
        return tuple(m.name for m in self.reading.facts.models[:MODELS_SHOWN])

    @property
    def models_left_out(self) -> int:
        """How many more there are."""
        return max(0, len(self.reading.facts.models) - MODELS_SHOWN)


def check(
    url: str,
    api_key: str = "",
    engine: str = "",
    expected_models: Sequence[str] = (),
    verify: bool = True,
    *,
    username: str = "",
    watched: QuerySet[Endpoint],
) -> Check:
    """Asks the server at `url` (a base URL) who it is and how it is; takes up to DEADLINE seconds.

    Which of the `watched` endpoints watch the same address is part of it.
    """
    reading = probe(
        url,
        engine=engine or None,
        api_key=api_key or None,
        username=username or None,
        timeout=DEADLINE,
        verify=verify,
        identify=True,
    )
    known = ["load"] if reading.load != Load() else []
    finding = find(reading, tuple(expected_models))
    return Check(
        url=url,
        name=suggested_name(url)[:80],
        reading=reading,
        finding=finding,
        engine=title(reading.identity.engine, reading.facts.product) if reading.identity else "",
        sentence=causes.sentence(finding.cause or ""),
        advice=causes.advice(finding.cause or ""),
        rungs=ladder.climb(
            [to_json(e) for e in reading.exchanges], finding.step, known=known, missing=reading.facts.missing_steps
        ),
        twins=list(watched.select_related("team").filter(url=url)),
    )
