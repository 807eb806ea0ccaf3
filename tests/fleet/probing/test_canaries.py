"""Canaries of real servers: when one is sent, when it is spared, and what it costs."""

import time

import pytest

from fleet.engines import canary as asking
from fleet.models import Endpoint, EndpointState, Observation
from fleet.probing import canaries
from fleet.probing.run import _ask as asking_the_server
from fleet.verdict.canary_due import NOTHING_LOADED, TRAFFIC
from tests.fake_engine import FakeEngine
from tests.fleet import recording as record
from tests.fleet.watching import asked, canary_due, probed, watched

every_database = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for module in (asking, canaries):
        monkeypatch.setattr(module, "CANARY_DEADLINE", 0.3)
        monkeypatch.setattr(module, "CONFIRM_DEADLINE", 0.2)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["vllm", "ollama"])
def test_probe_and_canary_send_the_user_name_and_password(team, kind):
    with FakeEngine(kind, *(["loaded"] if kind == "ollama" else [])) as engine:
        engine.login = "bob:geh\u00e9im"
        made = watched(team, engine, username="bob", api_key="geh\u00e9im")
        state = probed(made)
        assert state.status == "up" and state.canary["ok"]


class TestWithDatabase:
    pytestmark = every_database

    def test_no_canary_unless_a_model_is_allowed(self, team):
        with FakeEngine("vllm") as engine:
            state = probed(watched(team, engine, models=()))
            assert (state.status, state.canary, asked(engine)) == ("up", {}, [])

    def test_it_is_asked_once_and_its_cost_is_kept(self, team):
        with FakeEngine("vllm") as engine:
            gpu = watched(team, engine)
            probed(gpu)
            state = probed(gpu)
            assert asked(engine) == ["/v1/completions"]
        assert state.status == "up" and state.canary["ok"] is True
        costs = state.memory().canary
        assert (costs.asked, costs.skipped, costs.tokens) == (1, 0, 3)
        first, second = Observation.objects.order_by("at")
        assert first.canary_ms == state.canary["ms"] > 0 and second.canary_ms is None
        assert first.exchanges[-1]["step"] == "canary"

    def test_it_is_spared_when_traffic_just_succeeded(self, team):
        with FakeEngine("vllm") as engine:
            engine.generated = 100
            gpu = watched(team, engine)
            probed(gpu)
            canary_due(gpu)
            engine.generated = 150
            state = probed(gpu)
            assert len(asked(engine)) == 1
            assert (state.canary["skipped"], state.canary["why"]) == (1, TRAFFIC)
            canary_due(gpu)
            probed(gpu)  # no traffic since: it is asked
            assert len(asked(engine)) == 2

    def test_ollamas_sign_of_traffic_spares_only_every_other_canary(self, team):
        with FakeEngine("ollama", "loaded") as engine:  # each probe sees a later expires_at
            gpu = watched(team, engine)
            counts = []
            for _ in range(5):
                probed(gpu)
                counts.append(len(asked(engine)))
                probed(gpu)
                canary_due(gpu)
        assert counts == [1, 1, 2, 2, 3]

    def test_a_model_that_ollama_has_not_loaded_is_never_asked(self, team):
        with FakeEngine("ollama") as engine:
            gpu = watched(team, engine)
            for _ in range(3):
                canary_due(gpu)
                state = probed(gpu)
            assert asked(engine) == []
        assert (state.status, state.canary["skipped"], state.canary["why"]) == ("up", 3, NOTHING_LOADED)

    def test_a_frozen_engine_is_wedged_after_three_probes_and_up_after_it_works_again(self, team):
        with FakeEngine("vllm") as engine:
            gpu = watched(team, engine)
            assert probed(gpu).status == "up"
            engine.frozen = True
            canary_due(gpu)
            assert [probed(gpu).status for _ in range(3)] == ["up", "up", "down"]
            state = EndpointState.objects.get(pk=gpu.pk)
            assert (state.cause, state.step) == ("wedged", "canary")
            assert len(asked(engine)) == 4  # each confirming probe asked again
            assert probed(gpu).status == "down"
            engine.frozen = False
            assert [probed(gpu).status for _ in range(2)] == ["down", "up"]
            before = len(asked(engine))
            probed(gpu)
            assert len(asked(engine)) == before  # and is back to its slots

    def test_traffic_that_succeeds_takes_the_doubt_away(self, team):
        with FakeEngine("vllm") as engine:
            engine.generated = 100
            gpu = watched(team, engine)
            probed(gpu)
            engine.frozen = True
            canary_due(gpu)
            assert probed(gpu).canary["ok"] is False
            engine.generated = 200
            state = probed(gpu)
        assert (state.status, state.failures, state.memory().canary.ok) == ("up", 0, None)

    def test_it_does_not_recover_by_a_probe_whose_canary_could_not_be_repeated(self, team, monkeypatch):
        with FakeEngine("vllm") as engine:
            gpu = watched(team, engine)
            probed(gpu)
            engine.frozen = True
            canary_due(gpu)
            for _ in range(3):
                probed(gpu)
            monkeypatch.setattr(canaries, "next_canary", lambda *_: None)
            states = [probed(gpu) for _ in range(3)]
        assert [(s.status, s.cause, s.successes) for s in states] == [("down", "wedged", 0)] * 3

    def test_a_busy_engine_is_busy_and_asked_again_in_its_next_slot_only(self, team):
        with FakeEngine("vllm") as engine:
            engine.generated = 100
            gpu = watched(team, engine)
            probed(gpu)
            engine.frozen = engine.crowded = True
            canary_due(gpu)
            state = EndpointState.objects.get(pk=gpu.pk)
            state.load = {}  # nothing to compare with, so it is not spared for traffic
            state.save()
            engine.generating = 5
            state = probed(gpu)
            assert (state.status, state.cause) == ("busy", "saturated")
            probed(gpu)
            assert len(asked(engine)) == 2

    def test_a_rate_limit_is_not_pressed_further(self, team):
        with FakeEngine("vllm") as engine:
            engine.put("POST /v1/completions", {"error": "slow down"}, 429)
            gpu = watched(team, engine)
            assert [probed(gpu).canary["cause"] for _ in range(3)] == ["rate_limited"] * 3
            assert len(asked(engine)) == 1
            assert Observation.objects.order_by("at").first().cause == "rate_limited"

    def test_missing_models_are_not_hidden_by_a_busy_canary(self, team):
        with FakeEngine("vllm") as engine:
            engine.put("POST /v1/completions", {"error": "full"}, 503)
            gpu = watched(team, engine, expected_models=["gone"])
            probed(gpu)
            assert Observation.objects.get().cause == "model_missing"

    def test_a_sleeping_engine_is_not_woken_by_a_canary(self, team):
        with FakeEngine("vllm") as engine:
            engine.sleep_state = "weights_offloaded"
            assert (probed(watched(team, engine)).status, asked(engine)) == ("asleep", [])

    def test_two_probes_at_once_send_one_canary(self, team):
        with FakeEngine("vllm") as engine:
            gpu = watched(team, engine, interval=5, timeout=2)
            first, second = (record.state_of(gpu.pk) for _ in range(2))
            for state in (first, second):
                canaries.ask(state, asking_the_server(state))
            assert len(asked(engine)) == 1
            assert first.due_at - time.time() > asking.LONGEST - 2

    def test_after_a_canary_the_probes_go_on_as_before(self, team):
        with FakeEngine("vllm") as engine:
            state = probed(watched(team, engine, interval=5, timeout=2))
            assert state.canary["asked"] == 1
            assert state.due_at - time.time() <= 5


@pytest.mark.django_db
class TestPage:
    def shown(self, client, endpoint: Endpoint) -> str:
        return " ".join(client.get(endpoint.get_absolute_url()).content.decode().split())

    def test_the_page_says_how_the_last_one_went_and_what_they_cost(self, client, team, alice):
        client.force_login(alice)
        with FakeEngine("ollama", "loaded") as engine:
            gpu = watched(team, engine)
            assert "Canary</span> not asked yet." in self.shown(client, gpu)
            probed(gpu)
            page = self.shown(client, gpu)
            assert "tiny:latest gave a token in" in page and "1 asked, 0 skipped; 1 token," in page
            assert "restarts Ollama&#x27;s idle timer" in page or "restarts Ollama's idle timer" in page
            engine.frozen = True
            probed(gpu)
            canary_due(gpu)
            EndpointState.objects.filter(pk=gpu.pk).update(facts={})
            probed(gpu)
            assert "tiny:latest gave no token" in self.shown(client, gpu)

    def test_without_a_canary_the_page_does_not_mention_it(self, client, team, alice):
        client.force_login(alice)
        with FakeEngine("vllm") as engine:
            gpu = watched(team, engine, models=())
            probed(gpu)
            assert 'id="canary"' not in self.shown(client, gpu)
