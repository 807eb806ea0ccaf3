"""An accepted decision with endpoints, and load verdicts on them as the fleet's sweep stores them."""

from datetime import datetime

from advisor.models import Decision
from fleet import endpoints
from fleet.evidence.thresholds import Support
from fleet.evidence.verdict import FIRM, Advice, Confidence, Signal, State, Verdict
from fleet.load import stored
from fleet.models import Endpoint, EndpointState, LoadVerdict

from .decision_parts import record

WAITED = Signal("waited_much", "Requests that waited", "34 %", "20 %", 400, Support.PROVEN, True)


def box(team, name: str = "box-7", engine: str = "ollama", **facts) -> Endpoint:
    """An endpoint that this engine answers."""
    made = endpoints.add(team, name=name, url=f"http://{name}.example.org:11434")
    EndpointState.objects.filter(endpoint=made).update(engine=engine, status="up", facts={"version": "0.9.3", **facts})
    return made


def on_ollama(user, team, *covered: Endpoint, **body) -> Decision:
    """An accepted decision for Ollama that covers these endpoints."""
    chosen = {"title": "Start with Ollama", "choice": "ollama", "follows_advice": False, "why_not": "One box."}
    return record(user, team, endpoints=covered, status="accepted", **chosen | body)


def judge(endpoint: Endpoint, state: State, at: datetime, confirmed: bool = False, **more) -> LoadVerdict:
    """The current load verdict on the endpoint; the one before ends."""
    LoadVerdict.objects.filter(endpoint=endpoint, until=None).update(until=at)
    confirmed = confirmed and state in FIRM
    advice = (Advice("Give it a second slot.", "OLLAMA_NUM_PARALLEL=2"),)
    against = ("No request was refused (HTTP 503).",)
    known = {"signals": (WAITED,), "against": against, "advice": advice, "confidence": Confidence.HIGH}
    verdict = Verdict(state, confirmed=confirmed, **known | more)
    columns = {"callers": verdict.callers, "in_time": verdict.in_time, "at_work": verdict.at_work}
    return LoadVerdict.objects.create(
        endpoint=endpoint, since=at, judged_at=at, state=state, confidence=verdict.confidence, confirmed=confirmed,
        verdicts=[stored.to_json(verdict)], **columns,
    )  # fmt: skip
