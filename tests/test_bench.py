"""The measurements run in a folder that nothing was in before, and their table is honest about what is missing."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model

from bench import first_paint
from bench.engines import Engine, Notes
from bench.product import family, name, quantile, wait_for
from bench.seed import seed
from bench.table import Row, markdown
from fleet.engines import vllm_metrics
from tests.template import copy_migrated

ROOT = Path(__file__).resolve().parent.parent


LIMIT = 600
"""Seconds for one command. The slowest took 47 s on two cores with four others at work."""


def run(folder: Path, *arguments: str) -> str:
    """What `python -m <arguments>` prints with this data folder."""
    environment = {**os.environ, "PLIMSOLL_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
        try:
            printed, errors = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.terminate()  # and not kill, so that it removes its folders
            raise
    assert process.returncode == 0, errors[-2000:]
    return printed


def test_a_folder_is_filled_with_invented_endpoints(tmp_path):
    copy_migrated(tmp_path)
    assert run(tmp_path, "bench.seed", "5", "2") == ""


def test_the_metrics_of_many_engines_are_read(tmp_path):
    printed = run(tmp_path, "bench.metrics_page", "2")
    assert printed.startswith("2 engines, ") and "ms of CPU" in printed


@pytest.mark.product
def test_ticks_claim_each_endpoint_once_a_round(tmp_path):
    found = json.loads(run(tmp_path, "bench.claims", "20", "5"))
    assert found["claims"] == 20 / 5 and 0 < found["p50"] <= found["p95"] <= found["max"]


@pytest.mark.django_db
def test_the_pages_to_paint_are_the_addresses_of_the_site(capsys):
    get_user_model().objects.create_user("bench")
    seed(44, 0)
    first_paint.prepare()
    paths = capsys.readouterr().out.split()
    assert {"/", "/endpoints/1/", "/teams/team-0/", "/decisions/1/", "/accounts/login/"} <= set(paths)
    assert not [path for path in paths if "<" in path]


@pytest.mark.product
@pytest.mark.slow
@pytest.mark.product
def test_parts_of_the_table_run_and_give_rows(tmp_path):
    """All of them, by `python -m bench --toy`, take minutes."""
    printed = run(tmp_path, "bench", "--toy", "--only", "start,claims,pages")
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert "failed" not in printed
    for figure in ("ready, second start", "claim at 40 endpoints", "models of 20, first byte"):
        assert any(figure.lower() in row.lower() for row in rows), figure


SERVERS = """
import signal, tempfile, time
from pathlib import Path
from bench import __main__, servers
signal.signal(signal.SIGTERM, __main__._stop)
with tempfile.TemporaryDirectory() as folder, servers.redis(Path(folder)), servers.postgres(Path(folder, "p")):
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.product
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_measurement_started_ends_with_it_however_it_ends(how):
    with subprocess.Popen([sys.executable, "-c", SERVERS], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        folder = process.stdout.readline().strip()
        started = family(process.pid)[1:]
        assert {name(pid) for pid in started} >= {"postgres", "broker"}
        process.send_signal(how)
    wait_for(lambda: not any(map(_lives, started)), 60, "a server was left behind")
    assert not Path(folder).exists() or how == signal.SIGKILL
    shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_row_says_whether_the_goal_is_reached():
    assert Row("a", 40, "ms", 40).reached == "yes"
    assert Row("a", 40.1, "ms", 40).reached == "**no**"
    assert Row("a", 1.9, "", 1.9, at_least=True).reached == "yes"
    assert Row("a", 1.8, "", 1.9, at_least=True).reached == "**no**"
    assert Row("a", 3).reached == ""


def test_what_was_not_measured_says_why_and_reaches_nothing():
    table = markdown("Commit x.", [Row("a", None, "ms", 40, note="no PostgreSQL"), Row("b", 1, below=["by process"])])
    assert "| a | no PostgreSQL | 40 ms |  |" in table and table.endswith("\n- by process")


def test_quantiles_of_nothing_are_an_error_and_not_a_zero():
    assert quantile([3, 1, 2], 0.5) == 2 and quantile([3, 1, 2], 1) == 3
    with pytest.raises(ValueError, match="nothing was measured"):
        quantile([], 0.99)


def test_a_fake_vllm_works_on_so_it_is_never_taken_for_stalled():
    engine = Engine(1, Notes())
    (first, *_), (second, *_) = (vllm_metrics.read(engine.answer("GET /metrics", None)[2].decode()) for _ in range(2))
    assert second.running == first.running + 1 and second.generation_tokens > first.generation_tokens
    assert engine.noted.loads[-1][:2] == (1, second.running)
