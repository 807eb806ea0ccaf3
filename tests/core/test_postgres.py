"""The tests marked `database` once more, on PostgreSQL."""

import os
import subprocess
import sys

import pytest

from config.data_folder import ROOT

URL = "PLIMSOLL_TEST_POSTGRES_URL"


@pytest.mark.postgres
@pytest.mark.skipif(not os.environ.get(URL), reason=f"{URL} is not set")
def test_what_depends_on_the_database_works_on_postgresql():
    command = [sys.executable, "-m", "pytest", "-m", "database", "-p", "no:cacheprovider", "--create-db", "-n", "2"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env["PLIMSOLL_TEST_ON_POSTGRES"] = "yes"
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=400)
    assert ended.returncode == 0, ended.stdout[-5000:]
