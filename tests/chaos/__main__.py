"""Runs the scenarios one after another and prints a row each, as a Markdown table for docs/measured.md.

    python -m tests.chaos [--only NAME] [--rounds 50] [--seed 1]

Exits with 1 when something is not as it should be. Takes about an hour in full.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import clients, crowds, neighbours, network, poison, scenarios
from .outcome import HEAD, Outcome
from .rig import ROOT, Rig, on_a_rig

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
"""Debian's libfaketime: the clock of a process, without a change to the process."""


def all_scenarios(rounds: int, seed: int) -> dict[str, Callable[[], Outcome]]:
    """Each scenario by its name, in the order of the table."""
    found: dict[str, Callable[[], Outcome]] = {
        f"kill-{name}": partial(on_a_rig, partial(scenarios.kill, parts=(name,), rounds=rounds, seed=seed + n))
        for n, name in enumerate(scenarios.PARTS)
    }
    mail = {"refusing": "refuses connections", "hanging": "hangs", "4xx": "451 try later", "5xx": "554 not today"}
    found |= {
        f"smtp-{key}": partial(on_a_rig, partial(scenarios.smtp, how=how, seconds=60)) for key, how in mail.items()
    }
    found |= {
        f"broker-{how}": partial(on_a_rig, partial(scenarios.broker, how=how)) for how in ("restarted", "emptied")
    }
    found["database-locked"] = partial(on_a_rig, partial(scenarios.locked, seconds=20))
    found["disk-full"] = disk_full
    found["clock-jumped"] = clock_jumped
    for name in ("worker-probe", "worker-general"):
        found[f"frozen-{name}"] = partial(on_a_rig, partial(scenarios.frozen, name=name, seconds=30))
    found["network-cut"] = partial(network.cut, 60)
    found["storm"] = partial(on_a_rig, partial(crowds.storm, count=100))
    found["two-storms"] = partial(on_a_rig, partial(crowds.storm, count=100, times=2))
    found["flapping"] = partial(on_a_rig, partial(crowds.flapping, seconds=600))
    found["idle-clients"] = partial(
        on_a_rig, partial(clients.idle, count=1100, posts=200, seconds=60), wrap=clients.SMALL
    )
    found["streams"] = partial(
        on_a_rig, partial(clients.streams, count=1100, people=60, seconds=60), wrap=clients.SMALL
    )
    found["pickles"] = partial(
        on_a_rig, clients.pickles, DEBUG="on"
    )  # serves its pages without collecting static files
    found["hanging"] = partial(on_a_rig, partial(crowds.hanging, count=50, seconds=60))
    found["poison"] = partial(on_a_rig, partial(poison.rows, seconds=60))
    found["silent-webhook"] = partial(on_a_rig, partial(poison.silent_webhook, count=12))
    found["hanging-neighbours"] = partial(on_a_rig, partial(neighbours.hanging, count=240, seconds=120))
    found["hanging-neighbours-16"] = partial(
        on_a_rig, partial(neighbours.hanging, count=40, seconds=120), PROBE_THREADS="16"
    )
    found["postgres-100"] = partial(neighbours.on_small_postgres, count=86, seconds=60)
    return found


def disk_full() -> Outcome:
    """On a disk of its own, which is small."""
    rig = Rig()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "plimsoll", str(rig.data)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        rig.close()
        return Outcome("The disk was full", "each fault alerted once", "skipped: needs the right to mount", None)
    try:
        with rig:
            return scenarios.disk_full(rig)
    finally:
        subprocess.run(["umount", "--lazy", str(rig.data)], check=True)
        shutil.rmtree(rig.data)  # the log was opened before the mount


def clock_jumped() -> Outcome:
    """With libfaketime around each process of the product."""
    if not Path(FAKETIME).exists():
        return Outcome("The clock jumped", "each fault alerted once", "skipped: needs Debian's libfaketime", None)
    with tempfile.TemporaryDirectory() as folder:
        offset = Path(folder) / "offset"
        offset.write_text("+0\n")
        around = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1"}
        around |= {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

        def turn(seconds: float) -> None:
            draft = Path(folder) / "draft"
            draft.write_text(f"{seconds:+.0f}\n")
            draft.replace(offset)

        return on_a_rig(partial(scenarios.clock, turn=turn, hours=2), **around)


def main() -> int:
    """Prints the table; returns the exit code."""
    options = _options()
    wanted = all_scenarios(options.rounds, options.seed)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(f"Measured at commit {commit.stdout.strip() or 'unknown'}, seed {options.seed}.\n\n{HEAD}", flush=True)  # noqa: T201
    bad = 0
    for name, scenario in wanted.items():
        if options.only in ("", name):
            outcome = _attempt(name, scenario)
            print(outcome.line(), flush=True)  # noqa: T201
            bad += outcome.ok is False
    return 1 if bad else 0


def _attempt(name: str, scenario: Callable[[], Outcome]) -> Outcome:
    try:
        return scenario()
    except Exception as error:  # one scenario that can't be run must not hide the others
        traceback.print_exc()
        return Outcome(name, "to be run", f"{type(error).__name__}: {str(error).splitlines()[0]}", False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", choices=list(all_scenarios(1, 1)), help="one scenario")
    parser.add_argument("--rounds", type=int, default=50, help="kills of each process")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats the random moments of a run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
