"""A verdict as JSON, and back: what was judged stays readable after its hours are pruned."""

from dataclasses import asdict
from typing import Any

from ..evidence.thresholds import Support
from ..evidence.verdict import Advice, Confidence, Limit, Signal, State, Verdict


def to_json(verdict: Verdict) -> dict[str, Any]:
    """Plain JSON values, without what is empty."""
    return {name: value for name, value in asdict(verdict).items() if value not in (None, (), "")}


def from_json(stored: dict[str, Any]) -> Verdict:
    """The inverse of `to_json`. Raises AttributeError, KeyError, TypeError or ValueError for what it can't have
    written."""
    signals = tuple(Signal(**{**each, "support": Support(each["support"])}) for each in stored.get("signals", ()))
    return Verdict(
        **{
            **stored,
            "state": State(stored["state"]),
            "limit": Limit(stored["limit"]) if stored.get("limit") else None,
            "confidence": Confidence(stored["confidence"]),
            "signals": signals,
            "advice": tuple(Advice(**each) for each in stored.get("advice", ())),
            "against": tuple(stored.get("against", ())),
            "missing": tuple(stored.get("missing", ())),
        }
    )
