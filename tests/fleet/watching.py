"""An endpoint with a canary, probed by hand."""

import time

from fleet import endpoints
from fleet.models import Endpoint, EndpointState
from fleet.verdict.canary_memory import DAY
from tests.fake_engine import FakeEngine
from tests.fleet import recording as record


def watched(team, engine: FakeEngine, models: tuple[str, ...] = ("tiny",), **values) -> Endpoint:
    made = endpoints.add(team, name="gpu", url=engine.url, engine=engine.engine, **values)
    Endpoint.objects.filter(pk=made.pk).update(canary_models=list(models))
    return made


def probed(endpoint: Endpoint) -> EndpointState:
    now = int(time.time())
    record.run(endpoint.pk, now, now + 60)
    return EndpointState.objects.get(pk=endpoint.pk)


def canary_due(endpoint: Endpoint) -> None:
    """As if the last canary were a day older."""
    state = EndpointState.objects.get(pk=endpoint.pk)
    older = {key: state.canary[key] - DAY for key in ("at", "skipped_at") if key in state.canary}
    state.canary = {**state.canary, **older}
    state.save()


def asked(engine: FakeEngine) -> list[str]:
    return [path for path, _ in engine.posted if path != "/api/show"]
