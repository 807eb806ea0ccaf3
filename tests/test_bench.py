"""The measurements run in a folder that nothing was in before."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(folder: Path, module: str, *arguments: str) -> str:
    """What `python -m bench.<module>` prints with this data folder."""
    environment = {**os.environ, "PLIMSOLL_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", f"bench.{module}", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


def test_the_board_is_measured_in_a_folder_that_seed_filled(tmp_path):
    assert run(tmp_path, "seed", "5", "2") == ""
    printed = run(tmp_path, "board", "1")
    assert printed.startswith("5 endpoints") and "board, in all" in printed


def test_the_metrics_of_many_engines_are_read(tmp_path):
    printed = run(tmp_path, "metrics_page", "2")
    assert printed.startswith("2 engines, ") and "ms of CPU" in printed
