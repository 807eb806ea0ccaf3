"""The prober's checks in a network of its own that is really cut, and with name servers that are really silent.

The whole product in such a network is a matter of `make chaos`.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from config.data_folder import ROOT
from tests.chaos.network import cable

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"),
    reason="needs root, ip and unshare for a network namespace",
)

CHECK = """
import json, sys
from fleet.self_check import own_network
from fleet.verdict.monitor_blind import verdict
print(json.dumps(verdict(own_network.check(sys.argv[1:]))))
"""


@pytest.fixture
def laid():
    """A cable and two hosts at its other end."""
    with cable(2) as found:
        if found is None:
            pytest.skip("network namespaces are not allowed here")
        yield found


def reason(wrap: tuple[str, ...], *hosts: str) -> str | None:
    """Why a prober in that network takes itself for blind when these hosts fail."""
    command = [*wrap, sys.executable, "-c", CHECK, *hosts]
    return json.loads(subprocess.check_output(command, cwd=ROOT, text=True, timeout=20))


def test_a_pulled_cable_is_seen_and_so_is_its_return(laid, wait_for):
    made, hosts = laid
    wait_for(lambda: reason(made.wrap, *hosts) is None, 5, "a connected machine took itself for blind")
    made.pull()
    wait_for(lambda: reason(made.wrap, *hosts) == "No network interface of this machine is connected.", 10)
    made.plug()
    wait_for(lambda: reason(made.wrap, *hosts) is None, 10, "it stayed blind")


def test_a_lost_route_is_seen(laid):
    made, _ = laid
    elsewhere = ("192.0.2.1", "192.0.2.2")
    assert reason(made.wrap, *elsewhere) is None
    subprocess.run(["ip", "-n", made.name, "route", "del", "default"], check=True)
    assert reason(made.wrap, *elsewhere) == "This machine has no way into the network of 2 of 2 hosts that fail."


def test_silent_name_servers_are_seen(laid, tmp_path):
    made, _ = laid
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")  # nobody listens there
    bind = f'mount --bind {resolver} /etc/resolv.conf && exec "$@"'
    silent = (*made.wrap, "unshare", "-m", "sh", "-c", bind, "sh")
    assert reason(silent, "gpu-1.example", "gpu-2.example") == (
        "No name server answers: none of 2 host names could be looked up."
    )
    assert reason(silent, "gpu-1.example") is None, "one name may be its own fault"
