"""`manage.py` in odd surroundings."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.data_folder import ROOT

FLEET = 'teams:\n  - slug: buero\n    name: Büro\n    endpoints:\n      - {name: gpu-東京, url: "http://127.0.0.1:1"}\n'
ASCII = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def manage(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """The command on a data folder; what it printed, as bytes."""
    settings = {"PLIMSOLL_DATA": str(folder), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings, **env}, capture_output=True, timeout=60)


@pytest.mark.parametrize("env", [ASCII, {"PYTHONIOENCODING": "latin-1"}], ids=["ascii", "latin-1"])
def test_names_that_the_terminal_has_no_letters_for_are_printed_as_well_as_can_be(tmp_path, env):
    file = tmp_path / "fleet.yaml"
    file.write_text(FLEET, encoding="utf-8")
    assert manage(tmp_path, "migrate").returncode == 0
    applied = manage(tmp_path, "apply", str(file), **env)
    assert applied.returncode == 0, applied.stderr.decode(errors="replace")
    assert b"\\u6771\\u4eac" in manage(tmp_path, "status", **env).stdout


def test_assertions_switched_off_change_nothing(tmp_path):
    assert manage(tmp_path, "migrate", PYTHONOPTIMIZE="2").returncode == 0
    assert b"System check identified no issues" in manage(tmp_path, "check", PYTHONOPTIMIZE="2").stdout


@pytest.mark.skipif(not shutil.which("unshare") or os.getuid() != 0, reason="needs a PID namespace of its own")
def test_process_1_of_a_container_stops_when_asked_while_it_prepares(tmp_path, wait_for):
    settings = {"PLIMSOLL_DATA": str(tmp_path / "data"), "DJANGO_SETTINGS_MODULE": "config.settings"}

    mark = tmp_path / "runs"
    command = [
        "unshare",
        "--pid",
        "--fork",
        sys.executable,
        "manage.py",
        "shell",
        "-c",
        f"open({str(mark)!r}, 'w'); input()",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdin=subprocess.PIPE)
    try:
        wait_for(mark.exists, 30)
        (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), signal.SIGTERM)
        assert process.wait(10) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
