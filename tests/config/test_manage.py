"""The command line itself, whatever the command."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.product]

MANAGE = Path(__file__).parents[2] / "manage.py"


@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "command",
    [
        ["help"],
        ["advise", "--help"],
        ["probe", "http://127.0.0.1:1", "--timeout", "1"],
        ["diffsettings", "--all"],
        ["shell", "-c", "print('x' * 1_000_000)"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_whose_reader_is_gone_ends_quietly(command, buffered, tmp_path):
    environment = {"PYTHONUNBUFFERED": buffered, "PLIMSOLL_DATA": str(tmp_path), "DEBUG": "on"}
    process = subprocess.Popen(
        [sys.executable, MANAGE, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    process.stdout.close()
    with process.stderr:
        errors = process.stderr.read()
    assert errors == b""
    assert process.wait() in (0, 141)  # argparse takes no notice when it can't write its help


def test_a_broken_pipe_that_is_not_the_output_is_still_trouble(tmp_path):
    code = "import os; r, w = os.pipe(); os.close(r); os.write(w, b'x')"
    environment = {"PLIMSOLL_DATA": str(tmp_path), "DEBUG": "on"}
    done = subprocess.run([sys.executable, MANAGE, "shell", "-c", code], capture_output=True, env=environment)
    assert done.returncode == 1 and b"BrokenPipeError" in done.stderr
