"""The ladder of a probe, with two small engines of our own so that no real one's habits matter here."""

import pytest

from fleet.display.ladder import climb
from fleet.engines.errors import Cause
from fleet.engines.learning import Learned
from fleet.engines.probe import probe
from fleet.engines.questions import AGAIN, Question
from fleet.engines.reading import Facts, Identity, Load, Reading
from fleet.engines.reading_json import to_json
from fleet.engines.visit import Visit
from tests import hostile_server as hostile
from tests.hostile_server import HostileServer, answer

from .expect import KEY

DEADLINE = 0.4


class Toy:
    """An engine that says its name at /<name> and works at /<name>/health and /<name>/load."""

    PORT = 1

    def __init__(self, name: str, strong: bool = True) -> None:
        self.NAME, self.LABEL, self.strong = name, name.title(), strong
        self.HEALTH = (f"GET /{name}/health",)
        self.QUESTIONS = (Question("load", self.learn_load, (f"GET /{name}/load",), step="load"),)

    def identify(self, visit: Visit) -> Identity | None:
        if visit.json(f"/{self.NAME}").get("name") == self.NAME:
            return Identity(self.NAME, f"/{self.NAME} says so.", self.strong)
        return None

    def check_health(self, visit: Visit, learned: Learned) -> None:
        visit.json(f"/{self.NAME}/health")
        learned.version = "1"

    def learn_load(self, visit: Visit, learned: Learned) -> None:
        learned.load = Load(running=visit.json(f"/{self.NAME}/load")["running"])


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    toys = [Toy("alpha"), Toy("beta"), Toy("vague", strong=False)]
    monkeypatch.setattr("fleet.engines.probe.ENGINES", {toy.NAME: toy for toy in toys})


def is_engine(server: HostileServer, name: str) -> None:
    server.on(f"/{name}", answer(200, {"name": name}))
    server.on(f"/{name}/health", answer(200, {}))
    server.on(f"/{name}/load", answer(200, {"running": 3}))


def why(reading: Reading) -> tuple[Cause, str] | None:
    return (reading.failure.cause, reading.failure.step) if reading.failure else None


def test_an_unknown_server_is_identified_and_read(server: HostileServer) -> None:
    is_engine(server, "beta")
    reading = probe(server.url, now=77.0)
    assert reading.failure is None
    assert reading.identity == Identity("beta", "/beta says so.")
    assert (reading.at, reading.facts.version, reading.load.running) == (77.0, "1", 3)
    steps = [(exchange.step, exchange.request) for exchange in reading.exchanges]
    assert steps == [
        ("identify", "GET /"),
        ("identify", "GET /alpha"),
        ("identify", "GET /beta"),
        ("health", "GET /beta/health"),
        ("load", "GET /beta/load"),
    ]


def test_a_known_engine_is_read_without_further_questions(server: HostileServer) -> None:
    is_engine(server, "beta")
    reading = probe(server.url, engine="beta")
    assert reading.failure is None and reading.identity is None
    assert server.asked() == ["GET /beta/health", "GET /beta/load"]


def test_an_engine_name_that_is_no_longer_known_is_identified_again(server: HostileServer) -> None:
    is_engine(server, "alpha")
    assert probe(server.url, engine="gone").identity == Identity("alpha", "/alpha says so.")


def test_a_server_that_was_recognised_but_has_no_module_is_named(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Identity("cuckoo", "It says cuckoo.")
    monkeypatch.setattr(Toy, "identify", lambda self, visit: found)
    reading = probe(server.url)
    assert why(reading) == (Cause.NOT_RECOGNISED, "identify")
    assert reading.failure is not None
    assert "This is cuckoo" in reading.failure.detail
    assert why(probe(server.url, engine="alpha", identify=True)) == (Cause.WRONG_ENGINE, "identify")


# Nobody found


@pytest.mark.parametrize(
    ("front", "cause"),
    [
        (answer(200, "hello"), Cause.NOT_RECOGNISED),
        (hostile.html(), Cause.NOT_RECOGNISED),
        (answer(404), Cause.NOT_RECOGNISED),
        (answer(401), Cause.AUTH_REJECTED),
        (answer(403), Cause.HOST_REJECTED),
        (answer(429), Cause.RATE_LIMITED),
        (answer(502), Cause.SERVER_ERROR),
        (answer(503, {"error": {"message": "Loading model"}}), Cause.LOADING),
    ],
)
def test_when_nobody_is_recognised_the_front_page_says_why(
    server: HostileServer, front: hostile.Behaviour, cause: Cause
) -> None:
    server.on("/", front)
    assert why(probe(server.url)) == (cause, "identify")


def test_a_server_that_wants_a_key_is_not_just_unknown(server: HostileServer) -> None:
    server.on("/", answer(200))
    server.on("/beta", answer(401, {"error": "Unauthorized"}))
    assert why(probe(server.url)) == (Cause.AUTH_REJECTED, "identify")


@pytest.mark.parametrize("odd", [hostile.html(), hostile.huge(), hostile.reset(), hostile.redirect("http://x.test/")])
def test_an_odd_answer_to_one_engines_question_does_not_stop_the_others(
    server: HostileServer, odd: hostile.Behaviour
) -> None:
    is_engine(server, "beta")
    server.on("/alpha", odd)
    reading = probe(server.url)
    assert reading.failure is None and reading.identity is not None
    assert reading.identity.engine == "beta"


def test_a_bug_in_one_engine_module_does_not_hide_the_others(server: HostileServer) -> None:
    is_engine(server, "beta")
    server.on("/alpha", answer(200, {"name": "beta"}))
    assert probe(server.url).failure is None


# The wrong engine


def test_another_engine_than_the_pinned_one_is_named(server: HostileServer) -> None:
    is_engine(server, "beta")
    reading = probe(server.url, engine="alpha", identify=True)
    assert why(reading) == (Cause.WRONG_ENGINE, "identify")
    assert reading.failure is not None and "Expected Alpha" in reading.failure.detail
    assert "found Beta" in reading.failure.detail
    assert reading.identity is not None and reading.identity.engine == "beta"


def test_a_weak_identity_does_not_speak_against_the_pinned_engine(server: HostileServer) -> None:
    is_engine(server, "vague")
    server.on("/alpha/health", answer(200, {}))
    server.on("/alpha/load", answer(200, {"running": 1}))
    reading = probe(server.url, engine="alpha", identify=True)
    assert reading.failure is None
    assert reading.load.running == 1


def test_a_pinned_engine_that_nobody_recognises_is_read_all_the_same(server: HostileServer) -> None:
    is_engine(server, "alpha")
    server.on("/alpha", hostile.html())
    assert probe(server.url, engine="alpha", identify=True).failure is None


def test_a_known_engine_that_answers_oddly_may_have_been_replaced(server: HostileServer) -> None:
    is_engine(server, "beta")
    assert why(probe(server.url, engine="alpha")) == (Cause.WRONG_ENGINE, "identify")


@pytest.mark.parametrize("name", ["alpha", "vague"])
def test_otherwise_the_first_trouble_stands(server: HostileServer, name: str) -> None:
    is_engine(server, name)
    server.on("/alpha/health", answer(404))
    assert why(probe(server.url, engine="alpha")) == (Cause.UNEXPECTED_STATUS, "health")


def test_a_refused_key_does_not_look_like_another_engine(server: HostileServer) -> None:
    is_engine(server, "beta")
    server.on("/alpha/health", answer(401))
    assert why(probe(server.url, engine="alpha")) == (Cause.AUTH_REJECTED, "health")
    assert server.asked() == ["GET /alpha/health", "GET /v1/models"]


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_where_the_way_to_its_health_is_shut_its_list_of_models_shows_that_it_lives(
    server: HostileServer, status: int
) -> None:
    server.on("/alpha/health", answer(status, {}))
    server.on("/alpha/load", answer(200, {"running": 2}))
    server.on("/v1/models", answer(200, {"object": "list", "data": [{"id": "m"}]}))
    reading = probe(server.url, engine="alpha")
    assert reading.failure is None
    assert reading.load.running == 2
    assert "GET /alpha/health" in reading.facts.warnings[0]


# Side questions never decide


@pytest.mark.parametrize(
    "trouble",
    [
        hostile.hang(), hostile.dribble_body(), hostile.reset(), hostile.garbage(), hostile.huge(), hostile.html(),
        hostile.html("Sign in"), hostile.redirect("http://x.test/"), hostile.deep_json(), hostile.invalid_utf8(),
        answer(200, []), answer(200, {}), answer(401), answer(403), answer(404), answer(405), answer(429), answer(500),
        answer(503, {"error": {"message": "Loading model"}}),
    ],
)  # fmt: skip
def test_trouble_with_a_side_question_is_a_warning(server: HostileServer, trouble: hostile.Behaviour) -> None:
    is_engine(server, "alpha")
    server.on("/alpha/load", trouble)
    reading = probe(server.url, engine="alpha", timeout=DEADLINE, now=1_800_000_000.0)
    assert reading.failure is None
    assert reading.load == Load()
    assert reading.facts.warnings[0].startswith("No answer about load since 15 Jan 08:00 UTC. ")


def test_a_side_question_without_an_answer_is_asked_less_often(server: HostileServer) -> None:
    is_engine(server, "alpha")
    server.on("/alpha/load", answer(500))
    first = probe(server.url, engine="alpha", now=0.0)
    server.on("/alpha/load", answer(200, {"running": 1}))
    soon = probe(server.url, engine="alpha", known=first.facts, now=AGAIN - 1)
    assert (soon.load.running, len(soon.facts.warnings)) == (None, 1)
    later = probe(server.url, engine="alpha", known=soon.facts, now=AGAIN)
    assert (later.load.running, later.facts.warnings) == (1, ())


def test_a_front_page_that_hangs_does_not_hide_the_engine(server: HostileServer) -> None:
    is_engine(server, "beta")
    server.on("/", hostile.hang())
    reading = probe(server.url, timeout=2)
    assert reading.failure is None
    assert reading.identity == Identity("beta", "/beta says so.")


def test_an_engine_that_is_replaced_by_another_is_noticed_by_its_side_questions(server: HostileServer) -> None:
    is_engine(server, "beta")
    server.on("/alpha/health", answer(200, {}))
    assert why(probe(server.url, engine="alpha")) == (Cause.WRONG_ENGINE, "identify")


def test_an_engine_of_which_a_proxy_leaves_too_little_to_see_keeps_its_name(server: HostileServer) -> None:
    """It is identified once a day: under another name its load would not be asked for until then."""
    is_engine(server, "vague")
    server.on("/alpha/health", answer(200, {}))
    reading = probe(server.url, engine="alpha")
    assert (reading.failure, reading.identity) == (None, None)


# Trouble on the way


def test_no_connection_is_the_step_connect() -> None:
    with HostileServer() as gone:
        pass
    for engine in (None, "alpha"):
        assert why(probe(gone.url, engine=engine)) == (Cause.CONNECTION_REFUSED, "connect")


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [
        (hostile.hang(), Cause.TIMED_OUT),
        (hostile.dribble_headers(), Cause.TIMED_OUT),
        (hostile.dribble_body(), Cause.TIMED_OUT),
        (hostile.reset(), Cause.CONNECTION_LOST),
        (hostile.garbage(), Cause.CONNECTION_LOST),
        (hostile.huge(), Cause.TOO_LARGE),
        (hostile.gzip_bomb(8 * 1024 * 1024), Cause.TOO_LARGE),
        (hostile.redirect("http://other.test/"), Cause.REDIRECTED),
        (hostile.redirect("/alpha/health"), Cause.REDIRECTED),
        (hostile.html(), Cause.NOT_JSON),
        (hostile.invalid_utf8(), Cause.NOT_JSON),
        (hostile.deep_json(), Cause.NOT_JSON),
        (answer(200, []), Cause.WRONG_SHAPE),
        (answer(403), Cause.HOST_REJECTED),
    ],
)
def test_trouble_with_a_known_engine_is_its_own_step(
    server: HostileServer, behaviour: hostile.Behaviour, cause: Cause
) -> None:
    server.on("/alpha/health", behaviour)
    assert why(probe(server.url, engine="alpha", timeout=DEADLINE)) == (cause, "health")


def test_an_unforeseen_form_never_raises(server: HostileServer, caplog: pytest.LogCaptureFixture) -> None:
    is_engine(server, "alpha")
    server.on("/alpha/load", answer(200, {}))
    reading = probe(server.url, engine="alpha")
    assert "KeyError" in reading.facts.warnings[0]
    assert "Traceback" in caplog.text


def test_a_failed_reading_carries_the_known_facts_on(server: HostileServer) -> None:
    known = Facts(version="7", asked={"version": 5.0})
    assert probe(server.url, engine="alpha", known=known).facts is known


def test_an_address_that_is_none_is_a_failure_too() -> None:
    reading = probe("no address")
    assert reading.failure is not None and reading.failure.step == "connect"
    assert "space" in reading.failure.detail


def test_the_key_stays_out_of_the_reading(server: HostileServer) -> None:
    server.on("/alpha/health", answer(401, f"bad key {KEY}"))
    assert KEY not in repr(probe(server.url, engine="alpha", api_key=KEY))


def test_the_time_is_for_the_whole_ladder(server: HostileServer) -> None:
    for name in ("alpha", "beta", "vague"):
        server.on(f"/{name}", lambda sock, stop: not stop.wait(0.2) and answer(200, {})(sock, stop))
    reading = probe(server.url, timeout=DEADLINE)
    assert why(reading) == (Cause.TIMED_OUT, "identify")
    assert sum(exchange.total_ms or 0 for exchange in reading.exchanges) < 2000


@pytest.mark.parametrize(("engine", "step"), [(None, "identify"), ("alpha", "health")])
def test_a_hang_after_the_connection_is_named_by_the_step_that_waited(
    server: HostileServer, engine: str | None, step: str
) -> None:
    for path in ("/", "/alpha", "/beta", "/vague", "/alpha/health"):
        server.on(path, hostile.hang())
    reading = probe(server.url, engine=engine, timeout=DEADLINE)
    assert why(reading) == (Cause.TIMED_OUT, step)
    limit = "0.2" if engine is None else "0.4"  # one of several questions gets half of what is left
    assert reading.failure and f"No answer within {limit} s (waiting for the answer)." in reading.failure.detail
    connect, *others = climb([to_json(exchange) for exchange in reading.exchanges], step)
    assert connect.outcome == "ok" and connect.ms is not None
    assert next(rung.step for rung in others if rung.outcome == "failed") == step
