"""A network of its own for the product, whose cable can be pulled. Needs Linux, root and `ip`."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .outcome import Outcome
from .rig import STEADY, Rig
from .scenarios import also

HERE, THERE = "10.98.{}.1", "10.98.{}.2"


class Cable:
    """A network namespace with one way out. `host` is our end; engines get addresses beside it."""

    def __init__(self) -> None:
        self.name = f"plimsoll{os.getpid()}"
        self._ours, self._net = f"plim{os.getpid()}"[:15], os.getpid() % 250
        self.host = HERE.format(self._net)
        self.wrap = ("ip", "netns", "exec", self.name)

    def lay(self, engines: int) -> list[str]:
        """Connects it; returns addresses for so many engines."""
        addresses = [f"10.98.{self._net}.{10 + n}" for n in range(engines)]
        _ip("netns", "add", self.name)
        _ip("link", "add", self._ours, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        for address in (self.host, *addresses):
            _ip("addr", "add", f"{address}/24", "dev", self._ours)
        _ip("link", "set", self._ours, "up")
        _ip("-n", self.name, "link", "set", "lo", "up")
        _ip("-n", self.name, "addr", "add", f"{THERE.format(self._net)}/24", "dev", "eth0")
        _ip("-n", self.name, "link", "set", "eth0", "up")
        _ip("-n", self.name, "route", "add", "default", "via", self.host)
        return addresses

    def pull(self) -> None:
        _ip("link", "set", self._ours, "down")

    def plug(self) -> None:
        _ip("link", "set", self._ours, "up")

    def remove(self) -> None:
        _ip("netns", "del", self.name, check=False)
        _ip("link", "del", self._ours, check=False)


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


@contextmanager
def cable(engines: int) -> Iterator[tuple[Cable, list[str]] | None]:
    """A cable with addresses for so many engines; None where we may not lay one."""
    made = Cable()
    try:
        addresses = made.lay(engines) if shutil.which("ip") and os.geteuid() == 0 else None
    except subprocess.CalledProcessError:
        addresses = None
    try:
        yield (made, addresses) if addresses else None
    finally:
        if shutil.which("ip"):
            made.remove()


def cut(seconds: float) -> Outcome:
    """The prober's network is gone for so long: nothing outside answers any more, and nothing is wrong with it."""
    done = f"The product's network was cut for {seconds:g} s (own namespace)"
    expected = "no outage mail; /health/ready says blind; afterwards all as before, a real fault is alerted"
    with cable(STEADY) as laid:
        if laid is None:
            return Outcome(done, expected, "skipped: needs root and network namespaces", None)
        made, addresses = laid
        with Rig(wrap=made.wrap, host=made.host) as rig:
            return _cut(rig, made, addresses, seconds, done, expected)


def _cut(rig: Rig, made: Cable, addresses: list[str], seconds: float, done: str, expected: str) -> Outcome:
    engines = {f"far-{n}": rig.engines.make(address) for n, address in enumerate(addresses)}
    numbers = rig.add("far", engines, "far@example.org")
    rig.wait(lambda: rig.all_up(numbers), 30, "the engines were not seen up")
    made.pull()
    began = time.time()
    blind = rig.wait_up_to(seconds, lambda: rig.health().get("watch", "ok") != "ok")
    noticed = time.time() - began
    rig.wait_up_to(seconds - noticed)
    statuses = {row[0] for row in rig.rows("SELECT status FROM fleet_endpointstate")}
    made.plug()
    back = rig.wait_up_to(60, lambda: rig.all_up(numbers) and rig.ready())
    rig.wait_up_to(15)
    mails = [mail.subject for mail in rig.mail.mails if mail.recipient == "far@example.org"]
    first = next(iter(engines.values()))
    first.down()
    shown = rig.wait_up_to(60, lambda: any("far-0" in mail.subject for mail in rig.mail.to("far@example.org")))
    said = f"said blind after {noticed:.0f} s" if blind else "never said blind"
    seen = f"{len(mails)} mails, {said}, statuses {', '.join(sorted(statuses))}"
    seen += also([] if back else ["not as before within 60 s"]) + also([] if shown else ["the fault was not shown"])
    return Outcome(done, expected, seen, not mails and blind and back and shown)
