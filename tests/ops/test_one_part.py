"""`manage.py run`: parts that are started one by one make an installation."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from urllib.error import HTTPError

import pytest
import redis

from config.data_folder import ROOT
from core import signs_of_life
from ops import one_part, worker
from tests.broker import Broker, free_port
from tests.fake_engine import many
from tests.template import copy_migrated


@pytest.fixture
def settings_of_all(tmp_path) -> Iterator[dict[str, str]]:
    """The environment that all parts have in common, with a broker of their own."""
    broker = Broker(str(tmp_path)).start()
    table = {"PLIMSOLL_DATA": str(tmp_path), "REDIS_URL": broker.url, "PORT": str(free_port())}
    yield os.environ | table | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    broker.stop()


def start(part: str, environment: dict[str, str], **options) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "manage.py", "run", part], cwd=ROOT, env=environment, **options)


def health(environment: dict[str, str]) -> dict[str, str]:
    """What /health/ready says of each part; empty while the web server does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{environment['PORT']}/health/ready") as answer:
            return json.load(answer)
    except HTTPError as answer:
        return json.load(answer)
    except OSError:
        return {}


@pytest.mark.product
def test_parts_that_are_started_one_by_one_do_all_of_the_work(settings_of_all, wait_for):
    running = []
    try:
        running.append(start("web", settings_of_all))
        wait_for(lambda: health(settings_of_all), 60, "the web server never answered")
        assert {health(settings_of_all)[part] for part in ("workers", "dispatcher")} == {"not ok"}
        running += [start(part, settings_of_all) for part in ("probe", "general", "general")]
        wait_for(lambda: set(health(settings_of_all).values()) == {"ok"}, 60, "never ready")
        assert [part.poll() for part in running] == [None] * 4
    finally:
        for part in running:
            part.terminate()
        assert {part.wait(20) for part in running} <= {0, -signal.SIGTERM}  # uvicorn ends by the signal it got


def refusal(part: str, environment: dict[str, str]) -> str:
    """The sentence of a part that does not start."""
    with start(part, environment, stderr=subprocess.PIPE, text=True) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    return said


def test_a_worker_does_not_start_on_a_database_that_is_not_up_to_date(settings_of_all):
    assert "manage.py run web brings it up to date" in refusal("probe", settings_of_all)


def test_no_part_starts_where_the_others_could_not_reach_its_broker(settings_of_all, tmp_path):
    copy_migrated(tmp_path)
    assert "Name one in REDIS_URL" in refusal("general", settings_of_all | {"REDIS_URL": ""})


def test_only_the_general_part_dispatches():
    taking = {part: worker.WORKERS[one_part.command(part)[-1]].queues for part in ("probe", "general")}
    assert taking == {"probe": ("probe",), "general": ("dispatch", "delivery", "upkeep")}


# Two of a part: when one is killed, the other goes on. bench.two_workers does the same on PostgreSQL.

INTERVAL = 5
ENDPOINTS = 20


@pytest.fixture
def parts(settings_of_all, settings, tmp_path, wait_for) -> Iterator[Callable[[str], subprocess.Popen]]:
    """Starts a part and waits until it takes work."""
    copy_migrated(tmp_path)
    settings.REDIS_URL = settings_of_all["REDIS_URL"]
    environment = settings_of_all | {"REDIS_PREFIX": "plimsoll", "ENDPOINTS_PER_TEAM": "1000"}
    running: list[subprocess.Popen] = []

    def started(part: str) -> subprocess.Popen:
        running.append(start(part, environment))
        wait_for(lambda: _waiting(settings.REDIS_URL) == len(running), 60, f"{part} takes no work")
        return running[-1]

    yield started
    for each in running:
        each.kill()
        each.wait(20)


def _waiting(url: str) -> int:
    """How many workers wait for messages."""
    with redis.Redis.from_url(url) as client:
        return sum(each["cmd"] == "brpop" for each in client.client_list())


@pytest.mark.product
def test_another_general_worker_dispatches_soon_after_one_is_killed(parts, wait_for):
    holder = parts("general")
    wait_for(lambda: signs_of_life.seen("tick"), 60, "nothing is dispatched")
    parts("general")
    holder.kill()
    killed = time.time()
    wait_for(lambda: signs_of_life.seen("tick") > killed + 0.5, 10, "nobody took over")


@pytest.mark.product
def test_probes_of_a_killed_worker_are_late_by_one_interval_at_most(parts, settings_of_all, wait_for, tmp_path):
    with closing(many(ENDPOINTS)) as engines:
        numbers = map(str, (engines.port, ENDPOINTS, INTERVAL, 0))
        fill = [sys.executable, "-m", "bench.fill", *numbers]
        subprocess.run(fill, cwd=ROOT, env=settings_of_all, stdout=subprocess.DEVNULL, check=True)
        parts("general")
        lost, _ = parts("probe"), parts("probe")
        # Twice: what was due while the parts still started counts from when the database was filled.
        wait_for(lambda: sum(len(dues) > 1 for dues in _due(tmp_path).values()) == ENDPOINTS, 60, "some are not probed")
        lost.kill()
        killed = time.time()
        wait_for(lambda: all(max(dues) > killed + INTERVAL for dues in _due(tmp_path).values()), 60, "not probed again")
    skipped = [b - a for dues in _due(tmp_path).values() for a, b in pairwise(sorted(dues)) if b > killed]
    assert max(skipped) <= 2 * INTERVAL


def _due(folder: Path) -> dict[int, list[int]]:
    """When the recorded probes of each endpoint were due, in unix seconds."""
    query = (
        "SELECT endpoint_id, strftime('%s', at) + substr(strftime('%f', at), 3) - late_ms / 1000 FROM fleet_observation"
    )
    found = defaultdict(list)
    with sqlite3.connect(folder / "plimsoll.sqlite3") as database:
        for endpoint, due in database.execute(query):
            found[endpoint].append(round(due))
    return found
