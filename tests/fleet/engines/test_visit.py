"""A visit: each path asked once, statuses turned into causes, steps remembered."""

from collections.abc import Iterator

import pytest

from fleet.engines.errors import BadAnswer, Cause, NotReady, ProbeError, Rejected, Unreachable
from fleet.engines.http.client import Client
from fleet.engines.reading import Facts
from fleet.engines.visit import Visit
from tests import hostile_server as hostile
from tests.hostile_server import HostileServer, answer

from .expect import KEY

NOW = 1_800_000_000.0


@pytest.fixture
def visit(server: HostileServer) -> Iterator[Visit]:
    with Client(server.url, api_key=KEY, deadline=2) as client:
        yield Visit(client, Facts(asked={"models": NOW - 100}), NOW)


def test_a_path_is_asked_once_with_and_once_without_the_key(server: HostileServer, visit: Visit) -> None:
    for _ in range(2):
        visit.get("/metrics")
        visit.get("/metrics", auth=False)
    assert ["authorization" in request.headers for request in server.requests] == [True, False]


def test_a_failed_request_is_not_remembered(server: HostileServer, visit: Visit) -> None:
    server.on("/x", hostile.reset())
    with pytest.raises(Unreachable):
        visit.get("/x")
    server.on("/x", answer(200, {"a": 1}))
    assert visit.json("/x") == {"a": 1}


def test_posts_are_sent_each_time(server: HostileServer, visit: Visit) -> None:
    server.on("/api/show", answer(200, {"model_info": {}}))
    for _ in range(2):
        assert visit.post_json("/api/show", {"model": "tiny"}) == {"model_info": {}}
    assert [request.body for request in server.requests] == [b'{"model": "tiny"}'] * 2


@pytest.mark.parametrize(
    ("status", "body", "kind", "cause"),
    [
        (401, '{"error":"Unauthorized"}', Rejected, Cause.AUTH_REJECTED),
        (401, "", Rejected, Cause.AUTH_REJECTED),
        (403, "forbidden", Rejected, Cause.AUTH_REJECTED),
        (403, "", Rejected, Cause.HOST_REJECTED),
        (429, "slow down", Rejected, Cause.RATE_LIMITED),
        (500, "{}", Rejected, Cause.SERVER_ERROR),
        (502, "bad gateway in an app", Rejected, Cause.SERVER_ERROR),
        (503, "", Rejected, Cause.SERVER_ERROR),
        (503, '{"error":{"message":"Loading model","code":503}}', NotReady, Cause.LOADING),
        (503, '{"error":"The model is currently scaling. Try later."}', NotReady, Cause.LOADING),
        (503, '{"error":["Loading model"]}', Rejected, Cause.SERVER_ERROR),
        (500, '{"error":"Loading model"}', Rejected, Cause.SERVER_ERROR),
        (404, "not found", Rejected, Cause.UNEXPECTED_STATUS),
        (204, "", Rejected, Cause.UNEXPECTED_STATUS),
    ],
)
def test_statuses_become_causes(
    server: HostileServer, visit: Visit, status: int, body: str, kind: type[ProbeError], cause: Cause
) -> None:
    server.on("/x", answer(status, body))
    with pytest.raises(kind) as caught:
        visit.json("/x")
    assert caught.value.cause is cause
    assert f"GET /x answered HTTP {status}" in caught.value.detail


def test_other_statuses_can_be_fine(server: HostileServer, visit: Visit) -> None:
    server.on("/x", answer(404, {"error": "no"}))
    assert visit.json("/x", ok=(200, 404)) == {"error": "no"}


def test_the_quote_of_a_body_is_short_one_line_and_without_the_key(server: HostileServer, visit: Visit) -> None:
    server.on("/x", answer(401, f"\x1b[1mkey {KEY}\n refused " + "x" * 5000))
    with pytest.raises(Rejected) as caught:
        visit.json("/x")
    quoted = caught.value.detail.partition('"')[2].rstrip('"')
    assert quoted.startswith("\ufffd[1mkey *** refused xxx")
    assert len(quoted) == 120


def test_bad_json_names_the_request(server: HostileServer, visit: Visit) -> None:
    server.on("/x", answer(200, "Sign in"))
    server.on("/list", answer(200, []))
    with pytest.raises(BadAnswer, match=r"GET /x: .*Sign in") as caught:
        visit.json("/x")
    assert caught.value.cause is Cause.NOT_JSON
    with pytest.raises(BadAnswer) as caught:
        visit.json("/list")
    assert caught.value.cause is Cause.WRONG_SHAPE
    assert visit.json("/list", list) == visit.json("/list", None) == []


def test_an_error_remembers_the_innermost_step_and_the_exchange_its_own(server: HostileServer, visit: Visit) -> None:
    with pytest.raises(Rejected) as caught, visit.step("health"), visit.step("models"):
        visit.json("/v1/models")
    assert caught.value.step == "models"
    with visit.step("load"):
        visit.get("/metrics")
    assert [exchange.step for exchange in visit.client.exchanges] == ["models", "load"]
    assert visit.client.step == "connect"


@pytest.mark.parametrize(("every", "due"), [(99, True), (100, True), (101, False)])
def test_a_question_is_due_when_its_answer_is_old(visit: Visit, every: float, due: bool) -> None:
    assert visit.due("models", every) is due
    assert visit.due("version", every) is True


def test_an_answer_from_the_future_is_due(visit: Visit) -> None:
    visit.now = NOW - 5000
    assert visit.due("models", 600) is True
