"""A confirming probe has less time than others, and says so where that time ran out."""

import pytest

from fleet import endpoints
from fleet.models import EndpointState
from fleet.verdict import schedule
from tests import hostile_server as hostile
from tests.fleet.recording import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.mark.parametrize(("failures", "said"), [(0, False), (1, True)])
def test_a_confirming_probe_names_its_own_limit_and_the_usual_one(team, monkeypatch, failures, said):
    monkeypatch.setattr(schedule, "CONFIRM_DEADLINE", 0.3)
    with hostile.HostileServer() as server:
        server.on("/health", hostile.hang())
        endpoint = endpoints.add(team, name="gpu-1", url=server.url, engine="vllm", timeout=0.6)
        EndpointState.objects.update(failures=failures)
        run(endpoint.pk)
    detail = endpoint.observations.get().detail
    limits = "No answer within 0.3 s (waiting for the answer). A confirming probe gets 0.3 s, others 0.6 s."
    assert (limits in detail) is said, detail
