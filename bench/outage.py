"""How long an outage takes from the first probe that fails to the mail: real engines, a real mail server.

    .venv/bin/python -m bench.outage --endpoints 200 --teams 10 --interval 15 --fail-after 3 --rounds 3

Starts `manage.py up` with a data folder of its own, engines on an address each, and a mail server. In each round one
engine of every team is switched off at a moment of its own, and on again once the mail is there. Printed are the
stretches of the way, median and slowest. With `--storm` all engines that had no outage are switched off at once in the
end, and the mails counted. Linux only, since it reads /proc and needs 127.20.0.0/16.
"""

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from tests.chaos.engines import Engine, Engines
from tests.chaos.mail import Mail, MailServer

from .probing import ROOT, free_port, wait_ready

REGISTER = """
import django
django.setup()
from django.core.management import call_command
from fleet import endpoints
from teams.models import Team
call_command("migrate", verbosity=0)
for name, urls in {teams!r}.items():
    team = Team.objects.create(name=name, slug=name, mail_to=[name + "@example.org"])
    for number, url in enumerate(urls):
        endpoints.add(team, name=f"{{name}}-{{number}}", url=url, interval={interval}, timeout={timeout},
                      fail_after={fail_after})
"""
LEGS = """SELECT (julianday(i.began_at) - 2440587.5) * 86400, (julianday(i.opened_at) - 2440587.5) * 86400,
                 (julianday(m.created_at) - 2440587.5) * 86400
          FROM fleet_incident i JOIN fleet_endpoint e ON e.id = i.endpoint_id
          JOIN fleet_alert a ON a.incident_id = i.id JOIN fleet_message m ON m.id = a.message_id
          WHERE e.name = ? AND a.kind = 'down' ORDER BY i.id DESC LIMIT 1"""


def main() -> None:
    options = _options()
    engines, mail = Engines(), MailServer()
    teams = {f"team{number}": [engines.make() for _ in range(options.endpoints // options.teams)]
             for number in range(options.teams)}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PLIMSOLL_DATA": folder, "PORT": str(free_port()), "HOST": "127.0.0.1",
                       "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}", "MAILS_PER_HOUR": "100000",
                       "ENDPOINTS_PER_TEAM": "100000", "DJANGO_SETTINGS_MODULE": "config.settings"}  # fmt: skip
        urls = {name: [engine.url for engine in made] for name, made in teams.items()}
        script = REGISTER.format(teams=urls, interval=options.interval, timeout=min(5.0, options.interval - 1.0),
                                 fail_after=options.fail_after)  # fmt: skip
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, stderr=subprocess.DEVNULL)
        product = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=environment,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        try:
            wait_ready(environment["PORT"])
            time.sleep(options.interval + 5)
            with sqlite3.connect(Path(folder) / "plimsoll.sqlite3") as database:
                ways = [way for number in range(options.rounds) for way in _round(teams, number, mail, database)]
            _report(options, ways)
            if options.storm:
                _storm({name: made[options.rounds :] for name, made in teams.items()}, mail)
        finally:
            product.send_signal(signal.SIGTERM)
            product.wait(20)
            engines.close()
            mail.close()


def _round(
    teams: dict[str, list[Engine]], number: int, mail: MailServer, database: sqlite3.Connection
) -> list[tuple[float, float, float, float]]:
    """Unix seconds of each team's outage: first failing probe, incident, message, mail."""
    since = time.time()
    for made in teams.values():
        made[number].down()
        time.sleep(random.uniform(0.2, 1.2))  # so that they spread over the second
    wanted = {f"{name}@example.org" for name in teams}
    downs = _wait(mail, since, "DOWN", wanted)
    ways = []
    for name in teams:
        [legs] = database.execute(LEGS, (f"{name}-{number}",)).fetchall()
        ways.append((*legs, downs[f"{name}@example.org"].at))
    since = time.time()
    for made in teams.values():
        made[number].start()
    _wait(mail, since, "UP", wanted)
    return ways


def _wait(mail: MailServer, since: float, kind: str, wanted: set[str]) -> dict[str, Mail]:
    """The first mail of this kind to each of these addresses."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found: dict[str, Mail] = {}
        for each in list(mail.mails):
            if each.at >= since and each.kind == kind:
                found.setdefault(each.recipient, each)
        if wanted <= set(found):
            return found
        time.sleep(0.1)
    raise SystemExit(f"no {kind} mail came to {sorted(wanted - set(found))}")


def _report(options: argparse.Namespace, ways: list[tuple[float, float, float, float]]) -> None:
    print(f"{len(ways)} lone outages, down after {options.fail_after}, "
          f"{options.endpoints} endpoints of {options.teams} teams every {options.interval} s")  # fmt: skip
    for words, a, b in (("first failing probe to incident", 0, 1), ("incident to message", 1, 2),
                        ("message to mail", 2, 3), ("first failing probe to mail", 0, 3)):  # fmt: skip
        took = [way[b] - way[a] for way in ways]
        print(f"{words}: median {median(took):.2f} s, slowest {max(took):.2f} s")


def _storm(teams: dict[str, list[Engine]], mail: MailServer) -> None:
    wanted = {f"{name}@example.org" for name in teams}
    for kind, switch in (("DOWN", Engine.down), ("UP", Engine.start)):
        since = time.time()
        for made in teams.values():
            for engine in made:
                switch(engine)
        _wait(mail, since, kind, wanted)
        time.sleep(20)
        came = [each for each in mail.mails if each.at >= since]
        print(f"storm, {kind}: {dict(Counter(Counter(each.recipient for each in came).values()))} "
              f"(mails a team: teams), the last after {max(each.at for each in came) - since:.1f} s")  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--teams", type=int, default=10)
    parser.add_argument("--interval", type=int, default=15, help="seconds")
    parser.add_argument("--fail-after", type=int, default=3, help="failures in a row")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--storm", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
