"""The figures are those of the database, the broker and the processes that are there."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from core.redis_keys import queue
from fleet.endpoints import actions
from fleet.models import EndpointState, Message, Observation, Rollup, Silence
from ops.doctor import processes
from ops.doctor.checks import Quota
from ops.doctor.figures import figures

ROOT = django_settings.BASE_DIR

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def endpoint(team, valkey):
    return actions.add(team, name="gpu-1", url="http://gpu-1:8000", interval=20)


def observe(endpoint, now: datetime, ago: float, late_ms: float) -> None:
    """A stored reading from so many seconds ago."""
    Observation.objects.create(endpoint=endpoint, at=now - timedelta(seconds=ago), status="up", late_ms=late_ms)


def test_the_need_for_threads_follows_from_how_long_probes_take(team, endpoint):
    hanging = actions.add(team, name="gpu-2", url="http://gpu-2:8000", interval=10)
    EndpointState.objects.filter(pk=endpoint.pk).update(probe_seconds=0.5)
    EndpointState.objects.filter(pk=hanging.pk).update(probe_seconds=5.0)
    found = figures()
    assert (found.fast, found.slow) == (0.5 / 20, 5.0 / 10)
    assert found.probes_a_second == pytest.approx(1 / 20 + 1 / 10)
    assert found.threads == django_settings.PROBE_THREADS


def test_lateness_is_that_of_the_last_minutes(endpoint):
    now = datetime.now(UTC)
    for n in range(100):
        observe(endpoint, now, 200 - n, late_ms=3000 if n == 50 else 20)
    observe(endpoint, now, 1000, late_ms=60_000)
    assert figures(now).late == pytest.approx(0.02)
    for n in range(3):
        observe(endpoint, now, n, late_ms=3000)
    assert figures(now).late == pytest.approx(3.0)


def test_the_history_grows_until_it_is_as_long_as_it_is_kept(endpoint):
    now = datetime.now(UTC)
    for n in range(60):
        observe(endpoint, now, 240 - n * 4, late_ms=20)
    Rollup.objects.create(endpoint=endpoint, span="minute", start=now - timedelta(minutes=1), worst="up")
    young = figures(now)
    assert 21_600 * 100 < young.growth < 21_600 * 400  # a probe every 4 s is 21,600 a day
    observe(endpoint, now, -1, late_ms=20)
    Observation.objects.filter(pk=Observation.objects.order_by("pk").first().pk).update(at=now - timedelta(days=2))
    old = figures(now)
    assert old.growth == pytest.approx(young.growth, rel=0.1)
    assert old.to_come < young.to_come - 21_600 * 100


def test_an_empty_installation_has_no_growth_and_no_lateness(db, valkey):
    found = figures()
    assert (found.late, found.growth, found.to_come, found.quotas) == (None, None, None, [])


def test_queues_and_memory_of_the_broker_are_read(endpoint, valkey):
    valkey.lpush(queue("probe"), json.dumps({"headers": {"sent_at": datetime.now(UTC).timestamp() - 30}}))
    found = figures()
    length, age = found.queues["probe"]
    assert length == 1 and 29 < age < 60
    assert 0 < found.broker < found.broker_limit


def test_a_broker_that_is_away_leaves_its_figures_out(db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = figures()
    assert (found.queues, found.broker) == (None, None)
    assert found.disk_total > found.disk_used > 0


def test_waiting_messages_are_counted_from_the_oldest(team, endpoint):
    now = datetime.now(UTC)
    for hours, state in ((3, "waiting"), (1, "waiting"), (9, "sent")):
        Message.objects.create(team=team, recipient="a@b.de", created_at=now - timedelta(hours=hours), state=state)
    found = figures(now)
    assert (found.waiting, found.oldest) == (2, 3 * 3600)


def test_the_fullest_team_of_each_limit_is_named(team, endpoint, alice):
    now = datetime.now(UTC)
    for end in (timedelta(hours=1), timedelta(hours=-1)):
        Silence.objects.create(team=team, starts_at=now - timedelta(hours=2), ends_at=now + end, created_by=alice)
    quotas = {quota.setting: quota for quota in figures(now).quotas}
    assert quotas["ENDPOINTS_PER_TEAM"] == Quota("ENDPOINTS_PER_TEAM", "Search", 1, django_settings.ENDPOINTS_PER_TEAM)
    assert quotas["SILENCES_PER_TEAM"].used == 1


def test_each_database_has_its_own_figures(endpoint):
    found = figures()
    if found.sqlite is None:
        assert 0 < found.connections < found.connections_limit
    else:
        assert found.sqlite > 100_000 and found.connections is None


def test_processes_of_this_data_folder_are_found_with_their_files_and_memory():
    script = "import time; held = [open('/dev/null') for _ in range(50)]; print('ready', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", script, "ops.web_server"]
    ours = dict(word.split("=", 1) for word in Path("/proc/self/environ").read_text().split("\0") if "=" in word)
    with subprocess.Popen(command, cwd=ROOT, env=ours, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        (found,) = [each for each in processes.processes() if each.name == f"ops.web_server (process {process.pid})"]
        process.kill()
    assert 50 < found.files < 100 and found.files_limit > 100 and found.memory > 1 << 20


def test_memory_that_others_use_or_the_container_forbids_can_not_be_had(tmp_path, monkeypatch):
    meminfo, cgroup = tmp_path / "meminfo", tmp_path / "memory.max"
    monkeypatch.setattr(processes, "MEMINFO", meminfo)
    monkeypatch.setattr(processes, "CGROUP", cgroup)
    assert processes.memory_limit(100) is None
    meminfo.write_text("MemTotal:  9 kB\nMemAvailable:  2 kB\n")
    assert processes.memory_limit(100) == 100 + 2048
    for written, limit in (("max\n", 2148), ("500\n", 500)):
        cgroup.write_text(written)
        assert processes.memory_limit(100) == limit


def test_the_command_prints_lines_and_json_and_ends_with_1_when_something_is_full(endpoint, settings, capsys):
    call_command("doctor")
    assert "probe threads, fast lane" in capsys.readouterr().out
    settings.ENDPOINTS_PER_TEAM = 1
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")
    assert ended.value.code == 1
    printed = {line["what"]: line for line in json.loads(capsys.readouterr().out)}
    assert printed["ENDPOINTS_PER_TEAM"]["state"] == "nearly exhausted" and printed["ENDPOINTS_PER_TEAM"]["share"] == 1
