"""Prepares a database with ten teams and their endpoints at fake engines; prints the key of a session that sees all.

    python -m bench.fill PORT ENDPOINTS INTERVAL FAIL_FIRST

FAIL_FIRST of the endpoints, the last ones, count as down at the first failing check (`fail_after` 1). Endpoint n is of
team n % 10, whose mails go to team-N@example.org.
"""

import os
import sys
import time
from datetime import UTC, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TEAMS = 10


def fill(port: int, endpoints: int, interval: int, fail_first: int) -> str:
    """Adds them, and returns the session's key."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from fleet.models import Endpoint, EndpointState
    from teams.models import Team

    teams = [Team.objects.create(name=f"Team {n}", slug=f"team-{n}", mail_to=[f"team-{n}@example.org"])
             for n in range(TEAMS)]  # fmt: skip
    now = datetime.now(UTC)
    made = Endpoint.objects.bulk_create(
        Endpoint(
            team=teams[n % TEAMS],
            name=f"e{n:05}",
            url=f"http://127.0.0.1:{port}/e/{n}",
            interval=interval,
            timeout=min(5.0, interval - 1.0),
            fail_after=1 if n >= endpoints - fail_first else 3,
        )
        for n in range(endpoints)
    )
    EndpointState.objects.bulk_create(
        EndpointState(endpoint=each, due_at=int(time.time()), shown_at=now, regrouped_at=now) for each in made
    )
    client = Client(HTTP_HOST="localhost")
    client.force_login(get_user_model().objects.create_user("bench"))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


if __name__ == "__main__":
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    print(fill(*map(int, sys.argv[1:])))
