"""The product's own functions for the rig, in a process of their own: one JSON request per line, one answer each.

Run as `python -m tests.chaos.console` with the environment of the product.
"""

import ctypes
import json
import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

import django

LOADED = (
    "config.urls", "celery.apps.beat", "celery.apps.worker", "celery.bin.celery", "celery.concurrency.thread",
    "celery.fixups.django", "celery.worker.components", "celery.worker.consumer", "kombu.transport.redis", "uvicorn",
)  # fmt: skip
"""What the parts import when they start."""

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answers until its input ends."""
    django.setup()
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        answer = _DO[request.pop("do")](**request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def migrate() -> dict[str, Any]:
    """Prepares the database and names the commands of the parts in the order in which they start."""
    from django.conf import settings
    from django.core.management import call_command

    from ops import health_pages, up

    call_command("migrate", interactive=False, verbosity=0)
    commands = {"valkey": up.valkey(), "web": up.web(), **up.workers()}
    health_pass = f"{health_pages.HEADER}: {health_pages.own_pass()}"
    return {
        "commands": commands, "broker": settings.REDIS_URL, "prefix": settings.REDIS_PREFIX, "health_pass": health_pass,
    }  # fmt: skip


def launch(command: list[str], log: str) -> int:
    """Starts a part of the product; returns its process id, which is its group's, too.

    It is a fork of this process, which has loaded the program: each of a hundred starts would load it again.
    """
    from django.db import connections

    from config.celery import app

    app.loader.import_default_modules()
    for name in LOADED:
        import_module(name)
    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # its threads would not be in the fork
    part = multiprocessing.get_context("fork").Process(target=_become, args=(command, log))
    part.start()
    assert part.pid is not None
    with suppress(OSError):  # whichever of us comes first
        os.setpgid(part.pid, part.pid)
    return part.pid


def _become(command: list[str], log: str) -> None:
    """Makes the fork that part."""
    with suppress(OSError):
        os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)  # a disk mounted since has none
    os.dup2(written, 1)
    os.dup2(written, 2)
    if command[1:3] == ["-m", "celery"]:
        import_module("celery.bin.celery").celery.main(command[3:], "celery")
    elif command[1:] == ["-m", "ops.web_server"]:
        import_module("ops.web_server").main()
    else:
        os.execv(command[0], command)


def add(team: str, mail_to: list[str], endpoints: dict[str, str], options: dict[str, Any]) -> list[int]:
    """Watches these URLs by their names from now on; returns the endpoints' numbers."""
    from fleet import endpoints as acting
    from teams.models import Team

    owner, _ = Team.objects.get_or_create(slug=team, defaults={"name": team.capitalize(), "mail_to": mail_to})
    return [acting.add(owner, name=name, url=url, **options).pk for name, url in endpoints.items()]


def pause(numbers: list[int]) -> int:
    """Pauses these endpoints: they are not probed any more."""
    from fleet import endpoints as acting
    from fleet.models import Endpoint

    for endpoint in Endpoint.objects.filter(pk__in=numbers):
        acting.pause(endpoint)
    return len(numbers)


def plant(port: int) -> list[str]:
    """Rows that raise; see planting.py."""
    from . import planting

    return planting.plant(port)


def notes(**request: Any) -> int:
    """Messages of a team to its channels; see planting.py."""
    from . import planting

    return planting.notes(**request)


def start(task: str) -> None:
    """Has a worker do this task of the schedule now."""
    from config.celery import app

    app.send_task(task)


def session(name: str) -> dict[str, str]:
    """Signs a new person of this name in; returns their cookie."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_user(name), settings.AUTHENTICATION_BACKENDS[0])
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}


def known(numbers: list[int]) -> bool:
    """Whether each of these endpoints was seen up (or busy, or asleep)."""
    from fleet.models import EndpointState

    good = EndpointState.objects.filter(pk__in=numbers, status__in=("up", "busy", "asleep"))
    return good.count() == len(numbers)


def late(numbers: list[int], since: float) -> list[float]:
    """How late each probe of these endpoints began since then (unix seconds), in milliseconds."""
    from datetime import UTC, datetime

    from fleet.models import Observation

    found = Observation.objects.filter(endpoint__in=numbers, at__gte=datetime.fromtimestamp(since, UTC))
    return list(found.values_list("late_ms", flat=True))


def sign_in() -> str:
    """The cookie of an administrator's session."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    call_command("collectstatic", interactive=False, verbosity=0)  # pages name these files

    user, _ = User.objects.get_or_create(username="admin", defaults={"is_superuser": True, "is_active": True})
    browser = Client()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


_DO = {
    "migrate": migrate, "launch": launch, "add": add, "pause": pause, "plant": plant, "notes": notes, "start": start,
    "session": session, "known": known, "late": late, "sign_in": sign_in,
}  # fmt: skip


if __name__ == "__main__":
    main()
