"""What watching costs a server from day to day, in requests."""

import pytest

from fleet.engines.probe import probe
from tests.hostile_server import Behaviour, HostileServer, Request, answer

from .answers import ENGINES, Reply, Routes, cards
from .test_gateways import herd, olla, router, stack

INTERVAL, PROBES = 15, 40  # seconds between two probes; ten minutes of them, in which every list is due again

WATCHED: dict[str, Routes] = {
    **ENGINES,
    "vllm_router": router(True),
    "smg": router(True, smg=True),
    "production_stack": stack(one=1),
    "ollama_herd": herd(1, 1),
    "olla": olla("healthy"),
    "openai_compatible": {"/v1/models": cards("m", owner="x")},
}


@pytest.mark.parametrize("name", WATCHED)
def test_a_probe_asks_two_things_and_the_rest_now_and_then(name: str) -> None:
    def choose(request: Request) -> Behaviour:
        reply = WATCHED[name].get(request.path) or WATCHED[name].get("*") or Reply(404)
        assert isinstance(reply, Reply)
        return answer(reply.status, reply.body, **reply.headers)

    with HostileServer(choose=choose) as server:
        reading = probe(server.url, timeout=10)
        began, asked = reading.at, []
        for probes in range(1, PROBES + 1):
            server.requests.clear()
            reading = probe(server.url, engine=name, known=reading.facts, now=began + INTERVAL * probes, timeout=10)
            assert reading.failure is None
            asked.append(len(server.asked()))
    assert sorted(asked)[PROBES // 2] <= 2  # the usual probe
    assert max(asked) <= 4
