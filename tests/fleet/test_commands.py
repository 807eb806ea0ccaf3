"""manage.py probe and manage.py status: what they print and how they exit."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from fleet import endpoints
from fleet.engines.probe import probe
from fleet.models import Endpoint, EndpointState
from teams.models import Team
from tests.fake_engine import FakeEngine
from tests.fleet.recording import record, state_of
from tests.hostile_server import (
    Behaviour,
    HostileServer,
    answer,
    deep_json,
    dribble_body,
    gzip_bomb,
    hang,
    html,
    invalid_utf8,
    redirect,
    reset,
)

MANAGE = Path(__file__).parents[2] / "manage.py"
REFUSED = "http://127.0.0.1:1"


def watch(team: Team, name: str, url: str, probes: int = 1) -> Endpoint:
    """An endpoint that was really probed this many times."""
    endpoint = endpoints.add(team, name=name, url=url)
    for _ in range(probes):
        record(state_of(endpoint.pk), probe(url, identify=True), 0.0)
    return endpoint


def run(capsys, *words: str) -> tuple[int, str]:
    """(exit code, output) of a command."""
    try:
        call_command(*words)
    except SystemExit as stop:
        return int(stop.code or 0), capsys.readouterr().out
    return 0, capsys.readouterr().out


@pytest.mark.parametrize("kind", ["ollama", "vllm"])
def test_probe_shows_engine_proof_models_and_ladder(capsys, kind):
    with FakeEngine(kind) as engine:
        reading = probe(engine.url, identify=True)
        code, out = run(capsys, "probe", engine.url + "/v1/")
    assert code == 0
    assert reading.identity and reading.facts.version
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert lines["status"].endswith("up")
    assert reading.facts.version in lines["engine"]
    assert reading.identity.proof[:60] in lines["proof"]
    assert reading.facts.models[0].name in lines["models"]
    assert re.search(r"connect +ok", lines["ladder"])


def test_probe_needs_no_database(capsys):
    """There is no database mark on this test, so any query would fail it."""
    with FakeEngine("vllm") as engine:
        assert run(capsys, "probe", engine.url)[0] == 0


def test_probe_runs_as_a_command_where_neither_database_nor_broker_is(tmp_path):
    away = {"DATABASE_URL": "postgres://me:sekrit@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    away["FIELD_KEYS"] = "k" * 40  # a first start would ask the database whether a key was used before
    environment = os.environ | away | {"PLIMSOLL_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    with FakeEngine("ollama") as engine:
        done = subprocess.run(
            [sys.executable, MANAGE, "probe", engine.url], env=environment, capture_output=True, text=True, timeout=30
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ollama" in done.stdout


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [
        pytest.param(html(), "not_recognised", id="a web page"),
        pytest.param(answer(200, b"x" * 9_000_000), "too_large", id="much too large"),
        pytest.param(dribble_body(), "timed_out", id="a byte now and then"),
        pytest.param(hang(), "timed_out", id="no answer"),
        pytest.param(redirect("http://127.0.0.2/"), "redirected", id="to another host"),
        pytest.param(invalid_utf8(), None, id="no UTF-8"),
        pytest.param(deep_json(), None, id="deep JSON"),
        pytest.param(gzip_bomb(64 * 1024 * 1024), None, id="a gzip bomb"),
        pytest.param(reset(), "connection_lost", id="a reset"),
        pytest.param(answer(401, b"who are you?"), "auth_rejected", id="a key wanted"),
    ],
)
def test_probe_of_a_server_that_misbehaves_names_a_cause_and_exits_with_1(capsys, behaviour: Behaviour, cause):
    with HostileServer() as server:
        for path in ("/", "/v1/models", "/api/version", "/api/tags", "/version", "/health", "/metrics"):
            server.on(path, behaviour)
        code, out = run(capsys, "probe", server.url, "--timeout", "0.7", "--json")
    shown = json.loads(out)
    assert code == 1
    assert shown["cause"] == cause or (cause is None and shown["cause"])
    assert shown["sentence"].endswith(".") and shown["advice"].endswith(".")


def test_probe_shows_the_first_of_very_many_models(capsys):
    with FakeEngine("ollama") as engine:
        engine.models([f"model-{n}" for n in range(1000)])
        code, out = run(capsys, "probe", engine.url)
    assert code == 0
    assert "… and 980 more (--json has all)" in out
    assert len(out.splitlines()) < 50


@pytest.mark.parametrize("command", ["probe", "status"])
def test_the_help_shows_the_exit_codes(capsys, command):
    with pytest.raises(SystemExit):
        call_command(command, "--help")
    assert "Exit code: " in capsys.readouterr().out


def test_probe_as_json_has_all_that_was_learned(capsys):
    with FakeEngine("vllm") as engine:
        engine.waiting = 12
        code, out = run(capsys, "probe", engine.url, "--json")
    shown = json.loads(out)
    assert (code, shown["status"], shown["cause"]) == (0, "busy", "saturated")
    assert (shown["identity"]["engine"], shown["load"]["waiting"]) == ("vllm", 12)
    assert shown["models"] and shown["exchanges"][0]["request"] == "GET /"


def test_probe_shows_a_gateway_with_what_is_behind_it(capsys):
    with FakeEngine("vllm_router", "one_gone") as gateway:
        code, out = run(capsys, "probe", gateway.url)
        as_json = json.loads(run(capsys, "probe", gateway.url, "--json")[1])
    assert code == 1
    assert "vLLM router version not known, a gateway" in out
    assert re.search(r"http://127.0.0.1:27101 +healthy +0 running", out)
    assert re.search(r"http://127.0.0.1:27102 +gone", out)
    assert as_json["gateway"] is True
    assert [backend["healthy"] for backend in as_json["behind"]] == [True, False]


def test_probe_of_a_closed_port_says_why_and_what_to_do_and_exits_with_1(capsys):
    code, out = run(capsys, "probe", REFUSED)
    assert code == 1
    assert "nothing listens on that port" in out
    assert "Start the server" in out
    assert re.search(r"connect +failed", out) and re.search(r"models +not reached", out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ftp://gpu-1"], "http://"),
        (["ftp://gpu-1"], "http"),
        (["http://:sekrit@gpu-1"], "password"),
        (["http://gpu-1", "--user", "me:sekrit"], "colon"),
        (["http://0.0.0.0:11434"], "write 127.0.0.1"),
        (["curl http://gpu-1/v1 -H 'Authorization: Bearer $KEY'"], "variable"),
        ([REFUSED, "--timeout", "0"], "0.5"),
        ([REFUSED, "--api-key-env", "PLIMSOLL_NO_SUCH_KEY"], "PLIMSOLL_NO_SUCH_KEY is not set"),
    ],
)
def test_probe_exits_with_2_when_an_argument_is_wrong(words, said):
    with pytest.raises(CommandError, match=said) as refused:
        call_command("probe", *words)
    assert refused.value.returncode == 2
    assert "sekrit" not in str(refused.value)


def test_probe_sends_basic_auth_from_its_options_or_the_pasted_address(capsys, monkeypatch):
    monkeypatch.setenv("MY_PASSWORD", "sekrit pw")
    with FakeEngine("vllm") as engine:
        engine.login = "bob:sekrit pw"
        assert "wants a user name and a password" in run(capsys, "probe", engine.url)[1]
        code, out = run(capsys, "probe", engine.url + "/v1/models", "--user", "bob", "--api-key-env", "MY_PASSWORD")
        assert code == 0 and "vLLM" in out
        for pasted in (engine.url.replace("//", "//bob:sekrit%20pw@"), f"curl -u 'bob:sekrit pw' {engine.url}/metrics"):
            code, out = run(capsys, "probe", pasted)
            assert code == 0 and "sekrit" not in out


def test_probe_takes_the_api_key_from_the_environment_and_never_prints_it(capsys, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sekrit-value")
    with FakeEngine("vllm") as engine:
        engine.api_key = "sekrit-value"
        assert run(capsys, "probe", engine.url)[0] == 1
        code, out = run(capsys, "probe", engine.url, "--api-key-env", "MY_KEY", "--json")
    assert code == 0
    assert "sekrit-value" not in out


def test_probe_prints_no_terminal_codes_that_a_server_sent(capsys):
    with FakeEngine("vllm") as engine:
        engine.models(["evil\x1b[2Jmodel"])
        _, out = run(capsys, "probe", engine.url)
    assert "evil" in out and "\x1b" not in out


@pytest.mark.django_db
def test_status_puts_trouble_first_in_aligned_columns_and_exits_with_1(capsys, team):
    with FakeEngine("vllm") as engine:
        engine.running, engine.waiting = 2, 0
        watch(team, "alpha", engine.url)
    watch(team, "zeta", REFUSED, probes=3)
    code, out = run(capsys, "status")
    heading, first, second, counts = out.splitlines()
    assert code == 1
    assert first.startswith("down") and "connection refused" in first
    assert second.startswith("up") and "vLLM" in second and "2 running, 0 waiting" in second
    assert heading.index("ENDPOINT") == first.index("zeta") == second.index("alpha")
    assert counts == "1 down, 1 up"


@pytest.mark.django_db
def test_status_exits_with_0_when_nothing_is_down_degraded_included(capsys, team):
    with FakeEngine("vllm") as engine:
        watch(team, "gpu-1", engine.url)
    watched = watch(team, "gpu-2", REFUSED)
    EndpointState.objects.filter(pk=watched.pk).update(status="degraded", cause="rate_limited")
    code, out = run(capsys, "status")
    assert code == 0
    assert out.splitlines()[1].startswith("degraded")


@pytest.mark.django_db
def test_status_as_json_shows_what_is_wrong(capsys, team):
    watch(team, "gpu-1", REFUSED, probes=3)
    code, out = run(capsys, "status", "--json")
    [shown] = json.loads(out)
    assert code == 1
    assert (shown["status"], shown["cause"]) == ("down", "connection_refused")
    assert "refused" in shown["detail"] and shown["detail"].rstrip(".") in shown["sentence"]
    assert datetime.fromisoformat(shown["since"]).tzinfo
    assert (shown["engine"], shown["version"], shown["models"], shown["load"], shown["seen_at"]) == (
        None,
        None,
        [],
        {},
        None,
    )


@pytest.mark.django_db
def test_status_as_json(capsys, team):
    with FakeEngine("ollama") as engine:
        watch(team, "box", engine.url)
        url = engine.url
    code, out = run(capsys, "status", "--json")
    [one] = json.loads(out)
    assert code == 0
    assert (one["name"], one["team"], one["url"], one["status"], one["cause"]) == (
        "box",
        "search",
        url,
        "up",
        "",
    )
    assert one["engine"] == "ollama" and one["models"]
    assert datetime.fromisoformat(one["seen_at"]) > datetime.now(UTC) - timedelta(minutes=1)


@pytest.mark.django_db
def test_status_of_one_team(capsys, team):
    other = Team.objects.create(name="Other", slug="other")
    watch(team, "gpu-1", REFUSED, probes=3)
    with FakeEngine("vllm") as engine:
        watch(other, "gpu-2", engine.url)
    code, out = run(capsys, "status", "--team", "other")
    assert code == 0
    assert "gpu-2" in out and "gpu-1" not in out
    with pytest.raises(CommandError, match=r"no team “nope”\. Teams: other, search"):
        call_command("status", "--team", "nope")


@pytest.mark.django_db
def test_status_of_an_empty_fleet_is_an_empty_list_and_says_what_to_do(capsys):
    call_command("status", "--json")
    captured = capsys.readouterr()
    assert json.loads(captured.out) == []
    assert "No endpoint is watched yet" in captured.err


@pytest.mark.django_db
def test_status_warns_when_probes_are_overdue(capsys, team):
    with FakeEngine("vllm") as engine:
        watch(team, "gpu-1", engine.url)
    call_command("status", "--json")
    assert "Is Plimsoll running?" not in capsys.readouterr().err
    EndpointState.objects.update(due_at=int(time.time()) - 300)
    call_command("status", "--json")
    captured = capsys.readouterr()
    assert "Is Plimsoll running?" in captured.err
    assert json.loads(captured.out)[0]["overdue"] is True


@pytest.mark.django_db
def test_status_colours_only_where_it_is_welcome(capsys, team, monkeypatch):
    watch(team, "gpu-1", REFUSED, probes=3)
    assert "\x1b" not in run(capsys, "status")[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in run(capsys, "status")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(capsys, "status")[1]


@pytest.mark.django_db
def test_status_without_a_database_is_a_sentence(monkeypatch):
    monkeypatch.setattr(EndpointState._meta, "db_table", "nowhere")
    with pytest.raises(CommandError, match=r"The database can't be used: .* Run manage\.py migrate") as caught:
        call_command("status")
    assert caught.value.returncode == 2
