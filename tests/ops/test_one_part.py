"""`manage.py run`: parts that are started one by one make an installation."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from config.data_folder import ROOT
from ops import one_part, worker
from tests.broker import Broker, free_port
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
