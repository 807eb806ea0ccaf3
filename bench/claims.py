"""How long a tick takes to claim what is due, by the number of endpoints.

    python -m bench.claims [endpoints, default 10000] [interval in seconds, default 15]

In a database of its own: SQLite in a temporary folder, or the empty one of DATABASE_URL. A tick a second, for so many
seconds that each endpoint is claimed ROUNDS times, after one round that is not measured.
"""

import os
import sys
import tempfile
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


ROUNDS = 4


def measure(endpoints: int, interval: int) -> dict[str, float]:
    """Milliseconds of a tick: "p50", "p95" and "max"; "claims" of one tick on average."""
    from fleet.models import Endpoint, EndpointState
    from fleet.probing import claims
    from fleet.verdict import schedule
    from teams.models import Team

    now = int(time.time())
    teams = [Team.objects.create(name=f"Team {n}", slug=f"team-{n}") for n in range(max(2, endpoints // 200))]
    for start in range(0, endpoints, 2000):
        made = Endpoint.objects.bulk_create(
            Endpoint(team=teams[n % len(teams)], name=f"gpu-{n}", url=f"http://gpu-{n}:8000", interval=interval)
            for n in range(start, min(start + 2000, endpoints))
        )
        EndpointState.objects.bulk_create(
            EndpointState(endpoint=each, due_at=schedule.next_due(now, interval, str(each.pk))) for each in made
        )
    taken, found = [], 0
    for tick in range(1, interval * (ROUNDS + 1) + 1):
        began = time.perf_counter()
        claimed = len(claims.claim(now + tick))
        if tick > interval:
            found += claimed
            taken.append((time.perf_counter() - began) * 1000)
    if found != endpoints * ROUNDS:
        raise SystemExit(f"{found} of {endpoints} endpoints were claimed")
    taken.sort()
    at = [taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.95)]
    return {"p50": at[0], "p95": at[1], "max": taken[-1], "claims": found / len(taken)}


if __name__ == "__main__":
    from django.core.management import call_command

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLIMSOLL_DATA"] = folder
        django.setup()
        call_command("migrate", verbosity=0)
        given = [int(number) for number in sys.argv[1:3]]
        endpoints, interval = [*given, *(10_000, 15)[len(given) :]]
        figures = measure(endpoints, interval)
        values = ", ".join(f"{name} {figures[name]:.1f}" for name in ("p50", "p95", "max"))
        print(f"{endpoints} endpoints every {interval} s: {values} ms a tick of {figures['claims']:.0f} claims")
