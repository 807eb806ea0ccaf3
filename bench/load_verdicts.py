"""What judging a fleet's load costs: so many endpoints with two weeks of busy hours each, in a database of its own.

    .venv/bin/python -m bench.load_verdicts --endpoints 1000

Prints CPU seconds of judging all of them: as new ones and an hour later; then with a new service target, by which all
load lines are learned, and an hour later, in which sixty are (each has an hour of the day for it). Every hour of
load has what two engines show: more than any endpoint has.
"""

import argparse
import gc
import os
import random
import tempfile
import time

HOURS = 14 * 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PLIMSOLL_DATA": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        import django

        django.setup()
        _run(options.endpoints)


def _run(number: int) -> None:
    from django.core.management import call_command

    from fleet.evidence import counts
    from fleet.load import settings
    from fleet.load.judging import judge_these
    from fleet.models import BucketEdges, Endpoint, EndpointState, LoadHour, LoadVerdict, TeamLoad
    from ops.worker import COLLECT_AFTER
    from teams.models import Team

    call_command("migrate", verbosity=0)
    team = Team.objects.create(name="Bench", slug="bench")
    endpoints = Endpoint.objects.bulk_create(
        Endpoint(team=team, name=f"e{n}", url=f"http://e{n}", interval=15) for n in range(number)
    )
    EndpointState.objects.bulk_create(
        EndpointState(endpoint=each, engine="ollama" if each.pk % 2 else "vllm") for each in endpoints
    )
    edges = [str(2**n / 1000) for n in range(20)] + ["+Inf"]
    stored = BucketEdges.objects.create(digest="d", edges=dict.fromkeys(counts.HISTOGRAMS, edges))
    now = int(time.time()) // 86_400 * 86_400
    packed = [counts.pack(_hour(random.Random(n))) for n in range(50)]
    for each in endpoints:
        LoadHour.objects.bulk_create(
            LoadHour(endpoint=each, start=now - 3600 * n, model="m", counts=random.choice(packed), edges=stored)
            for n in range(1, HOURS)
        )
    print(f"{number} endpoints, {HOURS} hours each, {sum(map(len, packed)) / len(packed):.0f} bytes an hour (packed)")
    gc.set_threshold(COLLECT_AFTER)  # as in the product's workers
    gc.collect()
    gc.freeze()
    for times, hours in (("as new ones", 0), ("an hour later", 1), ("by a new target", 1), ("an hour later", 2)):
        if times == "by a new target":
            settings.save_team(TeamLoad(team=team, first_token=100, whole=1000))
        began = time.process_time()

        judge_these(Endpoint.objects.select_related("team", "state"), now + 3600 * hours)

        print(f"judged {times}: {LoadVerdict.objects.count()}, CPU {time.process_time() - began:.2f} s")


def _hour(chance: random.Random) -> dict[str, int]:
    from fleet.evidence import counts

    found = {"probes": 240, "gauges": 240, "quarters": 4, "scrapes": 12, "seconds": 3600, "canaries": 12, "used": 100}
    found |= {"requests": 4000, "generation_tokens": 3_000_000, "prompt_tokens": 9_000_000, "at_work": 200}
    for _ in range(240):
        counts.add_value(found, "running", chance.randint(0, 12))
        counts.add_value(found, "queued", max(0, chance.randint(-20, 3)))
        counts.add_value(found, "kv", 100 * chance.random())
    for _ in range(12):
        counts.add_value(found, "wait", chance.choice([1, 1, 1, 1, 400]))
    return found | {f"{name}.{n}": chance.randint(1, 500) for name in counts.HISTOGRAMS for n in range(4, 14)}


if __name__ == "__main__":
    main()
